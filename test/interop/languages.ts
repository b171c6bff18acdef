// What languages/build has fetched and built: where it is, and what happens to a test without it.
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { it, type TestContext, type TestOptions } from "vitest";

export const pins = join(import.meta.dirname, "languages");
export const protoRoot = join(import.meta.dirname, "../../proto");
/** Has what the protos import. */
const importRoot = join(import.meta.dirname, "../../third_party/proto");
/** Has a folder for each language. */
export const languages = join(
  process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"),
  "multinic-languages",
);
export const python = join(languages, "python/bin/python");

/** True if languages/build has built this language at the pinned versions. */
export function isBuilt(language: string, pinFiles: readonly string[]): boolean {
  return pinFiles.every((pin) => {
    const built = join(languages, language, pin);
    return existsSync(built) && readFileSync(built, "utf8") === readFileSync(join(pins, pin), "utf8");
  });
}

/** A test that needs what languages/build builds: skipped without it, except in CI, where it fails. */
export function itWithLanguage(
  language: string,
  pinFiles: readonly string[],
  title: string,
  options: TestOptions,
  test: (context: TestContext) => Promise<void>,
): void {
  const isThere = isBuilt(language, pinFiles);
  if (isThere || process.env["CI"] === "true") {
    it(title, options, async (context) => {
      context.expect(isThere, "run test/interop/languages/build").toBe(true);
      await test(context);
    });
  } else it.skip(`${title} (skipped: test/interop/languages/build has not been run)`, () => undefined);
}

/** Generates the modules of the API, which `PYTHONPATH` then has to name. */
export async function generatePython(folder: string): Promise<void> {
  const protos = (await readdir(protoRoot, { recursive: true })).filter((file) => file.endsWith(".proto"));
  // A client gets this one with protovalidate, in every other language too.
  protos.push("buf/validate/validate.proto");
  const outputs = ["python", "pyi", "grpc_python"].map((kind) => `--${kind}_out=${folder}`);
  const roots = [`-I${protoRoot}`, `-I${importRoot}`];
  await promisify(execFile)(python, ["-m", "grpc_tools.protoc", ...roots, ...outputs, ...protos]);
}
