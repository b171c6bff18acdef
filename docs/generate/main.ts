// npm run docs: writes the generated pages beside this folder.
import { writeFile } from "node:fs/promises";
import { pages } from "./pages.ts";

for (const [file, page] of Object.entries(pages)) {
  await writeFile(new URL(`../${file}`, import.meta.url), page());
}
