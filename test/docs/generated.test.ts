// The generated pages say what the code says.
import { readFile } from "node:fs/promises";
import { describe, it } from "vitest";
import { fieldWords } from "../../docs/generate/field-words.ts";
import { pages } from "../../docs/generate/pages.ts";
import { withFieldTable } from "../../docs/generate/readme.ts";
import { referenceFields } from "../../docs/generate/reference.ts";
import { findingTable } from "../../src/domain/findings.ts";

describe("the documentation", () => {
  it.for(Object.keys(pages))("docs/%s is as npm run docs writes it", async (file, { expect }) => {
    const written = await readFile(new URL(`../../docs/${file}`, import.meta.url), "utf8");
    expect(written, "run npm run docs and commit the page").toBe(pages[file]?.());
  });

  it("has the table of fields in the README too", async ({ expect }) => {
    const readme = await readFile(new URL("../../README.md", import.meta.url), "utf8");
    expect(readme, "run npm run docs and commit the README").toBe(withFieldTable(readme));
  });

  it("has words for every field, and for no other", ({ expect }) => {
    expect(Object.keys(fieldWords).toSorted()).toEqual(referenceFields.map(({ path }) => path).toSorted());
  });

  it("calls the same fields required as the field table, and the list of networks besides", ({ expect }) => {
    const withoutDefault = Object.keys(fieldWords).filter((path) => fieldWords[path]?.default === "");
    const required = referenceFields.filter((field) => field.required).map(({ path }) => path);
    expect(withoutDefault).toEqual(expect.arrayContaining(required));
    expect(withoutDefault.filter((path) => !required.includes(path))).toEqual(["networks"]);
  });

  it("lists at least 40 findings, each with an example", async ({ expect }) => {
    const text = await readFile(new URL("../../docs/errors.md", import.meta.url), "utf8");
    const listed = [...text.matchAll(/^## ([A-Z_]+)$/gm)].map(([, code]) => code);
    expect(listed).toEqual(Object.keys(findingTable));
    expect(listed.length).toBeGreaterThanOrEqual(40);
    expect(text.match(/^```yaml$/gm)).toHaveLength(listed.length);
  });
});
