// A model of one collection with its history, served with faults drawn from a seed: what a bad day looks like.
import type { Handler, OpenStream, Reply, SeenRequest } from "./scripted-server.ts";
import {
  added,
  bookmark,
  deleted,
  errorEvent,
  initialEnd,
  isInitialWatch,
  modified,
  vmi,
} from "./collection.ts";

export interface FaultyApi {
  readonly handler: Handler;
  /** One random change of the collection. */
  change(): Promise<void>;
  /** Forgets the history up to now: older versions are answered by 410. */
  compact(): void;
  /** Goes back to the state that it had at an earlier version, as after a restore from a backup, and breaks every watch. */
  restore(): void;
  /** From now on nothing goes wrong any more. */
  calm(): void;
  /** As the cache's projection shows it, sorted. */
  state(): string[];
  /** How often each fault was played. */
  readonly faults: Readonly<Record<string, number>>;
}

/** mulberry32: small, and the same on every machine. */
export function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const names = ["a", "b", "c", "d", "e", "f", "g", "h"];
const perPage = 3;

interface Stored {
  readonly name: string;
  readonly version: number;
  readonly node: string;
  readonly uid: string;
}

const wire = ({ name, version, node, uid }: Stored): object => vmi(name, version, node, uid);

export function createFaultyApi(random: () => number): FaultyApi {
  const offersInitialEvents = random() < 0.5;
  let backup: { readonly revision: number; readonly objects: readonly Stored[] } | undefined;
  const streams = new Set<OpenStream>();
  let revision = 10;
  let compacted = 0;
  let calm = false;
  const objects = new Map<string, Stored>();
  let history: { readonly version: number; readonly event: object }[] = [];
  const snapshots = new Map<string, readonly Stored[]>();
  const faults: Record<string, number> = {};
  const watchers = new Set<(event: object) => Promise<void>>();

  /** Plays the fault with that probability. */
  function strikes(fault: string, probability: number): boolean {
    if (calm || random() >= probability) return false;
    faults[fault] = (faults[fault] ?? 0) + 1;
    return true;
  }

  function refused(reply: Reply): boolean {
    if (strikes("500", 0.05)) reply.refuse(500, "InternalError");
    else if (strikes("429", 0.05)) reply.refuse(429, "TooManyRequests", {}, { "retry-after": "1" });
    else if (strikes("reset instead of an answer", 0.05)) reply.reset();
    else if (strikes("a proxy's page", 0.03)) reply.text("<html>", 200);
    else return false;
    return true;
  }

  function list({ query }: SeenRequest, reply: Reply): void {
    const [at = String(revision), start = "0"] = query.get("continue")?.split(":") ?? [];
    if (!snapshots.has(at)) snapshots.set(at, [...objects.values()]);
    if (Number(at) < compacted || strikes("410 on a next page", start === "0" ? 0 : 0.2)) {
      reply.refuse(410, "Expired");
      return;
    }
    const all = snapshots.get(at) ?? [];
    const size = query.has("limit") ? perPage : all.length;
    const end = Number(start) + size;
    const more = end < all.length ? `${at}:${end}` : "";
    const items = all.slice(Number(start), end).map(wire);
    reply.json({ metadata: { resourceVersion: at, continue: more }, items });
  }

  async function watch(request: SeenRequest, reply: Reply): Promise<void> {
    const isInitial = isInitialWatch(request);
    if (isInitial && !offersInitialEvents) return reply.refuse(422, "Invalid");
    let from = isInitial ? revision : Number(request.query.get("resourceVersion"));
    const present = isInitial ? [...objects.values()] : [];
    if (from < compacted && random() < 0.5) return reply.refuse(410, "Expired");
    const stream = reply.stream();
    if (from < compacted) return await stream.send(errorEvent(410, "Expired"));
    let open = true;
    streams.add(stream);
    void stream.closed.then(() => {
      open = false;
      streams.delete(stream);
    });
    for (const object of present) open &&= await send(stream, added(wire(object)));
    if (isInitial && open) await stream.send(initialEnd(from));
    let sending = Promise.resolve();
    const pump = async (): Promise<void> => {
      for (const { version, event } of history) {
        if (version <= from || !open) continue;
        from = version;
        if (!(await send(stream, event))) open = false;
      }
      if (!open) watchers.delete(push);
    };
    const push = async (): Promise<void> => {
      sending = sending.then(pump);
      await sending;
    };
    watchers.add(push);
    await push();
  }

  /** False when the stream is over. */
  async function send(stream: OpenStream, event: object): Promise<boolean> {
    const line = Buffer.from(`${JSON.stringify(event)}\n`);
    const middle = Math.floor(random() * line.length);
    if (strikes("reset", 0.04)) return over(() => stream.reset());
    if (strikes("end in a line", 0.04)) {
      await stream.write(line.subarray(0, middle));
      return over(() => stream.end());
    }
    if (strikes("garbage", 0.02)) await stream.write("{]\n");
    if (strikes("ERROR event", 0.02)) await stream.send(errorEvent(500, "InternalError"));
    await stream.write(line.subarray(0, middle));
    await stream.write(line.subarray(middle));
    if (strikes("repetition", 0.1)) await stream.write(line);
    if (strikes("bookmark", 0.1)) await stream.send(bookmark(versionOf(event)));
    if (strikes("orderly end", 0.04)) return over(() => stream.end());
    return true;
  }

  return {
    faults,
    restore() {
      if (backup === undefined) return;
      faults["restore"] = (faults["restore"] ?? 0) + 1;
      revision = backup.revision;
      const kept = revision;
      history = history.filter(({ version }) => version <= kept);
      compacted = Math.min(compacted, revision);
      snapshots.clear();
      objects.clear();
      for (const object of backup.objects) objects.set(object.name, object);
      backup = undefined;
      for (const stream of streams) stream.reset();
    },
    async handler(request, reply) {
      if (refused(reply)) return;
      if (request.query.has("watch")) await watch(request, reply);
      else list(request, reply);
    },
    async change() {
      if (random() < 0.05) backup ??= { revision, objects: [...objects.values()] };
      const name = names[Math.floor(random() * names.length)] ?? "a";
      const former = objects.get(name);
      revision += 1;
      const next: Stored = {
        name,
        version: revision,
        node: `n${revision}`,
        uid: former?.uid ?? `uid-${name}-${revision}`,
      };
      let event = former === undefined ? added(wire(next)) : modified(wire(next));
      if (former !== undefined && random() < 0.4) {
        objects.delete(name);
        event = deleted(wire({ ...former, version: revision }));
      } else objects.set(name, next);
      history.push({ version: revision, event });
      await Promise.all([...watchers].map((push) => push(event)));
    },
    compact() {
      compacted = revision;
    },
    calm() {
      calm = true;
    },
    state: () => [...objects.values()].map(({ name, node }) => `${name}@${node}`).toSorted(),
  };
}

function over(how: () => void): false {
  how();
  return false;
}

function versionOf(event: object): number {
  const { object } = event as { object: { metadata: { resourceVersion: string } } };
  return Number(object.metadata.resourceVersion);
}
