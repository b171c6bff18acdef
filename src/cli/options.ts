// Options that several commands share, and options that the environment can give.
import { Command, InvalidArgumentError, Option } from "commander";
import { CliError, exitCode } from "./io.ts";
import { outputFormats, type OutputFormat } from "./output/structured.ts";
import { defaultServer } from "./server.ts";

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

const variables = new WeakMap<Option, string>();

/** An option that the variable gives when the command line does not. Read by `applyEnvironment` from what is handed in. */
export function envOption(flags: string, description: string, variable: string): Option {
  const option = new Option(flags, `${description} [$${variable}]`);
  variables.set(option, variable);
  return option;
}

/** Fills in the options that the command line does not give; a switch takes 1, true, 0 or false. */
export function applyEnvironment(command: Command, env: Readonly<Record<string, string | undefined>>): void {
  for (const option of command.options) {
    const variable = variables.get(option);
    const given = variable === undefined ? undefined : env[variable];
    const name = option.attributeName();
    if (!given || command.getOptionValueSource(name) === "cli") continue;
    command.setOptionValueWithSource(
      name,
      option.isBoolean() ? switchOf(given, `$${variable}`) : given,
      "env",
    );
  }
}

export const namespaceOption = (): Option =>
  new Option("-n, --namespace <namespace>", "namespace of documents that name none").default("default");

export const serverOption = (): Option =>
  envOption("--server <url>", "the service to call", "MULTINIC_SERVER").default(defaultServer);

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

function switchOf(given: string, variable: string): boolean {
  const word = given.toLowerCase();
  if (word === "1" || word === "true") return true;
  if (word === "0" || word === "false") return false;
  throw new CliError(`${variable} is ${given}`, exitCode.usage, "it takes true or false");
}
