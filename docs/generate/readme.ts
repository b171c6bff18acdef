// Writes the README's table of fields between two comments, which also stop the formatter from changing it.
import { fieldTable } from "./reference.ts";

const begin = "<!-- prettier-ignore-start -->";
const end = "<!-- prettier-ignore-end -->";

/** The README with an up-to-date table. @throws if the two comments are missing. */
export function withFieldTable(readme: string): string {
  const [before, rest] = readme.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined)
    throw new Error("README.md lacks the comments around the table of fields");
  return `${before}${begin}\n\n${fieldTable()}\n\n${end}${after}`;
}
