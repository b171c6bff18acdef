// A collection of VirtualMachineInstances as the scripted server plays it, and a cache that follows it.
import type { VirtualMachineInstance } from "../../src/domain/objects/kubernetes.ts";
import { startCache } from "../../src/kube/watch/cache.ts";
import type { Cache, CacheChange } from "../../src/kube/watch/cache.ts";
import type { KubeClient } from "../../src/kube/kube-client.ts";
import type { KubeLog } from "../../src/kube/log.ts";
import { virtualMachineInstances } from "../../src/kube/resource.ts";
import type { Timing } from "../../src/kube/timing.ts";
import type { Handler, ScriptedServer, SeenRequest } from "./scripted-server.ts";

/** An instance `name` whose node name represents its state. */
export function vmi(name: string, resourceVersion: number, nodeName: string, uid = `uid-${name}`): object {
  const metadata = { namespace: "lab", name, uid, resourceVersion: String(resourceVersion) };
  return { apiVersion: "kubevirt.io/v1", kind: "VirtualMachineInstance", metadata, status: { nodeName } };
}

export const added = (object: object): object => ({ type: "ADDED", object });
export const modified = (object: object): object => ({ type: "MODIFIED", object });
export const deleted = (object: object): object => ({ type: "DELETED", object });
export const bookmark = (resourceVersion: number): object => ({
  type: "BOOKMARK",
  object: { kind: "VirtualMachineInstance", metadata: { resourceVersion: String(resourceVersion) } },
});
/** The bookmark after the present objects of a watch with initial events. */
export const initialEnd = (version: number): object => ({
  type: "BOOKMARK",
  object: {
    metadata: {
      resourceVersion: String(version),
      annotations: { "k8s.io/initial-events-end": "true" },
    },
  },
});
export const errorEvent = (code: number, reason: string): object => ({
  type: "ERROR",
  object: { kind: "Status", status: "Failure", message: `refused: ${reason}`, reason, code },
});

/** Answers a list with these items. */
export function listOf(resourceVersion: number, ...items: object[]): Handler {
  return (_, reply) => {
    const metadata = { resourceVersion: String(resourceVersion) };
    reply.json({ kind: "VirtualMachineInstanceList", apiVersion: "kubevirt.io/v1", metadata, items });
  };
}

/** Answers a watch with these events, and keeps it open. */
export function watchOf(...events: object[]): Handler {
  return async (_, reply) => await reply.stream().send(...events);
}

/** True for a list of metadata only: the question for the present version, or an audit. */
export function isLook({ headers }: SeenRequest): boolean {
  return headers.accept?.includes("PartialObjectMetadataList") === true;
}

/** True for a watch that is to begin with the present objects. */
export function isInitialWatch({ query }: SeenRequest): boolean {
  return query.has("sendInitialEvents");
}

/** As an API server answers that does not offer initial events. */
export const notOffered: Handler = (_, reply) => reply.refuse(422, "Invalid");

/** An API server that is later than every version of these tests. */
const laterVersion = listOf(1_000_000);

/**
 * Each list and each watch is answered by the next handler of its kind; a watch beyond the last one stays quiet. Watches that
 * are to begin with the present objects are refused. `look` answers each look (a list of metadata only); default: with a version
 * that is later than all others.
 */
export function playCollection(
  server: ScriptedServer,
  {
    lists,
    watches = [],
    look = laterVersion,
  }: { readonly lists: Handler[]; readonly watches?: Handler[]; readonly look?: Handler },
): void {
  const nextList = lists.values();
  const nextWatch = watches.values();
  server.play(async (request, reply) => {
    if (isLook(request)) return await look(request, reply);
    if (isInitialWatch(request)) return await notOffered(request, reply);
    const isWatch = request.query.get("watch") === "true";
    const { value: handler } = isWatch ? nextWatch.next() : nextList.next();
    if (handler !== undefined) await handler(request, reply);
    else if (isWatch) reply.stream();
    else throw new Error("a list more than the test expects");
  });
}

export interface Followed {
  readonly cache: Cache<string>;
  readonly changes: CacheChange<string>[];
  /** "name=node" of everything in the cache, sorted. */
  readonly state: () => string[];
}

/** Keeps "name@node" of each instance. */
export function follow(
  client: KubeClient,
  { timing, log, namespace }: { timing: Timing; log: KubeLog; namespace?: string },
): Followed {
  const cache = startCache(client, virtualMachineInstances, {
    namespace,
    project: nameAndNode,
    timing,
    log,
  });
  const changes: CacheChange<string>[] = [];
  cache.subscribe((change) => changes.push(change));
  return { cache, changes, state: () => [...cache.values()].toSorted() };
}

export function nameAndNode({ metadata, status }: VirtualMachineInstance): string {
  if (status?.nodeName === undefined) throw new Error("an instance without a node");
  return `${metadata.name}@${status.nodeName}`;
}

/** A change as text: "set a@n2 was a@n1", "delete a@n2". */
export function textOf({ type, value, previous }: CacheChange<string>): string {
  if (type === "delete") return `delete ${previous}`;
  return previous === undefined ? `set ${value}` : `set ${value} was ${previous}`;
}
