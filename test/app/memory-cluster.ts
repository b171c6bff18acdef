// VMs and their instances in memory, as the status model sees a cluster; a test changes them like an API server would.
import type {
  VirtualMachine,
  VirtualMachineInstance,
  VmiInterfaceStatus,
} from "../../src/domain/objects/kubernetes.ts";
import { readVm } from "../../src/domain/document/read-record.ts";
import type { RecordedVm } from "../../src/domain/facts.ts";
import { type StatusModel, startStatusModel } from "../../src/app/status-model.ts";
import type { Cache, CacheChange, CacheKey } from "../../src/kube/watch/cache.ts";
import type { KubernetesObject } from "../../src/domain/objects/kubernetes.ts";
import { type Resource, virtualMachines } from "../../src/kube/resource.ts";
import type { Moment } from "../../src/kube/watch/contact.ts";

/** A cache whose content the test decides. */
export interface MemoryCache<V> extends Cache<V> {
  set(key: CacheKey, value: V): void;
  /** Does nothing when there is no such object. */
  remove(key: CacheKey): void;
  /** The first complete list is there. */
  sync(): void;
  /** The content is known to be current as of then. */
  heard(moment: Moment): void;
  /** The content is that of the collection at this version; undefined: that is not known. */
  at(version: string | undefined): void;
}

export function createMemoryCache<V>(resource: Resource<KubernetesObject> = virtualMachines): MemoryCache<V> {
  const values = new Map<string, V>();
  const listeners = new Set<(change: CacheChange<V>) => void>();
  const firstList = Promise.withResolvers<void>();
  firstList.promise.catch(() => undefined);
  let synced = false;
  let currentAsOf: Moment | undefined;
  let version: string | undefined;
  const idOf = ({
    namespace = "",
    name,
  }: {
    readonly namespace?: string | undefined;
    readonly name: string;
  }) => `${namespace}/${name}`;
  const notify = (change: CacheChange<V>): void => {
    for (const listener of listeners) listener(change);
  };
  return {
    resource,
    get synced() {
      return synced;
    },
    get size() {
      return values.size;
    },
    get version() {
      return version;
    },
    get currentAsOf() {
      return currentAsOf;
    },
    async whenSynced(signal) {
      const aborted = Promise.withResolvers<never>();
      const onAbort = (): void => aborted.reject(signal?.reason as Error);
      if (signal?.aborted === true) onAbort();
      signal?.addEventListener("abort", onAbort, { once: true });
      await Promise.race([firstList.promise, aborted.promise]);
    },
    get: (ref) => values.get(idOf(ref)),
    values: () => values.values(),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    health: () => ({
      synced,
      relists: 1,
      failure: undefined,
      audits: 3,
      mismatches: 0,
      reconnects: { expired: 2 },
      decodeErrors: 0,
      staleEvents: 0,
      faults: 0,
    }),
    async stop() {
      firstList.reject(new Error("stopped before its first list"));
    },
    set(key, value) {
      const previous = values.get(idOf(key));
      values.set(idOf(key), value);
      notify({ type: "set", key, value, previous });
    },
    remove(key) {
      const previous = values.get(idOf(key));
      if (previous === undefined) return;
      values.delete(idOf(key));
      notify({ type: "delete", key, value: undefined, previous });
    },
    sync() {
      synced = true;
      firstList.resolve();
    },
    heard(moment) {
      currentAsOf = moment;
    },
    at(now) {
      version = now;
    },
  };
}

/** A NIC as its VM asks for it and as KubeVirt reports it. */
export interface MemoryNic {
  readonly name: string;
  readonly mac?: string;
  readonly sriov?: boolean;
  /** undefined: the VM does not run. */
  readonly linkState?: "up" | "down";
  readonly guestInterface?: string;
}

export interface MemoryCluster {
  readonly vms: MemoryCache<RecordedVm>;
  readonly vmis: MemoryCache<VirtualMachineInstance>;
  readonly model: StatusModel;
  /** Writes a VM `namespace/name`, and an instance when one of its NICs has a link. */
  readonly setVm: (id: string, nics: readonly MemoryNic[], node?: string) => void;
  readonly removeVm: (id: string) => void;
}

/** Already synced unless asked otherwise. */
export function createMemoryCluster({ synced = true, clock = () => new Date(0) } = {}): MemoryCluster {
  const vms = createMemoryCache<RecordedVm>();
  const vmis = createMemoryCache<VirtualMachineInstance>();
  if (synced) {
    vms.sync();
    vmis.sync();
  }
  return {
    vms,
    vmis,
    model: startStatusModel({ vms, vmis }, { clock }),
    setVm(id, nics, node = "node-1") {
      const key = keyOf(id);
      vms.set(key, readVm(vmOf(key, nics)));
      if (nics.some(({ linkState }) => linkState !== undefined)) vmis.set(key, vmiOf(key, nics, node));
      else vmis.remove(key);
    },
    removeVm(id) {
      vms.remove(keyOf(id));
      vmis.remove(keyOf(id));
    },
  };
}

export function keyOf(id: string): CacheKey {
  const [namespace = "", name = ""] = id.split("/");
  return { namespace, name };
}

export function vmOf(key: CacheKey, nics: readonly MemoryNic[]): VirtualMachine {
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachine",
    metadata: { ...key },
    spec: {
      template: {
        spec: {
          domain: {
            devices: {
              interfaces: nics.map(({ name, mac, sriov }) => ({
                name,
                ...(mac === undefined ? {} : { macAddress: mac }),
                ...(sriov === true ? { sriov: {} } : { bridge: {} }),
              })),
            },
          },
          networks: nics.map(({ name }) => ({ name, multus: { networkName: `net-${name}` } })),
        },
      },
    },
  };
}

export function vmiOf(key: CacheKey, nics: readonly MemoryNic[], nodeName: string): VirtualMachineInstance {
  const interfaces = nics.map(({ name, mac, linkState, guestInterface }): VmiInterfaceStatus => ({
    name,
    ...(mac === undefined ? {} : { mac }),
    ...(linkState === undefined ? {} : { linkState }),
    ...(guestInterface === undefined ? {} : { interfaceName: guestInterface }),
    infoSource: "domain, guest-agent",
  }));
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstance",
    metadata: { ...key },
    spec: vmOf(key, nics).spec.template.spec,
    status: { phase: "Running", nodeName, interfaces },
  };
}
