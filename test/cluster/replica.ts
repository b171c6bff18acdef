// One replica of the service at the level of its use cases; a test can act right before or after one of its requests.
import { vi } from "vitest";
import type { ApplyRequest } from "../../src/app/apply/apply-request.ts";
import { applyVm, type ApplyResult } from "../../src/app/apply/apply-vm.ts";
import {
  type ClusterView,
  type ClusterViewOptions,
  startClusterView,
  stopClusterView,
  whenSynced,
} from "../../src/app/cluster-view.ts";
import { builtInCatalogue } from "../../src/domain/catalogue.ts";
import type { KubernetesObject } from "../../src/domain/objects/kubernetes.ts";
import type { VmSpec } from "../../src/domain/spec.ts";
import { KubeError } from "../../src/kube/errors.ts";
import type { KubeClient, ObjectRef } from "../../src/kube/kube-client.ts";
import type { Resource } from "../../src/kube/resource.ts";
import { silentLog } from "../support/log.ts";

export interface Replica extends AsyncDisposable {
  readonly view: ClusterView;
  /** `by`: another client than the replica's own. */
  apply(spec: VmSpec, request?: Partial<ApplyRequest>, by?: KubeClient): Promise<ApplyResult>;
}

/** Resolves when its caches are loaded. */
export async function startReplica(
  client: KubeClient,
  options: Pick<ClusterViewOptions, "auditEveryMs"> = {},
): Promise<Replica> {
  const view = startClusterView(client, { log: silentLog, now: () => performance.now(), ...options });
  await whenSynced(view);
  return {
    view,
    apply: async (spec, request, by = client) =>
      await applyVm(
        { client: by, view, catalogue: builtInCatalogue() },
        { spec, validateOnly: false, ...request },
      ),
    [Symbol.asyncDispose]: () => stopClusterView(view),
  };
}

/** A write by server-side apply; `owning`: it only adds an owner reference. */
export interface Applied {
  readonly kind: string;
  readonly owning: boolean;
}

/** The client with `act` once, before or after the first real apply that `isIt` selects. */
export function meddled(
  client: KubeClient,
  moment: "before" | "after",
  isIt: (applied: Applied) => boolean,
  act: () => Promise<unknown>,
): KubeClient {
  let done = false;
  return {
    ...client,
    async apply(resource, object, options) {
      const owning = options.fieldManager !== "multinic";
      const isTheOne = !done && options.dryRun !== true && isIt({ kind: object.kind, owning });
      if (isTheOne) done = true;
      if (isTheOne && moment === "before") await act();
      const applied = await client.apply(resource, object, options);
      if (isTheOne && moment === "after") await act();
      return applied;
    },
  };
}

/** The client of a process that ends right before the first real apply that `isIt` selects: nothing succeeds from then on. */
export function ending(client: KubeClient, isIt: (applied: Applied) => boolean): KubeClient {
  let ended = false;
  const unlessEnded = async <R>(request: () => Promise<R>): Promise<R> => {
    if (ended) throw new KubeError("Unreachable", 0, "connection reset");
    return await request();
  };
  return {
    ...client,
    find: (resource, ref, options) => unlessEnded(() => client.find(resource, ref, options)),
    list: (resource, options) => unlessEnded(() => client.list(resource, options)),
    delete: (resource, ref, options) => unlessEnded(() => client.delete(resource, ref, options)),
    apply(resource, object, options) {
      const owning = options.fieldManager !== "multinic";
      ended ||= options.dryRun !== true && isIt({ kind: object.kind, owning });
      return unlessEnded(() => client.apply(resource, object, options));
    },
  };
}

/** Deletes the object and waits until it is gone. */
export async function deleted<T extends KubernetesObject>(
  client: KubeClient,
  resource: Resource<T>,
  ref: ObjectRef,
): Promise<void> {
  await client.delete(resource, ref);
  await vi.waitUntil(async () => (await client.find(resource, ref)) === undefined, { timeout: 60_000 });
}
