// A reader of one status stream that takes a message only when the test asks, and remembers what it received.
import type { CatchUp } from "../../src/app/catch-up.ts";
import { createResumeTokens } from "../../src/app/resume-token.ts";
import type { StatusModel } from "../../src/app/status-model.ts";
import { everything, type StatusScope } from "../../src/app/status-scope.ts";
import { watchStatus, type WatchEvent, type WatchMessage } from "../../src/app/watch-status.ts";
import type { InterfaceStatus } from "../../src/domain/status/interface-status.ts";
import { createManualTime, type ManualTime, settled } from "./manual-time.ts";

export interface StreamReader {
  readonly time: ManualTime;
  /** The next message; undefined when there is none without more time or changes. */
  next(): Promise<WatchMessage | undefined>;
  /** The next message's event of that type. @throws when it is another one or there is none. */
  expect<T extends WatchEvent["type"]>(type: T): Promise<Extract<WatchEvent, { type: T }>>;
  /** Reads on, with time for changes to travel together, until there is nothing more to read. */
  drain(): Promise<void>;
  /** What the client knows of the NICs so far. */
  readonly known: ReadonlyMap<string, InterfaceStatus>;
  /** Number of changes received, including those merged into later ones. */
  readonly received: number;
  /** The last one that was not empty. */
  readonly token: string;
  readonly ended: boolean;
  cut(): Promise<void>;
}

export interface ReaderOptions {
  readonly scope?: StatusScope;
  readonly epoch?: string;
  /** Default: no other process can be caught up with. */
  readonly catchUp?: CatchUp;
  /** Resumes where that reader was cut, with its knowledge. */
  readonly after?: StreamReader;
  readonly token?: string;
  readonly bytesOf?: (status: InterfaceStatus) => number;
}

export const idOf = ({ namespace, vm, nic }: { namespace: string; vm: string; nic: string }): string =>
  `${namespace}/${vm}/${nic}`;

export function openReader(model: StatusModel, options: ReaderOptions = {}): StreamReader {
  const { scope = everything, epoch = "epoch-1", after } = options;
  const time = createManualTime();
  const stopping = new AbortController();
  const stream = watchStatus(model, {
    scope,
    tokens: createResumeTokens(epoch),
    catchUp: options.catchUp ?? (async () => undefined),
    resumeToken: options.token ?? after?.token ?? "",
    signal: stopping.signal,
    sleepOrAborted: time.sleepOrAborted,
    bytesOf: options.bytesOf ?? (() => 400),
  });
  const known = new Map(after?.known);
  let token = after?.token ?? "";
  let received = after?.received ?? 0;
  let ended = false;
  let asked: Promise<void> | undefined;
  let answer:
    | { readonly result: IteratorResult<WatchMessage, void> }
    | { readonly failure: unknown }
    | undefined;

  function take(message: WatchMessage): void {
    const { event } = message;
    if (message.resumeToken !== "") token = message.resumeToken;
    if (event.type === "reset") known.clear();
    if (event.type === "snapshot") for (const status of event.interfaces) known.set(idOf(status), status);
    if (event.type === "changes") {
      received += event.updated.length + event.removed.length + event.merged;
      for (const status of event.updated) known.set(idOf(status), status);
      for (const key of event.removed) known.delete(idOf(key));
    }
  }

  const reader: StreamReader = {
    time,
    known,
    get received() {
      return received;
    },
    get token() {
      return token;
    },
    get ended() {
      return ended;
    },
    async next() {
      if (ended) return undefined;
      asked ??= stream.next().then(
        (result) => void (answer = { result }),
        (failure: unknown) => void (answer = { failure }),
      );
      await settled();
      if (answer === undefined) return undefined;
      if ("failure" in answer) throw answer.failure;
      const { done = false, value } = answer.result;
      asked = undefined;
      answer = undefined;
      if (done || value === undefined) {
        ended = true;
        return undefined;
      }
      take(value);
      return value;
    },
    async expect(type) {
      const event = (await reader.next())?.event;
      if (event?.type !== type) throw new Error(`expected ${type}, got ${JSON.stringify(event)}`);
      return event as Extract<WatchEvent, { type: typeof type }>;
    },
    async drain() {
      for (let quiet = 0; quiet < 2;) {
        quiet = (await reader.next()) === undefined ? quiet + 1 : 0;
        await time.advance(10);
      }
    },
    async cut() {
      stopping.abort(new Error("cut"));
      await stream.return(undefined);
      ended = true;
    },
  };
  return reader;
}
