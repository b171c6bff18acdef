// npm run docs: writes the generated pages into docs/, and the table of fields into the README.
import { readFile, writeFile } from "node:fs/promises";
import { pages } from "./pages.ts";
import { withFieldTable } from "./readme.ts";

for (const [file, page] of Object.entries(pages)) {
  await writeFile(new URL(`../${file}`, import.meta.url), page());
}
const readme = new URL("../../README.md", import.meta.url);
await writeFile(readme, withFieldTable(await readFile(readme, "utf8")));
