// The program as users start it: `node src/main.ts …` as a separate process, its output, and how it ends.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const patienceMs = 20_000;

export interface Ended {
  /** undefined when a signal ended it. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface MainProcess {
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** The first match in its output, past or future. @throws if it ends or takes too long. */
  until(pattern: RegExp): Promise<RegExpExecArray>;
  signal(name: NodeJS.Signals): void;
  readonly ended: Promise<Ended>;
}

export interface StartOptions {
  readonly stdin?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts it; `stop` kills it. The environment has only the given settings. */
export function startMain(
  args: readonly string[],
  { stdin, env = {} }: StartOptions = {},
): MainProcess & { stop(): Promise<void> } {
  const child = spawn(process.execPath, [main, ...args], {
    env: { PATH: process.env["PATH"], HOME: "/nonexistent", ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const printed = { stdout: "", stderr: "" };
  const looks = new Set<() => void>();
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      printed[name] += text;
      for (const look of looks) look();
    });
  }
  // It may leave before it has read all of its input.
  child.stdin.on("error", () => undefined);
  child.stdin.end(stdin ?? "");
  const ended = once(child, "close").then(([code]) => ({
    code: (code as number | null) ?? undefined,
    ...printed,
  }));
  return {
    stdout: () => printed.stdout,
    stderr: () => printed.stderr,
    signal: (name) => void child.kill(name),
    ended,
    async until(pattern) {
      const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
      const fail = (why: string): void =>
        reject(new Error(`${why} without ${pattern}:\n${printed.stdout}\n${printed.stderr}`));
      const look = (): void => {
        const match = pattern.exec(printed.stdout);
        if (match !== null) resolve(match);
      };
      const timer = setTimeout(() => fail(`${patienceMs} ms passed`), patienceMs);
      void ended.then(() => fail("it ended"));
      looks.add(look);
      look();
      try {
        return await promise;
      } finally {
        clearTimeout(timer);
        looks.delete(look);
      }
    },
    async stop() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** Runs it until it ends, at the latest with the test. */
export async function runMain(args: readonly string[], options?: StartOptions): Promise<Ended> {
  const started = startMain(args, options);
  onTestFinished(() => started.stop());
  return await started.ended;
}

export interface ServeProcess extends MainProcess {
  /** Base URL of the service. */
  readonly url: string;
  /** URL of the embedded cluster; empty without one. */
  readonly clusterUrl: string;
  stop(): Promise<void>;
}

/** `serve` on a port that the system chooses; resolves when it says where to look. Embedded cluster by default. */
export async function startServe(
  args: readonly string[] = ["--local"],
  env: Readonly<Record<string, string>> = {},
): Promise<ServeProcess> {
  const local = args.includes("--local") ? ["--local-api-listen", "127.0.0.1:0"] : [];
  const started = startMain(["serve", "--listen", "127.0.0.1:0", ...local, ...args], { env });
  try {
    const [, url = ""] = await started.until(/API +(http:\S+).*\n(?:.*\n)*? +metrics +curl .*\n/);
    const [, clusterUrl = ""] = local.length > 0 ? await started.until(/kubectl --server (\S+) /) : [];
    return { ...started, url, clusterUrl };
  } catch (error) {
    await started.stop();
    throw error;
  }
}

/** A folder that is removed after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "multinic-test-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
