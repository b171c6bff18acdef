// The status model as a stream for one reader: a snapshot, synced, then changes coalesced per NIC, and heartbeats.
import type { InterfaceStatus } from "../domain/status/interface-status.ts";
import { createMessageRoom } from "./message-room.ts";
import type { Differences } from "./past-states.ts";
import { type InterfaceKey, interfaceId, type StatusChange, type StatusModel } from "./status-model.ts";
import type { CatchUp } from "./catch-up.ts";
import { nowhere, type Position, type ResumeTokens } from "./resume-token.ts";
import { isInScope, type StatusScope } from "./status-scope.ts";

export type WatchEvent =
  /** The token could not be honoured: the snapshot that follows replaces all that the reader knew. */
  | { readonly type: "reset" }
  | { readonly type: "snapshot"; readonly interfaces: readonly InterfaceStatus[] }
  | { readonly type: "synced"; readonly count: number; readonly currentAsOf: Date | undefined }
  | {
      readonly type: "changes";
      readonly updated: readonly InterfaceStatus[];
      readonly removed: readonly InterfaceKey[];
      /** Number of changes that were not sent, because this message has a later change of the same NIC. */
      readonly merged: number;
    }
  | { readonly type: "heartbeat"; readonly currentAsOf: Date | undefined };

export interface WatchMessage {
  /** Resumes after this message; empty before the snapshot is complete. */
  readonly resumeToken: string;
  readonly event: WatchEvent;
}

