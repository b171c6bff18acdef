// The README's table of fields, between two comments that also keep the formatter away.
import { fieldTable } from "./reference.ts";

const begin = "<!-- prettier-ignore-start -->";
const end = "<!-- prettier-ignore-end -->";

/** The README with the table as the code has it. @throws when the two comments are not there. */
export function withFieldTable(readme: string): string {
  const [before, rest] = readme.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined)
    throw new Error("README.md has no place for the table of fields");
  return `${before}${begin}\n\n${fieldTable()}\n\n${end}${after}`;
}
