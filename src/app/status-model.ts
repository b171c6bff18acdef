// The state of every NIC in the cluster, kept up to date from the caches, with the history that streams resume from.
import { isDeepStrictEqual } from "node:util";
import { type InterfaceStatus, interfaceStatuses } from "../domain/status/interface-status.ts";
import type { CacheKey } from "../kube/watch/cache.ts";
import type { ClusterView } from "./cluster-view.ts";

/** Names one NIC. */
export interface InterfaceKey {
  readonly namespace: string;
  readonly vm: string;
  readonly nic: string;
}

/** `namespace/vm/nic`. */
export function interfaceId({ namespace, vm, nic }: InterfaceKey): string {
  return `${namespace}/${vm}/${nic}`;
}

/** One step of the history; `status` undefined: the NIC is gone. */
export interface StatusChange {
  readonly revision: number;
  readonly key: InterfaceKey;
  readonly status: InterfaceStatus | undefined;
}

export interface StatusModel {
  /** Number of the latest change; grows by one with each. */
  readonly revision: number;
  /** True when VMs and their instances have both been listed; before that a running VM looks stopped. */
  readonly synced: boolean;
  /** Resolves when synced. @throws the signal's reason, or an Error when a cache is stopped before. */
  whenSynced(signal?: AbortSignal): Promise<void>;
  /** The VMs that there are, in order of namespace and name. */
  vms(): readonly { readonly namespace: string; readonly vm: string }[];
  /** All NICs of that scope, in order of namespace, VM and the VM's own order of NICs. */
  list(scope: StatusScope): readonly InterfaceStatus[];
  /** The changes after that revision, oldest first; undefined when the history does not reach back so far. */
  since(revision: number): readonly StatusChange[] | undefined;
  /** Tells every later change at once and in order; a listener must not throw. */
  subscribe(listener: (change: StatusChange) => void): () => void;
  stop(): void;
}

/** Empty namespace: all; no names: all VMs of the namespace. */
export interface StatusScope {
  readonly namespace: string;
  readonly vmNames: readonly string[];
}

export function isInScope({ namespace, vm }: InterfaceKey, scope: StatusScope): boolean {
  return (
    (scope.namespace === "" || scope.namespace === namespace) &&
    (scope.vmNames.length === 0 || scope.vmNames.includes(vm))
  );
}

/** Changes kept for resuming: some minutes of a busy cluster, about 1 KB each. */
const historyLimit = 20_000;

/** Follows the caches until stopped. */
export function startStatusModel(view: Pick<ClusterView, "vms" | "vmis">): StatusModel {
  const byVm = new Map<string, readonly InterfaceStatus[]>();
  let idsInOrder: readonly string[] | undefined;
  const history: StatusChange[] = [];
  const listeners = new Set<(change: StatusChange) => void>();
  let revision = 0;

  function record(key: InterfaceKey, status: InterfaceStatus | undefined): void {
    revision += 1;
    const change = { revision, key, status };
    history.push(change);
    if (history.length > historyLimit) history.splice(0, historyLimit / 4);
    for (const listener of listeners) listener(change);
  }

  function refresh({ namespace, name }: CacheKey): void {
    const id = `${namespace}/${name}`;
    const vm = view.vms.get({ namespace, name });
    if (byVm.has(id) !== (vm !== undefined)) idsInOrder = undefined;
    const before = byVm.get(id) ?? [];
    const now = vm === undefined ? [] : interfaceStatuses(vm, view.vmis.get({ namespace, name }));
    if (vm === undefined) byVm.delete(id);
    else byVm.set(id, now);
    for (const { nic } of before) {
      if (!now.some((status) => status.nic === nic)) record({ namespace, vm: name, nic }, undefined);
    }
    for (const status of now) {
      const previous = before.find(({ nic }) => nic === status.nic);
      if (!isDeepStrictEqual(previous, status)) record({ namespace, vm: name, nic: status.nic }, status);
    }
  }

  /** Sorted once per coming or going of a VM: after a restart every reader asks for all of them at once. */
  function allIds(): readonly string[] {
    idsInOrder ??= [...byVm.keys()].toSorted();
    return idsInOrder;
  }

  const unsubscribe = [
    view.vms.subscribe(({ key }) => refresh(key)),
    view.vmis.subscribe(({ key }) => refresh(key)),
  ];
  for (const { metadata } of view.vms.values()) {
    refresh({ namespace: metadata.namespace ?? "", name: metadata.name });
  }

  return {
    get revision() {
      return revision;
    },
    get synced() {
      return view.vms.synced && view.vmis.synced;
    },
    async whenSynced(signal) {
      await Promise.all([view.vms.whenSynced(signal), view.vmis.whenSynced(signal)]);
    },
    vms: () =>
      allIds().map((id) => {
        const [namespace = "", vm = ""] = id.split("/");
        return { namespace, vm };
      }),
    list(scope) {
      const { namespace, vmNames } = scope;
      const ids =
        namespace !== "" && vmNames.length > 0
          ? [...new Set(vmNames.map((vm) => `${namespace}/${vm}`))].toSorted()
          : allIds();
      return ids.flatMap((id) => byVm.get(id) ?? []).filter((status) => isInScope(status, scope));
    },
    since(from) {
      if (from > revision) return undefined;
      const oldest = history[0]?.revision ?? revision + 1;
      return from + 1 < oldest ? undefined : history.slice(Math.max(0, from + 1 - oldest));
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stop() {
      for (const end of unsubscribe) end();
      listeners.clear();
    },
  };
}
