// What one run of a command works with: output, style and the service.
import { create } from "@bufbuild/protobuf";
import { ConnectError, type Transport } from "@connectrpc/connect";
import type { Finding } from "../../gen/multinic/v1/network_pb.ts";
import { ValidateNetworksResponseSchema } from "../../gen/multinic/v1/network_service_pb.ts";
import { findingToProto } from "../wire/findings.ts";
import { hasErrors } from "../domain/findings.ts";
import type { VmSpec } from "../domain/spec.ts";
import { failureOf } from "./failures.ts";
import { CliError, type CliDeps, type CliIo } from "./io.ts";
import { countLine, findingLines } from "./output/findings-text.ts";
import { structured, type OutputFormat } from "./output/structured.ts";
import type { TableOptions } from "./output/table.ts";
import { readInput } from "./read-input.ts";
import { transportTo } from "./server.ts";
import { styleFor, type Style } from "./style.ts";

/** Created once per run by `createSession`. */
export interface Session {
  readonly io: CliIo;
  readonly deps: CliDeps;
  readonly style: Style;
  readonly tables: TableOptions;
  /** The service at that URL. */
  readonly connect: (url: string) => Transport;
  /** Prints lines to stdout: the result. */
  readonly print: (lines: readonly string[]) => void;
  /** Prints lines to stderr: everything else. */
  readonly note: (lines: readonly string[]) => void;
}

/** Turns an action into a commander handler; its result, or its failure, becomes the exit code of the run. */
export type Run = <Args extends unknown[]>(
  action: (session: Session, ...args: Args) => Promise<number>,
) => (...args: Args) => Promise<void>;

export function createSession(io: CliIo, deps: CliDeps): Session {
  const style = styleFor(io);
  const write = (to: CliIo["stdout"]) => (lines: readonly string[]) => {
    if (lines.length > 0) to.write(`${lines.join("\n")}\n`);
  };
  return {
    io,
    deps,
    style,
    tables: { style, width: io.isTerminal ? io.columns : undefined },
    connect: (url) => transportTo(url, deps),
    print: write(io.stdout),
    note: write(io.stderr),
  };
}

/** The VM of a document; undefined when its form has errors, which are then printed. */
export async function readVm(
  file: string,
  { namespace, output }: { readonly namespace: string; readonly output: OutputFormat },
  session: Session,
  say: Session["print"] = session.note,
): Promise<VmSpec | undefined> {
  const { spec, findings } = await readInput(file, namespace, session.io);
  if (spec && !hasErrors(findings)) return spec;
  printFindings(findings.map(findingToProto), output, session, say);
  return undefined;
}

/** Prints findings that stop a command: as lines with `say`, or for programs as a ValidateNetworksResponse. */
export function printFindings(
  findings: readonly Finding[],
  output: OutputFormat,
  session: Session,
  say: Session["print"] = session.note,
): void {
  if (output === "table") {
    say([...findingLines(findings, session.style), countLine(findings)]);
  } else {
    const answer = create(ValidateNetworksResponseSchema, { findings: [...findings] });
    session.io.stdout.write(structured(output, ValidateNetworksResponseSchema, answer));
  }
}

/** Prints why a command failed and returns the exit code. Anything but ConnectError and CliError is a bug and is rethrown. */
export function reportFailure(
  reason: unknown,
  { server, output }: { readonly server?: string | undefined; readonly output: OutputFormat },
  session: Session,
): number {
  if (reason instanceof CliError) {
    printError(reason.message, reason.next, session);
    return reason.exitCode;
  }
  if (!(reason instanceof ConnectError)) throw reason;
  const failure = failureOf(reason, server);
  if (failure.findings.length > 0) printFindings(failure.findings, output, session);
  printError(failure.message, failure.next, session);
  return failure.exitCode;
}

function printError(message: string, next: string | undefined, { note, style }: Session): void {
  note([`${style("red", "error:")} ${message}`, ...(next ? [`${style("bold", "next:")} ${next}`] : [])]);
}
