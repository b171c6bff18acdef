// The catalogue of physical networks: the operator's file, or the built-in one.
import { readFile } from "node:fs/promises";
import { parseCatalogue } from "../config/catalogue-file.ts";
import { SettingsError } from "../config/settings.ts";
import { builtInCatalogue, type Catalogue } from "../domain/catalogue.ts";
import { fileWords } from "./start-errors.ts";

/** `name`: the setting that names the file. @throws SettingsError with file and line, or with the setting. */
export async function loadCatalogue(file: string | undefined, name = "--config"): Promise<Catalogue> {
  return file === undefined ? builtInCatalogue() : parseCatalogue(await read(file, name), file);
}

async function read(file: string, name: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    const { code = "", message } = cause as NodeJS.ErrnoException;
    throw new SettingsError(`${name}: ${file} cannot be read: ${fileWords[code] ?? message}`, { cause });
  }
}
