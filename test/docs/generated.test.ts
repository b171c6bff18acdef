// The generated pages say what the code says.
import { readFile } from "node:fs/promises";
import { describe, it } from "vitest";
import { pages } from "../../docs/generate/pages.ts";
import { findingTable } from "../../src/domain/findings.ts";

describe("the documentation", () => {
  it.for(Object.keys(pages))("docs/%s is as npm run docs writes it", async (file, { expect }) => {
    const written = await readFile(new URL(`../../docs/${file}`, import.meta.url), "utf8");
    expect(written, "run npm run docs and commit the page").toBe(pages[file]?.());
  });

  it("lists at least 40 findings, each with an example", async ({ expect }) => {
    const text = await readFile(new URL("../../docs/errors.md", import.meta.url), "utf8");
    const listed = [...text.matchAll(/^## ([A-Z_]+)$/gm)].map(([, code]) => code);
    expect(listed).toEqual(Object.keys(findingTable));
    expect(listed.length).toBeGreaterThanOrEqual(40);
    expect(text.match(/^```yaml$/gm)).toHaveLength(listed.length);
  });
});
