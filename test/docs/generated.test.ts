// The generated pages are up to date with the code.
import { readFile } from "node:fs/promises";
import { describe, it } from "vitest";
import { fieldTexts } from "../../docs/generate/field-texts.ts";
import { pages } from "../../docs/generate/pages.ts";
import { withFieldTable } from "../../docs/generate/readme.ts";
import { referenceFields } from "../../docs/generate/reference.ts";
import { wukongCrd, wukongCrdFile } from "../../docs/generate/wukong-crd.ts";
import { findingTable } from "../../src/domain/findings.ts";

describe("the documentation", () => {
  it.for(Object.keys(pages))("docs/%s is up to date with npm run docs", async (file, { expect }) => {
    const written = await readFile(new URL(`../../docs/${file}`, import.meta.url), "utf8");
    expect(written, "run npm run docs and commit the page").toBe(pages[file]?.());
  });

  it("has an up-to-date CRD of Wukong in deploy/", async ({ expect }) => {
    const written = await readFile(new URL(`../../${wukongCrdFile}`, import.meta.url), "utf8");
    expect(written, "run npm run docs and commit the CRD").toBe(wukongCrd());
  });

  it("has an up-to-date table of fields in the README", async ({ expect }) => {
    const readme = await readFile(new URL("../../README.md", import.meta.url), "utf8");
    expect(readme, "run npm run docs and commit the README").toBe(withFieldTable(readme));
  });

  it("has a text for every field, and no others", ({ expect }) => {
    expect(Object.keys(fieldTexts).toSorted()).toEqual(referenceFields.map(({ path }) => path).toSorted());
  });

  it("marks the list of networks and the fields that the field table requires as required", ({ expect }) => {
    const withoutDefault = Object.keys(fieldTexts).filter((path) => fieldTexts[path]?.default === "");
    const required = referenceFields.filter((field) => field.required).map(({ path }) => path);
    expect(withoutDefault).toEqual(expect.arrayContaining(required));
    expect(withoutDefault.filter((path) => !required.includes(path))).toEqual(["networks"]);
  });

  it("lists every finding with an example", async ({ expect }) => {
    const text = await readFile(new URL("../../docs/errors.md", import.meta.url), "utf8");
    const listed = [...text.matchAll(/^## ([A-Z_]+)$/gm)].map(([, code]) => code);
    expect(listed).toEqual(Object.keys(findingTable));
    expect(text.match(/^```yaml$/gm)).toHaveLength(listed.length);
  });
});
