// Programs of other projects: where they are, how they are run, and what happens to a test if one is missing.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { text } from "node:stream/consumers";
import { existsSync } from "node:fs";
import { describe, it } from "vitest";

/** buf itself: the launcher that npm links would outlive a kill as two processes. */
export const buf = createRequire(import.meta.url).resolve(
  `@bufbuild/buf-${process.platform}-${process.platform === "linux" && process.arch === "arm64" ? "aarch64" : process.arch}/bin/buf`,
);

/** The path of a program of PATH. */
export function programOfPath(name: string): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** kubectl of PATH, and that of the test control plane where it was built; by version. */
export function kubectls(): ReadonlyMap<string, string> {
  const cache = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  const built = process.env["KUBEBUILDER_ASSETS"] ?? join(cache, "multinic-real", "bin");
  const paths = [programOfPath("kubectl"), join(built, "kubectl")].filter(
    (path) => path !== undefined && existsSync(path),
  ) as string[];
  return new Map(
    paths.map((path) => {
      const version = execFileSync(path, ["version", "--client", "-o", "json"], { encoding: "utf8" });
      const { clientVersion } = JSON.parse(version) as { clientVersion: { gitVersion: string } };
      return [`kubectl ${clientVersion.gitVersion}`, path];
    }),
  );
}

/** A group of tests that needs a program. Without it they are skipped, and in CI they fail. */
export function describeWith(program: string, isThere: boolean, tests: () => void): void {
  if (isThere) describe(program, tests);
  else if (process.env["CI"] === "true") {
    it(`${program} is installed`, () => {
      throw new Error(`${program} is not in PATH`);
    });
  } else it.skip(`${program} (skipped: it is not in PATH)`, () => undefined);
}

export interface RunResult {
  /** undefined when a signal ended it. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. */
export async function run(program: string, args: readonly string[], input = ""): Promise<RunResult> {
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close") as Promise<[number | null]>,
  ]);
  return { code: code ?? undefined, stdout, stderr };
}

/** Runs a program for its output; leaving the loop ends it. @throws if it exits with an error. */
export async function* output(
  program: string,
  args: readonly string[],
  input: string | Uint8Array = "",
): AsyncGenerator<Buffer> {
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  const stderr = text(child.stderr);
  const closed = once(child, "close") as Promise<[number | null]>;
  try {
    for await (const chunk of child.stdout) yield chunk as Buffer;
    const [code] = await closed;
    if (code !== 0) throw new Error(`${program} ended with ${code}: ${await stderr}`);
  } finally {
    child.kill("SIGKILL");
    await closed;
  }
}
