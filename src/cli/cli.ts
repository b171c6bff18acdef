// The command line as a function: takes arguments and I/O, returns an exit code.
import { Command, CommanderError } from "commander";
import { completionCommand } from "./commands/completion.ts";
import { applyCommand, planCommand } from "./commands/apply.ts";
import { deleteCommand } from "./commands/delete.ts";
import { getCommand } from "./commands/get.ts";
import { routesCommand } from "./commands/routes.ts";
import { serveCommand } from "./commands/serve.ts";
import { renderCommand, validateCommand } from "./commands/validate.ts";
import { watchCommand } from "./commands/watch.ts";
import { exitCode, type CliDeps, type CliIo } from "./io.ts";
import { serverFromEnvironment, type ServerOptions } from "./options.ts";
import { createSession, reportFailure, type Run, type Session } from "./session.ts";

/** Runs one command and returns its exit code (see `exitCode`); never exits the process. Rejects only on bugs. */
export async function runCli(args: readonly string[], io: CliIo, deps: CliDeps): Promise<number> {
  const broken = new AbortController();
  const signal = io.signal ? AbortSignal.any([io.signal, broken.signal]) : broken.signal;
  // `multinic watch | head` closes the pipe: without a reader the command is done.
  io.stdout.on?.("error", () => broken.abort());
  const session = createSession({ ...io, signal }, deps);
  let code: number = exitCode.ok;
  const run: Run =
    (action) =>
    async (...parameters) => {
      const command = parameters.at(-1);
      const options = parameters.at(-2) as Partial<ServerOptions>;
      try {
        code = await action(session, ...parameters);
      } catch (reason) {
        if (broken.signal.aborted) return;
        if (io.signal?.aborted) {
          session.note(["stopped"]);
          code = exitCode.stopped;
          return;
        }
        if (!(command instanceof Command)) throw reason;
        code = reportFailure(reason, { server: options.server, output: options.output ?? "table" }, session);
      }
    };
  try {
    await program(session, run).parseAsync([...args], { from: "user" });
    return code;
  } catch (reason) {
    // Help and --version end with an error of code 0; commander has printed every other one.
    if (reason instanceof CommanderError) return reason.exitCode === 0 ? exitCode.ok : exitCode.usage;
    return reportFailure(reason, { output: "table" }, session);
  }
}

function program({ io, deps }: Session, run: Run): Command {
  const root = new Command("multinic")
    .description("Correct multi-NIC configuration for KubeVirt VMs: check, plan, apply and watch.")
    .version(deps.version, "--version", "print the version")
    .hook("preAction", (_root, command) => serverFromEnvironment(command, io.env))
    .addHelpText("after", exitCodes);
  const commands = [
    validateCommand,
    renderCommand,
    routesCommand,
    planCommand,
    applyCommand,
    getCommand,
    watchCommand,
    deleteCommand,
  ];
  for (const command of [...commands, serveCommand, completionCommand]) root.addCommand(command(run));
  for (const command of [root, ...root.commands]) {
    command
      .helpOption("-h, --help", "print help")
      .helpCommand(false)
      .showHelpAfterError("next: see --help")
      .exitOverride()
      .configureOutput({
        writeOut: (text) => void io.stdout.write(text),
        writeErr: (text) => void io.stderr.write(text),
        getOutHelpWidth: () => io.columns ?? 100,
        getErrHelpWidth: () => io.columns ?? 100,
        getOutHasColors: () => false,
        getErrHasColors: () => false,
      });
  }
  return root;
}

const exitCodes = `
Exit codes: 0 success, 1 rejected or findings of severity error, 2 usage error, 3 service not reachable,
130 interrupted.
Output is coloured on a terminal unless NO_COLOR is set.`;
