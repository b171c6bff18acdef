// `multinic completion`: prints a completion script for a shell.
import { Argument, Command } from "commander";
import { completionScripts, shells, type Shell } from "../completion.ts";
import { exitCode } from "../io.ts";
import type { Run } from "../session.ts";

export function completionCommand(run: Run): Command {
  return new Command("completion")
    .description("print a shell completion script; to load it: source <(multinic completion bash)")
    .addArgument(new Argument("<shell>", "name of the shell").choices(shells))
    .action(
      run(async (session, shell: Shell, _options: object, command: Command) => {
        session.io.stdout.write(completionScripts[shell](command.parent ?? command));
        return exitCode.ok;
      }),
    );
}
