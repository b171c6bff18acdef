// Options that several commands share.
import { Command, InvalidArgumentError, Option } from "commander";
import { CliError, exitCode } from "./io.ts";
import { outputFormats, type OutputFormat } from "./output/structured.ts";

/** Options of every command that calls the service. */
export interface CallOptions {
  readonly server: string;
  readonly output: OutputFormat;
}

/** Options of every command that calls the service for one namespace. */
export interface ServerOptions extends CallOptions {
  readonly namespace: string;
}

/** Options of every command that reads a document. */
export interface DocumentOptions {
  readonly filename?: string;
}

/** Adds the document, as an argument or, as in kubectl, with -f; and its namespace. */
export function withDocument(command: Command): Command {
  return command
    .argument("[file]", "a Wukong resource or an API VirtualMachine, YAML or JSON; - for standard input")
    .addOption(new Option("-f, --filename <file>", "same as the argument [file]"))
    .addOption(namespaceOption("namespace of the VM if the document has none"));
}

/** The one file that was given. @throws CliError for none or two. */
export function documentFile(argument: string | undefined, { filename }: DocumentOptions): string {
  const [file, second] = [argument, filename].filter((given) => given !== undefined);
  const next = "pass one file, as the argument or with -f; - for standard input";
  if (file === undefined) throw new CliError("no document given", exitCode.usage, next);
  if (second !== undefined) throw new CliError("two documents given", exitCode.usage, next);
  return file;
}

const serverVariable = "MULTINIC_SERVER";

/** Fills in --server of a command that has it. commander's `Option.env()` would read process.env, not the injected one. */
export function serverFromEnvironment(
  command: Command,
  env: Readonly<Record<string, string | undefined>>,
): void {
  const url = env[serverVariable];
  const isTaken = command.options.some((option) => option.attributeName() === "server");
  if (url && isTaken && command.getOptionValueSource("server") !== "cli")
    command.setOptionValueWithSource("server", url, "env");
}

export const namespaceOption = (description = "namespace of the VM"): Option =>
  new Option("-n, --namespace <namespace>", description).default("default");

/** Namespaces of a command that may show several; without -n: default. */
export interface NamespacesOptions {
  readonly namespace?: readonly string[];
  readonly allNamespaces?: true;
}

/** -n, which may be repeated, and -A. */
export function withNamespaces(command: Command): Command {
  return command
    .addOption(
      new Option(
        "-n, --namespace <namespace>",
        'namespace of the VMs; repeat it for several (default: "default")',
      ).argParser(collect),
    )
    .addOption(new Option("-A, --all-namespaces", "VMs of all namespaces").conflicts("namespace"));
}

/** Empty: all. */
export function namespacesOf({ namespace, allNamespaces }: NamespacesOptions): readonly string[] {
  return allNamespaces === true ? [] : (namespace ?? ["default"]);
}

/** The namespace of a command that was given the name of a VM. @throws CliError for several. */
export function oneNamespace(options: NamespacesOptions): string {
  const [namespace, second] = namespacesOf(options);
  if (namespace !== undefined && second === undefined) return namespace;
  const given = namespace === undefined ? "--all-namespaces" : "several namespaces";
  throw new CliError(`a VM name and ${given} cannot be combined`, exitCode.usage, "use one -n NAMESPACE");
}

/** The values of an option that may be repeated. */
const collect = (value: string, before: readonly string[] | undefined): readonly string[] => [
  ...(before ?? []),
  value,
];

/** A word of a list, which may be repeated. */
export function choicesOption(flags: string, description: string, choices: readonly string[]): Option {
  return new Option(flags, description)
    .choices(choices)
    .argParser<readonly string[] | undefined>((value, before) => {
      if (choices.includes(value)) return collect(value, before);
      throw new InvalidArgumentError(`Allowed choices are ${choices.join(", ")}.`);
    });
}

export const serverOption = (description = "URL of the service"): Option =>
  new Option("--server <url>", `${description} [$${serverVariable}]`);

export const outputOption = (): Option =>
  new Option("-o, --output <format>", "output format").choices(outputFormats).default("table");

export const timeoutOption = (): Option =>
  new Option("--timeout <duration>", "how long --wait waits, such as 90s or 5m")
    .argParser(durationMs)
    .default(durationMs("5m"), "5m");

/** `90s`, `5m`, `1h`, `500ms`, or seconds without a unit, in milliseconds. */
export function durationMs(given: string): number {
  const [, number, unit = "s"] = /^(\d+)(ms|s|m|h)?$/.exec(given) ?? [];
  const ms = Number(number) * ({ ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[unit] ?? Number.NaN);
  if (!(ms >= 1 && ms <= 86_400_000))
    throw new InvalidArgumentError("Expected a duration up to 24h, such as 90s or 5m.");
  return ms;
}
