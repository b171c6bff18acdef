// One reader's stream of the status model: snapshot, synced, then changes, coalesced per NIC, with heartbeats between.
import type { InterfaceStatus } from "../domain/status/interface-status.ts";
import {
  type InterfaceKey,
  isInScope,
  type StatusChange,
  type StatusModel,
  type StatusScope,
} from "./status-model.ts";

export type WatchEvent =
  | { readonly type: "snapshot"; readonly reset: boolean; readonly interfaces: readonly InterfaceStatus[] }
  | { readonly type: "synced"; readonly count: number }
  | {
      readonly type: "changes";
      readonly updated: readonly InterfaceStatus[];
      readonly removed: readonly InterfaceKey[];
      /** Changes that a later one of the same NIC replaced before they were sent. */
      readonly merged: number;
    }
  | { readonly type: "heartbeat" };

export interface WatchMessage {
  readonly resumeToken: string;
  readonly event: WatchEvent;
}

export interface WatchOptions {
  readonly scope: StatusScope;
  /** Empty: start with a snapshot. */
  readonly resumeToken: string;
  /** Names the process: a token of another one is answered by a snapshot marked reset. */
  readonly epoch: string;
  readonly signal: AbortSignal;
  /** Resolves after that many milliseconds, or when the signal is aborted. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** NICs in one snapshot message. */
const chunkSize = 500;
/** Changes wait so long for others to travel with them. */
const coalesceMs = 10;
const heartbeatMs = 15_000;

/** Ends when the signal is aborted. What waits for a slow reader is at most one entry per NIC. */
export async function* watchStatus(model: StatusModel, options: WatchOptions): AsyncGenerator<WatchMessage> {
  const { scope, signal } = options;
  const waiting = createWaitingChanges();
  let wake = (): void => undefined;
  const onAbort = (): void => wake();
  const unsubscribe = model.subscribe((change) => {
    if (!isInScope(change.key, scope)) return;
    waiting.add(change);
    wake();
  });
  signal.addEventListener("abort", onAbort);
  const message = (event: WatchEvent): WatchMessage => ({
    resumeToken: writeToken(options.epoch, model.revision),
    event,
  });
  try {
    await model.whenSynced(signal);
    const missed = resumedFrom(model, options);
    if (missed === undefined) {
      waiting.clear();
      const all = model.list(scope);
      const reset = options.resumeToken !== "";
      const token = message({ type: "synced", count: all.length });
      for (let start = 0; start === 0 || start < all.length; start += chunkSize) {
        const interfaces = all.slice(start, start + chunkSize);
        // Until the snapshot is complete there is nothing to resume from.
        yield { resumeToken: "", event: { type: "snapshot", reset, interfaces } };
      }
      yield token;
    } else {
      waiting.clear();
      for (const change of missed) if (isInScope(change.key, scope)) waiting.add(change);
      const changes = waiting.take();
      if (changes !== undefined) yield message(changes);
      yield message({ type: "synced", count: model.list(scope).length });
    }
    while (!signal.aborted) {
      if (waiting.isEmpty()) {
        const changed = new Promise<void>((resolve) => {
          wake = resolve;
        });
        const idle = new AbortController();
        await Promise.race([changed, options.sleep(heartbeatMs, idle.signal)]);
        idle.abort();
        if (signal.aborted) return;
        if (waiting.isEmpty()) {
          yield message({ type: "heartbeat" });
          continue;
        }
      }
      await options.sleep(coalesceMs, signal);
      if (signal.aborted) return;
      const changes = waiting.take();
      if (changes !== undefined) yield message(changes);
    }
  } finally {
    unsubscribe();
    signal.removeEventListener("abort", onAbort);
  }
}

interface WaitingChanges {
  add(change: StatusChange): void;
  isEmpty(): boolean;
  take(): Extract<WatchEvent, { type: "changes" }> | undefined;
  clear(): void;
}

/** The latest change of each NIC, in order of the first that waits. */
function createWaitingChanges(): WaitingChanges {
  const latest = new Map<string, StatusChange>();
  let merged = 0;
  const clear = (): void => {
    latest.clear();
    merged = 0;
  };
  return {
    add(change) {
      const { namespace, vm, nic } = change.key;
      const id = `${namespace}/${vm}/${nic}`;
      if (latest.has(id)) merged += 1;
      latest.set(id, change);
    },
    isEmpty: () => latest.size === 0,
    take() {
      if (latest.size === 0) return undefined;
      const changes = [...latest.values()];
      const event = {
        type: "changes",
        updated: changes.map(({ status }) => status).filter((status) => status !== undefined),
        removed: changes.filter(({ status }) => status === undefined).map(({ key }) => key),
        merged,
      } as const;
      clear();
      return event;
    },
    clear,
  };
}

function resumedFrom(
  model: StatusModel,
  { resumeToken, epoch }: WatchOptions,
): readonly StatusChange[] | undefined {
  const revision = resumeToken === "" ? undefined : readToken(resumeToken, epoch);
  return revision === undefined ? undefined : model.since(revision);
}

function writeToken(epoch: string, revision: number): string {
  return Buffer.from(`${epoch}.${revision}`).toString("base64url");
}

function readToken(token: string, epoch: string): number | undefined {
  const match = /^(.*)\.(\d+)$/.exec(Buffer.from(token, "base64url").toString());
  return match?.[1] === epoch ? Number(match[2]) : undefined;
}
