// Which physical networks there are: the operator's file, or the built-in ones.
import { readFile } from "node:fs/promises";
import { parseCatalogue } from "../config/catalogue-file.ts";
import { builtInCatalogue, type Catalogue } from "../domain/catalogue.ts";

/** @throws SettingsError that names file and line, or the system's error for a file that cannot be read. */
export async function loadCatalogue(file: string | undefined): Promise<Catalogue> {
  return file === undefined ? builtInCatalogue() : parseCatalogue(await readFile(file, "utf8"), file);
}
