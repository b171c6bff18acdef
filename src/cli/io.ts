// What the command line needs from its environment, injected so that tests can replace it.
import type { Transport } from "@connectrpc/connect";
import { SettingsError, type Settings } from "../config/settings.ts";

/** Where text goes. */
export interface Output {
  readonly write: (text: string) => unknown;
  /** For streams that can break, such as a closed pipe. */
  readonly on?: (event: "error", listener: (reason: Error) => void) => unknown;
}

/** The terminal, or a replacement. */
export interface CliIo {
  readonly stdin: AsyncIterable<Uint8Array | string>;
  /** Results. */
  readonly stdout: Output;
  /** Everything else: progress, errors, findings that come with a result. */
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** True when stdout is a terminal. */
  readonly isTerminal: boolean;
  /** Width of the terminal in characters. */
  readonly columns?: number | undefined;
  /** Stops the command. */
  readonly signal?: AbortSignal;
}

/** What the commands call. */
export interface CliDeps {
  /** Runs the service until it is stopped; returns the exit code. @throws SettingsError. */
  readonly serve: (settings: Settings) => Promise<number>;
  /** The API in this process, without a cluster, with the physical networks of the file `config`. @throws SettingsError. */
  readonly offline: (options: { readonly config?: string }) => Promise<Transport>;
  /** The API at `url`. Default: gRPC over h2c (http) or TLS (https). */
  readonly connect?: (url: string) => Transport;
  readonly version: string;
}

/** Exit codes, the same for every command. */
export const exitCode = {
  ok: 0,
  /** Findings of severity error, or the service refused. */
  refused: 1,
  /** Usage error: unknown flags, missing files, invalid values. */
  usage: 2,
  /** The service does not answer. */
  unreachable: 3,
  /** Interrupted by a signal; the number that shells use for Ctrl-C. */
  stopped: 130,
} as const;

/** Ends a command with a message, what to do next, and an exit code. */
export class CliError extends Error {
  readonly exitCode: number;
  /** What to do next. */
  readonly next: string | undefined;

  constructor(message: string, code: number, next?: string) {
    super(message);
    this.name = "CliError";
    this.exitCode = code;
    this.next = next;
  }
}

/** Runs `work`; its SettingsError becomes a usage error that says what to do `next`. */
export async function settingsErrorAsUsage<T>(work: () => Promise<T>, next: string): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof SettingsError ? new CliError(error.message, exitCode.usage, next) : error;
  }
}
