// What the controllers see and write through: caches of the objects, the rules, the clock.
import type { KubernetesObject } from "../../../domain/objects.ts";
import type { Cache, CacheChange } from "../../../kube/cache.ts";
import type { KubeClient } from "../../../kube/kube-client.ts";
import type { Pod, VirtualMachineInstanceMigration } from "../resources.ts";
import type { ControllerDelays, ControllerRules } from "./configuration.ts";
import type { Vm, Vmi } from "./objects.ts";

/** The name under which the fields that virt-controller writes are managed. */
export const fieldManager = "virt-controller";

export interface World {
  readonly client: KubeClient;
  readonly rules: ControllerRules;
  readonly delays: ControllerDelays;
  readonly clock: () => Date;
  readonly vms: Cache<Vm>;
  readonly vmis: Cache<Vmi>;
  readonly migrations: Cache<VirtualMachineInstanceMigration>;
  /** virt-launcher pods, by the uid of their VMI. */
  readonly launchers: Grouped<Pod>;
}

/** The objects of a cache in groups. */
export interface Grouped<V> {
  /** The members now; empty for a group that is not there. */
  of(group: string): readonly V[];
}

/** Follows a cache from its first list on. An object without a group is left out. */
export function groupBy<V extends KubernetesObject>(
  cache: Cache<V>,
  groupOf: (value: V) => string | undefined,
): Grouped<V> {
  const groups = new Map<string, Map<string, V>>();
  cache.subscribe((change: CacheChange<V>) => {
    const { previous, value, key } = change;
    const id = keyOf(key);
    const former = previous === undefined ? undefined : groupOf(previous);
    if (former !== undefined) {
      const members = groups.get(former);
      members?.delete(id);
      if (members?.size === 0) groups.delete(former);
    }
    const group = value === undefined ? undefined : groupOf(value);
    if (value === undefined || group === undefined) return;
    const members = groups.get(group) ?? new Map<string, V>();
    groups.set(group, members.set(id, value));
  });
  return { of: (group) => [...(groups.get(group)?.values() ?? [])] };
}

/** Key of an object in the work queues: `namespace/name`. */
export function keyOf(object: { readonly namespace?: string | undefined; readonly name: string }): string {
  return `${object.namespace ?? ""}/${object.name}`;
}

/** The object that a key stands for. */
export function refOf(key: string): { readonly namespace: string; readonly name: string } {
  const slash = key.indexOf("/");
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
