// The state of every NIC in the cluster, kept up to date from the caches, and the history from which streams resume.
import { setImmediate as otherWork } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { type InterfaceStatus, interfaceStatuses } from "../domain/status/interface-status.ts";
import { staleStatus } from "../domain/status/stale-status.ts";
import { withStateSince } from "../domain/status/state-since.ts";
import type { CacheKey } from "../kube/watch/cache.ts";
import type { Moment } from "../kube/watch/contact.ts";
import { type ClusterView, oldestMoment } from "./cluster-view.ts";
import { NotReady } from "./errors.ts";
import { whyNotSynced } from "./not-current.ts";
import type { Versions } from "./resume-token.ts";
import { digestOf, emptyDigest, type StatusDigest } from "./status-digest.ts";
import { compareVms, everything, isInScope, type StatusScope, type VmKey } from "./status-scope.ts";

export interface InterfaceKey extends VmKey {
  readonly nic: string;
}

/** `namespace/vm/nic`. */
export function interfaceId({ namespace, vm, nic }: InterfaceKey): string {
  return `${namespace}/${vm}/${nic}`;
}

const vmId = (namespace: string, vm: string): string => `${namespace}/${vm}`;

/** One step of the history; `status` undefined: the NIC is gone. */
export interface StatusChange {
  readonly revision: number;
  readonly key: InterfaceKey;
  /** `interfaceId` of the key, made once for all readers. */
  readonly id: string;
  readonly status: InterfaceStatus | undefined;
}

export interface StatusModel {
  /** Number of the latest change; increases by one with each. */
  readonly revision: number;
  /** True when VMs and their instances have both been listed; before that a running VM looks stopped. */
  readonly synced: boolean;
  /** What the API server's collections were when they led to exactly these states; undefined if some are shown as STALE. */
  readonly versions: Versions | undefined;
  /** Of the states of that scope as the caches show them, also while they are shown as STALE. */
  digest(scope: StatusScope): StatusDigest;
  /** The moment as of which all states were current; undefined before `synced`. */
  readonly currentAsOf: Moment | undefined;
  /** @throws NotReady before `synced`. */
  requireSynced(): void;
  /** Resolves when synced. @throws the signal's reason, or an Error when a cache is stopped before. */
  whenSynced(signal?: AbortSignal): Promise<void>;
  /** The VMs of that scope, in order of namespace, then name. */
  vms(scope: StatusScope): readonly VmKey[];
  /** The NICs of that VM in its own order; none of a VM that does not exist. */
  of(vm: VmKey): readonly InterfaceStatus[];
  /** All NICs of that scope, in the order of VMs and the VM's own order of NICs. */
  list(scope: StatusScope): readonly InterfaceStatus[];
  /** The changes after that revision, oldest first; undefined when the history does not reach back so far. */
  since(revision: number): readonly StatusChange[] | undefined;
  /** Reports every later change synchronously and in order; a listener must not throw. */
  subscribe(listener: (change: StatusChange) => void): () => void;
  /**
   * Shows every NIC as STALE, known last at that time; undefined: as it is. Resolves when all NICs are shown so; other work
   * goes on meanwhile.
   */
  setStaleSince(lastContact: Date | undefined): Promise<void>;
  stop(): void;
}

/** VMs that become stale, or are so no more, without a pause: some milliseconds. */
const vmsAtOnce = 100;

/** Changes kept for resuming, about 1 KB each: some minutes in a busy cluster. */
const historyLimit = 20_000;

interface KnownVm {
  readonly key: VmKey;
  /** As the caches show it. */
  readonly fresh: readonly InterfaceStatus[];
  readonly digest: StatusDigest;
  /** As shown to readers: the same, or stale. */
  readonly nics: readonly InterfaceStatus[];
  /** Judged before the instances had been listed. */
  readonly isGuess: boolean;
}

