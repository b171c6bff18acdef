// Options that several commands share.
import { Command, InvalidArgumentError, Option } from "commander";
import { CliError, exitCode } from "./io.ts";
import { outputFormats, type OutputFormat } from "./output/structured.ts";

/** What every command that calls the service takes. */
export interface ServerOptions {
  readonly namespace: string;
  readonly server: string;
  readonly output: OutputFormat;
}

/** What every command about a document takes. */
export interface DocumentOptions {
  readonly filename?: string;
}

/** The document as an argument or, as people know it from kubectl, by -f. */
export function withDocument(command: Command): Command {
  return command
    .argument("[file]", "a Wukong or a VirtualMachine of the API, YAML or JSON; - for standard input")
    .addOption(new Option("-f, --filename <file>", "the same as the argument"));
}

/** The one file that was named. @throws CliError for none or two. */
export function documentFile(argument: string | undefined, { filename }: DocumentOptions): string {
  const [file, second] = [argument, filename].filter((given) => given !== undefined);
  const next = "give one file, as an argument or by -f, or - for standard input";
  if (file === undefined) throw new CliError("no document is named", exitCode.usage, next);
  if (second !== undefined) throw new CliError("two documents are named", exitCode.usage, next);
  return file;
}

const serverVariable = "MULTINIC_SERVER";

/** Fills in --server of a command that has it. By hand, since commander's `Option.env()` reads process.env alone. */
export function serverFromEnvironment(
  command: Command,
  env: Readonly<Record<string, string | undefined>>,
): void {
  const url = env[serverVariable];
  const isTaken = command.options.some((option) => option.attributeName() === "server");
  if (url && isTaken && command.getOptionValueSource("server") !== "cli")
    command.setOptionValueWithSource("server", url, "env");
}

export const namespaceOption = (): Option =>
  new Option("-n, --namespace <namespace>", "namespace of documents that name none").default("default");

export const serverOption = (description = "URL of the service"): Option =>
  new Option("--server <url>", `${description} [$${serverVariable}]`);

export const outputOption = (): Option =>
  new Option("-o, --output <format>", "form of the answer").choices(outputFormats).default("table");

export const timeoutOption = (what: string, preset: string): Option =>
  new Option("--timeout <duration>", `how long --wait waits for ${what}, such as 90s or 5m`)
    .argParser(durationMs)
    .default(durationMs(preset), preset);

/** `90s`, `5m`, `1h`, `500ms`, or seconds without a unit, in milliseconds. */
export function durationMs(given: string): number {
  const [, number, unit = "s"] = /^(\d+)(ms|s|m|h)?$/.exec(given) ?? [];
  const ms = Number(number) * ({ ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[unit] ?? Number.NaN);
  if (!(ms >= 1 && ms <= 86_400_000))
    throw new InvalidArgumentError("It is a duration up to 24h, such as 90s or 5m.");
  return ms;
}
