// The catalogue file. A wrong file stops the start with what is wrong and where.
import type { Catalogue } from "../domain/catalogue.ts";
import { readCatalogue } from "../domain/network/catalogue-document.ts";
import { SettingsError } from "./settings.ts";

/** More would not help to correct the file. */
const maxProblems = 10;

/** @throws SettingsError that names file, line, field, reason and, where there is one, the fix; a line for each problem. */
export function parseCatalogue(text: string, file: string): Catalogue {
  const { catalogue, findings, lineOf } = readCatalogue(text);
  if (catalogue !== undefined) return catalogue;
  const problems = findings.slice(0, maxProblems).map(({ field, message, fix }) => {
    const at = lineOf === undefined ? file : `${file}:${lineOf(field)}`;
    return `${at}: ${field === "" ? "" : `${field}: `}${message}${fix ? `; ${fix.description}` : ""}`;
  });
  throw new SettingsError(problems.join("\n"));
}