export interface WatchOptions {
  readonly scope: StatusScope;
  /** Empty: start with a snapshot. If it cannot be resumed, the stream starts with a reset and a snapshot. */
  readonly resumeToken: string;
  readonly tokens: ResumeTokens;
  /** For tokens that the history of this process does not reach. */
  readonly catchUp: CatchUp;
  readonly signal: AbortSignal;
  /** Bytes of a status in a message. */
  readonly bytesOf: (status: InterfaceStatus) => number;
  /** Resolves after `ms`, or when the signal is aborted. */
  readonly sleepOrAborted: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** NICs in one message: usually some 200 KB. */
const chunkSize = 500;
/** How long a change waits for others to be sent in the same message. */
const coalesceMs = 10;
/** Longer than the API server may say nothing without being asked (kube/watch/contact.ts). */
export const heartbeatMs = 5_000;

/**
 * Ends when the signal is aborted. At most one entry per NIC is kept for a slow reader.
 * @throws Error if the model is stopped before its first complete list.
 */
export async function* watchStatus(model: StatusModel, options: WatchOptions): AsyncGenerator<WatchMessage> {
  const { scope, signal, bytesOf } = options;
  if (!(await isSynced(model, signal))) return;
  const start = await startOf(model, options);
  if (signal.aborted) return;
  const tokenAt = (position: Position): string => options.tokens.write(scope, position);
  const waiting = createWaitingChanges();
  let wake = (): void => undefined;
  const onAbort = (): void => wake();
  const unsubscribe = model.subscribe((change) => {
    if (!isInScope(change.key, scope)) return;
    waiting.add(change);
    wake();
  });
  signal.addEventListener("abort", onAbort);

  const asOf = (): Date | undefined => model.currentAsOf?.time;
  /** Only if nothing is waiting: the token means that the reader has everything. */
  const upToDate = (event: WatchEvent): WatchMessage => ({
    resumeToken: tokenAt(positionOf(model, scope)),
    event,
  });
  /** What a reader knows of NICs whose change waits is in the history of this process only, or in none. */
  const nextChanges = (isResumable = true): WatchMessage => {
    const { event, revision } = waiting.take(bytesOf);
    if (waiting.size === 0) return upToDate(event);
    return { resumeToken: tokenAt(isResumable ? { revision, shared: undefined } : nowhere), event };
  };

  try {
    const missed = start && changesSince(model, start);
    if (missed === undefined) {
      if (options.resumeToken !== "") yield { resumeToken: "", event: { type: "reset" } };
      const all = model.list(scope);
      const resumeToken = tokenAt(positionOf(model, scope));
      const currentAsOf = asOf();
      for (const interfaces of chunksOf(all, bytesOf))
        yield { resumeToken: "", event: { type: "snapshot", interfaces } };
      // Only a complete snapshot can be resumed from.
      yield { resumeToken, event: { type: "synced", count: all.length, currentAsOf } };
    } else {
      for (const change of missed) if (isInScope(change.key, scope)) waiting.add(change);
      const isResumable = start?.vms.length === 0;
      while (waiting.size > 0) yield nextChanges(isResumable);
      yield upToDate({ type: "synced", count: countOf(model, scope), currentAsOf: asOf() });
    }
    while (!signal.aborted) {
      if (waiting.size === 0) {
        const changed = new Promise<void>((resolve) => {
          wake = resolve;
        });
        const idle = new AbortController();
        await Promise.race([changed, options.sleepOrAborted(heartbeatMs, idle.signal)]);
        idle.abort();
        if (signal.aborted) return;
        if (waiting.size === 0) {
          yield upToDate({ type: "heartbeat", currentAsOf: asOf() });
          continue;
        }
      }
      await options.sleepOrAborted(coalesceMs, signal);
      if (signal.aborted) return;
      yield nextChanges();
    }
  } finally {
    unsubscribe();
    signal.removeEventListener("abort", onAbort);
  }
}

function countOf(model: StatusModel, scope: StatusScope): number {
  return model.vms(scope).reduce((count, vm) => count + model.of(vm).length, 0);
}

/** What the reader lacks, by its token; undefined if it needs a snapshot. */
async function startOf(
  model: StatusModel,
  { scope, resumeToken, tokens, catchUp, signal }: WatchOptions,
): Promise<Differences | undefined> {
  const { revision, shared } = tokens.read(scope, resumeToken) ?? nowhere;
  if (revision !== undefined && model.since(revision) !== undefined) return { revision, vms: [] };
  if (shared === undefined) return undefined;
  try {
    return await catchUp(shared, scope, signal);
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

/** Those that differ, as they are now, then the later changes; undefined when the history does not reach back so far. */
function changesSince(
  model: StatusModel,
  { revision, vms }: Differences,
): readonly StatusChange[] | undefined {
  const later = model.since(revision);
  if (later === undefined) return undefined;
  const different = vms.flatMap(({ vm, nics }) => {
    const now = new Map(model.of(vm).map((status) => [status.nic, status]));
    return nics.map((nic): StatusChange => {
      const key = { ...vm, nic };
      return { revision, key, id: interfaceId(key), status: now.get(nic) };
    });
  });
  return [...different, ...later];
}

/** False if the signal was aborted first. */
async function isSynced(model: StatusModel, signal: AbortSignal): Promise<boolean> {
  try {
    await model.whenSynced(signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return !signal.aborted;
}

/** At least one, which may be empty; each fits into a message. */
function* chunksOf(
  all: readonly InterfaceStatus[],
  bytesOf: WatchOptions["bytesOf"],
): Generator<readonly InterfaceStatus[]> {
  let chunk: InterfaceStatus[] = [];
  let room = createMessageRoom(chunkSize);
  for (const status of all) {
    const bytes = bytesOf(status);
    if (!room.take(bytes)) {
      yield chunk;
      chunk = [];
      room = createMessageRoom(chunkSize);
      room.take(bytes);
    }
    chunk.push(status);
  }
  yield chunk;
}

type ChangesEvent = Extract<WatchEvent, { type: "changes" }>;

interface WaitingChanges {
  readonly size: number;
  add(change: StatusChange): void;
  /** Removes the oldest ones, as many as fit into a message; every change up to `revision` was then taken, or replaced by a later one. */
  take(bytesOf: WatchOptions["bytesOf"]): { readonly event: ChangesEvent; readonly revision: number };
}

/** The latest change of each NIC, in order of revision, so that one revision identifies those sent so far. */
function createWaitingChanges(): WaitingChanges {
  const latest = new Map<string, { readonly change: StatusChange; readonly merged: number }>();
  return {
    get size() {
      return latest.size;
    },
    add(change) {
      const { id } = change;
      const replaced = latest.get(id);
      // Setting an existing key would keep its place in the map; the later change belongs at the end.
      latest.delete(id);
      latest.set(id, { change, merged: replaced === undefined ? 0 : replaced.merged + 1 });
    },
    take(bytesOf) {
      const room = createMessageRoom(chunkSize);
      const updated: InterfaceStatus[] = [];
      const removed: InterfaceKey[] = [];
      let mergedSum = 0;
      let revision = 0;
      for (const [id, { change, merged }] of latest) {
        if (!room.take(change.status === undefined ? id.length : bytesOf(change.status))) break;
        if (change.status === undefined) removed.push(change.key);
        else updated.push(change.status);
        mergedSum += merged;
        ({ revision } = change);
        latest.delete(id);
      }
      return { event: { type: "changes", updated, removed, merged: mergedSum }, revision };
    },
  };
}

/** A stream that resumes here starts with the next change. */
export function positionOf(model: StatusModel, scope: StatusScope): Position {
  const { revision, versions } = model;
  return { revision, shared: versions && { versions, digest: model.digest(scope) } };
}
