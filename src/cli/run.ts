// How a command's action becomes an exit code.
import type { ServerOptions } from "./options.ts";
import type { Session } from "./session.ts";

/** Wraps an action for commander: its answer, or what its failure means, becomes the exit code of the run. */
export type Run = <Args extends unknown[]>(
  action: (session: Session, ...args: Args) => Promise<number>,
) => (...args: Args) => Promise<void>;

/** What every action is given by commander after its arguments: the options, then the command. */
export type CommonOptions = Partial<ServerOptions>;
