// Runs one command against handlers in this process and keeps what it printed.
import { createRouterTransport, type ConnectRouter, type Transport } from "@connectrpc/connect";
import { runCli } from "../../src/cli/cli.ts";
import type { CliDeps } from "../../src/cli/io.ts";

export interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** URLs that were connected to. */
  readonly connected: readonly string[];
}

export interface RunOptions {
  /** The API at every URL. */
  readonly routes?: (router: ConnectRouter) => void;
  readonly connect?: (url: string) => Transport;
  readonly stdin?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly isTerminal?: boolean;
  readonly columns?: number;
  readonly signal?: AbortSignal;
  readonly serve?: CliDeps["serve"];
  readonly offline?: CliDeps["offline"];
  /** Told each piece of stdout as it is written. */
  readonly onStdout?: (text: string) => void;
}

export async function run(args: string, options: RunOptions = {}): Promise<Run> {
  const printed = { stdout: "", stderr: "" };
  const connected: string[] = [];
  const router = (): Transport => createRouterTransport(options.routes ?? (() => undefined));
  const code = await runCli(
    args.split(" ").filter(Boolean),
    {
      stdin: (async function* () {
        yield options.stdin ?? "";
      })(),
      stdout: {
        write: (text) => {
          printed.stdout += text;
          options.onStdout?.(text);
        },
      },
      stderr: { write: (text) => (printed.stderr += text) },
      env: options.env ?? {},
      isTerminal: options.isTerminal ?? false,
      columns: options.columns,
      ...(options.signal ? { signal: options.signal } : {}),
    },
    {
      serve: options.serve ?? (async () => 0),
      offline: options.offline ?? (async () => router()),
      connect: (url) => {
        connected.push(url);
        return options.connect?.(url) ?? router();
      },
      version: "1.2.3",
    },
  );
  return { code, ...printed, connected };
}
