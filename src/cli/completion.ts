// Shell completion scripts, generated from the commands, so that they are never out of date.
import type { Command, Option } from "commander";

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

/** The script of each shell for `program`. */
export const completionScripts: Readonly<Record<Shell, (program: Command) => string>> = { bash, zsh, fish };

function bash(program: Command): string {
  const cases = program.commands.map((command) => {
    const words = [...command.options.flatMap(flagsOf), "--help", ...choicesOfArguments(command)];
    return `    ${command.name()}) words=${quoted(words.join(" "))} ;;`;
  });
  const values = uniqueByFlags(program).map(
    (option) => `    ${flagsOf(option).join("|")}) words=${quoted((option.argChoices ?? []).join(" "))} ;;`,
  );
  return `# bash completion for ${program.name()}
_${program.name()}() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} words=
  COMPREPLY=()
  case $before in
${values.join("\n")}
  esac
  if [[ -n $words ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
    return
  fi
  if (( COMP_CWORD == 1 )); then
    mapfile -t COMPREPLY < <(compgen -W ${quoted(commandNames(program).join(" "))} -- "$word")
    return
  fi
  case \${COMP_WORDS[1]} in
${cases.join("\n")}
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -o default -F _${program.name()} ${program.name()}
`;
}

function zsh(program: Command): string {
  const commands = program.commands.map((command) => quoted(`${command.name()}:${command.description()}`));
  const cases = program.commands.map((command) => {
    const specs = [
      ...command.options.map(zshOption),
      ...(choicesOfArguments(command).length > 0
        ? [quoted(`1:choice:(${choicesOfArguments(command).join(" ")})`)]
        : [quoted("*:file:_files")]),
    ];
    return `        ${command.name()}) _arguments ${specs.join(" ")} ;;`;
  });
  return `#compdef ${program.name()}
_${program.name()}() {
  local state
  _arguments -C '1:command:->command' '*::argument:->argument'
  case $state in
    command)
      local -a commands=(${commands.join(" ")})
      _describe command commands ;;
    argument)
      case $words[1] in
${cases.join("\n")}
      esac ;;
  esac
}
compdef _${program.name()} ${program.name()}
`;
}

function zshOption(option: Option): string {
  const flags = flagsOf(option);
  const value = takesValue(option)
    ? `:value:${option.argChoices ? `(${option.argChoices.join(" ")})` : "_files"}`
    : "";
  const text = `[${option.description.replaceAll(/[[\]]/g, "\\$&").replaceAll(":", "\\:")}]${value}`;
  return flags.length === 1
    ? quoted(`${flags[0]}${text}`)
    : `${quoted(`(${flags.join(" ")})`)}{${flags.join(",")}}${quoted(text)}`;
}

function fish(program: Command): string {
  const name = program.name();
  const commands = program.commands.map(
    (command) =>
      `complete -c ${name} -f -n __fish_use_subcommand -a ${command.name()} -d ${quoted(command.description())}`,
  );
  const options = program.commands.flatMap((command) => [
    ...command.options.map((option) => fishOption(name, command.name(), option)),
    ...choicesOfArguments(command).map(
      (choice) => `complete -c ${name} -f -n '__fish_seen_subcommand_from ${command.name()}' -a ${choice}`,
    ),
  ]);
  return `# fish completion for ${name}\n${[...commands, ...options].join("\n")}\n`;
}

function fishOption(program: string, command: string, option: Option): string {
  return [
    `complete -c ${program} -n '__fish_seen_subcommand_from ${command}'`,
    ...(option.short ? [`-s ${option.short.slice(1)}`] : []),
    ...(option.long ? [`-l ${option.long.slice(2)}`] : []),
    ...(takesValue(option) ? ["-r"] : []),
    ...(option.argChoices ? [`-f -a ${quoted(option.argChoices.join(" "))}`] : []),
    `-d ${quoted(option.description)}`,
  ].join(" ");
}

const commandNames = (program: Command): readonly string[] =>
  program.commands.map((command) => command.name());

const flagsOf = ({ short, long }: Option): readonly string[] =>
  [short, long].filter((flag) => flag !== undefined);

const takesValue = (option: Option): boolean => option.required || option.optional;

const choicesOfArguments = (command: Command): readonly string[] =>
  command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []);

/** The options with choices, each once. */
function uniqueByFlags(program: Command): readonly Option[] {
  const withChoices = program.commands
    .flatMap(({ options }) => options)
    .filter(({ argChoices }) => argChoices);
  return [...new Map(withChoices.map((option) => [option.flags, option])).values()];
}

/** Quoted for a POSIX shell and for fish. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