/**
 * `now`, each with the time since when its state holds, and with the object of `before` if it is equal: a changed status is
 * a new object. `isGuess`: `before` was judged without the instances, so it says nothing against KubeVirt's own times.
 */
function follow(
  before: readonly InterfaceStatus[],
  now: readonly InterfaceStatus[],
  { seenAt, isGuess }: { readonly seenAt: string; readonly isGuess: boolean },
): readonly InterfaceStatus[] {
  const known = new Map(before.map((status) => [status.nic, status]));
  return now.map((status) => {
    const previous = known.get(status.nic);
    const dated = withStateSince(status, isGuess && status.stateSince !== "" ? undefined : previous, seenAt);
    return previous !== undefined && isDeepStrictEqual(previous, dated) ? previous : dated;
  });
}

export interface StatusModelOptions {
  /** Dates the changes of states. */
  readonly clock: () => Date;
}

/** RFC 3339. */
interface StaleSince {
  readonly lastContact: string;
  /** When the service found that nothing is known of the present. */
  readonly seenAt: string;
}

function asStale(
  before: readonly InterfaceStatus[],
  fresh: readonly InterfaceStatus[],
  { lastContact, seenAt }: StaleSince,
): readonly InterfaceStatus[] {
  const statuses = fresh.map((status) => staleStatus(status, lastContact));
  return follow(before, statuses, { seenAt, isGuess: false });
}

