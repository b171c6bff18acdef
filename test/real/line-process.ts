// A program that answers each line of JSON with one line of JSON, kept open so that its start is paid once.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** Answers come in the order of the questions; any number may be asked at once. */
export interface LineProcess {
  /** @throws Error with the program's last words when it ended instead of answering. */
  ask(question: object): Promise<unknown>;
  /** Closes the program's input and waits for its end. */
  stop(): Promise<void>;
}

/** Starts the program; it needs a few seconds before the first answer. */
export function startLineProcess(program: string, args: readonly string[]): LineProcess {
  const child = spawn(program, args, { stdio: "pipe" });
  const waiting: { resolve: (answer: unknown) => void; reject: (error: Error) => void }[] = [];
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-2000);
  });
  // A write to a program that has ended fails here; its end, below, says why.
  child.stdin.on("error", () => {});
  createInterface({ input: child.stdout }).on("line", (line) => {
    waiting.shift()?.resolve(JSON.parse(line));
  });

  let failure: Error | undefined;
  const fail = (error: Error): void => {
    failure ??= error;
    for (const { reject } of waiting.splice(0)) reject(failure);
  };
  const ended = new Promise<void>((resolve) => {
    child.on("error", (error) => {
      fail(error);
      resolve();
    });
    child.on("close", (code, signal) => {
      fail(new Error(`${program} ${args.join(" ")} ended (${signal ?? code}): ${stderr.trim()}`));
      resolve();
    });
  });

  return {
    ask(question) {
      if (failure !== undefined) return Promise.reject(failure);
      return new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        child.stdin.write(`${JSON.stringify(question)}\n`);
      });
    },
    async stop() {
      child.stdin.end();
      await ended;
    },
  };
}
