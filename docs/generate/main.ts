// npm run docs: writes the generated pages into docs/, the CRD into deploy/, and the table of fields into the README.
import { readFile, writeFile } from "node:fs/promises";
import { pages } from "./pages.ts";
import { withFieldTable } from "./readme.ts";
import { wukongCrd, wukongCrdFile } from "./wukong-crd.ts";

for (const [file, page] of Object.entries(pages)) {
  await writeFile(new URL(`../${file}`, import.meta.url), page());
}
await writeFile(new URL(`../../${wukongCrdFile}`, import.meta.url), wukongCrd());
const readme = new URL("../../README.md", import.meta.url);
await writeFile(readme, withFieldTable(await readFile(readme, "utf8")));