/** Follows the caches until stopped. */
export function startStatusModel(
  view: Pick<ClusterView, "vms" | "vmis">,
  { clock }: StatusModelOptions,
): StatusModel {
  const byVm = new Map<string, KnownVm>();
  let inOrder: readonly VmKey[] | undefined;
  const history: StatusChange[] = [];
  const listeners = new Set<(change: StatusChange) => void>();
  let revision = 0;
  let stale: StaleSince | undefined;
  let isAsInCaches = true;
  /** By namespace: every message of every stream has the digest of its scope. */
  const digests = new Map<string, StatusDigest>();
  let digestOfAll = emptyDigest;

  function record(key: InterfaceKey, status: InterfaceStatus | undefined): void {
    revision += 1;
    const change = { revision, key, id: interfaceId(key), status };
    history.push(change);
    if (history.length > historyLimit) history.splice(0, historyLimit / 4);
    for (const listener of listeners) listener(change);
  }

  function refresh({ namespace, name }: CacheKey): void {
    const key = { namespace, vm: name };
    const id = vmId(namespace, name);
    const known = view.vms.get({ namespace, name });
    const before = byVm.get(id);
    if ((before !== undefined) !== (known !== undefined)) inOrder = undefined;
    if (known === undefined) {
      byVm.delete(id);
      replaceDigest(namespace, before?.digest, emptyDigest);
      recordChanges(key, before?.nics ?? [], []);
      return;
    }
    const statuses = interfaceStatuses(known.vm, view.vmis.get({ namespace, name }), known.record.spec);
    const seen = { seenAt: clock().toISOString(), isGuess: before?.isGuess ?? false };
    show(key, follow(before?.fresh ?? [], statuses, seen));
  }

  function show(key: VmKey, fresh: readonly InterfaceStatus[]): void {
    const id = vmId(key.namespace, key.vm);
    const before = byVm.get(id)?.nics ?? [];
    const nics = stale === undefined ? fresh : asStale(before, fresh, stale);
    const digest = digestOf(fresh);
    replaceDigest(key.namespace, byVm.get(id)?.digest, digest);
    byVm.set(id, { key, fresh, digest, nics, isGuess: !view.vmis.synced });
    recordChanges(key, before, nics);
  }

  function replaceDigest(namespace: string, before: StatusDigest = emptyDigest, now: StatusDigest): void {
    const change = before ^ now;
    digestOfAll ^= change;
    const digest = (digests.get(namespace) ?? emptyDigest) ^ change;
    if (digest === emptyDigest) digests.delete(namespace);
    else digests.set(namespace, digest);
  }

  /** In time that does not depend on the number of VMs that are not named. */
  function digest({ namespaces, vmNames }: StatusScope): StatusDigest {
    if (namespaces.size === 0 && vmNames.size === 0) return digestOfAll;
    const [namespace = ""] = namespaces;
    const parts =
      vmNames.size === 0
        ? [...namespaces].map((name) => digests.get(name))
        : [...vmNames].map((name) => byVm.get(vmId(namespace, name))?.digest);
    return parts.reduce<StatusDigest>((sum, part = emptyDigest) => sum ^ part, emptyDigest);
  }

  function recordChanges(
    vm: VmKey,
    before: readonly InterfaceStatus[],
    now: readonly InterfaceStatus[],
  ): void {
    const nics = new Set(now.map(({ nic }) => nic));
    for (const { nic } of before) if (!nics.has(nic)) record({ ...vm, nic }, undefined);
    const known = new Set(before);
    for (const status of now) if (!known.has(status)) record({ ...vm, nic: status.nic }, status);
  }

  /** Sorted only when a VM was added or removed: after a restart all readers ask for the whole list at the same time. */
  function vms(scope: StatusScope): readonly VmKey[] {
    const { namespaces, vmNames } = scope;
    const [namespace] = namespaces;
    if (namespace !== undefined && namespaces.size === 1 && vmNames.size > 0)
      return [...vmNames].toSorted().flatMap((vm) => byVm.get(vmId(namespace, vm))?.key ?? []);
    inOrder ??= [...byVm.values()].map(({ key }) => key).toSorted(compareVms);
    return scope === everything ? inOrder : inOrder.filter((vm) => isInScope(vm, scope));
  }

  const of = ({ namespace, vm }: VmKey): readonly InterfaceStatus[] =>
    byVm.get(vmId(namespace, vm))?.nics ?? [];

  const isSynced = (): boolean => view.vms.synced && view.vmis.synced;
  const unsubscribe = [
    view.vms.subscribe(({ key }) => refresh(key)),
    view.vmis.subscribe(({ key }) => refresh(key)),
  ];
  for (const { metadata } of [...view.vms.values()].map(({ vm }) => vm)) {
    refresh({ namespace: metadata.namespace ?? "", name: metadata.name });
  }

  return {
    get revision() {
      return revision;
    },
    get synced() {
      return isSynced();
    },
    get versions() {
      const { version: vms } = view.vms;
      const { version: vmis } = view.vmis;
      return isAsInCaches && vms !== undefined && vmis !== undefined ? { vms, vmis } : undefined;
    },
    get currentAsOf() {
      return oldestMoment([view.vms, view.vmis]);
    },
    requireSynced() {
      if (!isSynced()) throw new NotReady(whyNotSynced([view.vms, view.vmis]));
    },
    async whenSynced(signal) {
      await Promise.all([view.vms.whenSynced(signal), view.vmis.whenSynced(signal)]);
    },
    vms,
    of,
    digest,
    list: (scope) => vms(scope).flatMap(of),
    since(from) {
      if (from > revision) return undefined;
      const oldest = history[0]?.revision ?? revision + 1;
      return from + 1 < oldest ? undefined : history.slice(Math.max(0, from + 1 - oldest));
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async setStaleSince(lastContact) {
      const since = lastContact?.toISOString();
      if (since === stale?.lastContact) return;
      const mine = since === undefined ? undefined : { lastContact: since, seenAt: clock().toISOString() };
      stale = mine;
      isAsInCaches = false;
      for (const [index, vm] of vms(everything).entries()) {
        const known = byVm.get(vmId(vm.namespace, vm.vm));
        if (known !== undefined) show(known.key, known.fresh);
        if ((index + 1) % vmsAtOnce === 0) await otherWork();
        if (stale !== mine) return;
      }
      isAsInCaches = mine === undefined;
    },
    stop() {
      for (const end of unsubscribe) end();
      listeners.clear();
    },
  };
}
