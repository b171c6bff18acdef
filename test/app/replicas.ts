// Replicas of the service over one API server that keeps its history: each follows it as far as the test lets it.
import { type CatchUp, createCatchUp } from "../../src/app/catch-up.ts";
import { type StatusModel, startStatusModel } from "../../src/app/status-model.ts";
import { readVm } from "../../src/domain/document/read-record.ts";
import type { RecordedVm } from "../../src/domain/facts.ts";
import type {
  KubernetesObject,
  VirtualMachine,
  VirtualMachineInstance,
} from "../../src/domain/objects/kubernetes.ts";
import { KubeError } from "../../src/kube/errors.ts";
import type { KubeClient } from "../../src/kube/kube-client.ts";
import { type Resource, virtualMachines } from "../../src/kube/resource.ts";
import { silentLog } from "../support/log.ts";
import { createManualTime, type ManualTime } from "./manual-time.ts";
import { createMemoryCache, keyOf, type MemoryCache, type MemoryNic, vmiOf, vmOf } from "./memory-cluster.ts";

export interface Replica {
  readonly epoch: string;
  readonly model: StatusModel;
  readonly vms: MemoryCache<RecordedVm>;
  readonly vmis: MemoryCache<VirtualMachineInstance>;
  readonly catchUp: CatchUp;
  /** Of its waits for the history; readers have their own. */
  readonly time: ManualTime;
  /** Follows the next changes, without a bookmark: a collection without changes keeps its version. Default: all, with one. */
  deliver(changes?: number): void;
}

export interface ReplicatedCluster {
  /** Lists that began. */
  readonly lists: readonly string[];
  setVm(id: string, nics: readonly MemoryNic[], node?: string): void;
  removeVm(id: string): void;
  /** Forgets everything before now. */
  compact(): void;
  /** Goes back to that version, from which another history begins. */
  restore(version: number): void;
  readonly version: number;
  /** A new process that has listed everything. */
  replica(): Replica;
  /** Runs before each page is answered. */
  beforePage: () => Promise<void>;
}

interface Change {
  readonly version: number;
  readonly kind: "vm" | "vmi";
  readonly id: string;
  readonly object: VirtualMachine | VirtualMachineInstance | undefined;
}

/** Small, so that each list has several. */
const pageSize = 2;

export function createReplicatedCluster({ now = () => new Date(0) } = {}): ReplicatedCluster {
  let changes: Change[] = [];
  const lists: string[] = [];
  let version = 1_000;
  let compacted = version;
  let epochs = 0;
  let uids = 0;

  function stateAt(at: number, kind: Change["kind"]): Map<string, VirtualMachine | VirtualMachineInstance> {
    const state = new Map<string, VirtualMachine | VirtualMachineInstance>();
    for (const change of changes) {
      if (change.kind !== kind || change.version > at) continue;
      if (change.object === undefined) state.delete(change.id);
      else state.set(change.id, change.object);
    }
    return state;
  }

  function write(kind: Change["kind"], id: string, make: (() => Change["object"]) | undefined): void {
    const before = stateAt(version, kind).get(id);
    if (make === undefined && before === undefined) return;
    version += 1;
    const object = make?.();
    if (object === undefined) {
      changes.push({ version, kind, id, object });
      return;
    }
    const uid = before?.metadata.uid ?? `uid-${(uids += 1)}`;
    const metadata = { ...object.metadata, uid, resourceVersion: String(version) };
    changes.push({ version, kind, id, object: { ...object, metadata } });
  }

  const client: Pick<KubeClient, "listPage"> = {
    async listPage<T extends KubernetesObject>(
      resource: Resource<T>,
      { namespace, fieldSelector, exactVersion, continueToken }: Parameters<KubeClient["listPage"]>[1],
    ) {
      if (continueToken === undefined) {
        lists.push([resource.plural, namespace ?? "", fieldSelector ?? ""].join(" ").trim());
      }
      await cluster.beforePage();
      const [at, from] = (continueToken ?? `${exactVersion}/0`).split("/").map(Number) as [number, number];
      if (at < compacted) throw new KubeError("Expired", 410, "too old");
      if (at > version) throw new KubeError("Timeout", 504, "Too large resource version");
      const all = [...stateAt(at, resource.kind === virtualMachines.kind ? "vm" : "vmi")]
        .filter(([id]) => namespace === undefined || id.startsWith(`${namespace}/`))
        .filter(([id]) => fieldSelector === undefined || fieldSelector === `metadata.name=${keyOf(id).name}`)
        .map(([, object]) => object);
      return {
        items: all.slice(from, from + pageSize) as KubernetesObject[] as T[],
        resourceVersion: String(at),
        continueToken: from + pageSize < all.length ? `${at}/${from + pageSize}` : undefined,
      };
    },
  };

  const cluster: ReplicatedCluster = {
    lists,
    get version() {
      return version;
    },
    beforePage: async () => undefined,
    setVm(id, nics, node = "node-1") {
      write("vm", id, () => vmOf(keyOf(id), nics));
      const runs = nics.some(({ linkState }) => linkState !== undefined);
      write("vmi", id, runs ? () => vmiOf(keyOf(id), nics, node) : undefined);
    },
    removeVm(id) {
      write("vm", id, undefined);
      write("vmi", id, undefined);
    },
    compact() {
      compacted = version;
    },
    restore(at) {
      changes = changes.filter((change) => change.version <= at);
      version = at;
    },
    replica() {
      const vms = createMemoryCache<RecordedVm>();
      const vmis = createMemoryCache<VirtualMachineInstance>();
      const model = startStatusModel({ vms, vmis }, { clock: now });
      let followed = version;
      const take = ({ kind, id, object }: Pick<Change, "kind" | "id" | "object">): void => {
        if (kind === "vmi") {
          if (object === undefined) vmis.remove(keyOf(id));
          else vmis.set(keyOf(id), object as VirtualMachineInstance);
        } else if (object === undefined) vms.remove(keyOf(id));
        else vms.set(keyOf(id), readVm(object as VirtualMachine));
      };
      for (const kind of ["vm", "vmi"] as const) {
        for (const [id, object] of stateAt(version, kind)) take({ kind, id, object });
      }
      for (const cache of [vms, vmis]) {
        cache.at(String(version));
        cache.sync();
      }
      const time = createManualTime();
      const { sleepOrAborted } = time;
      const { signal } = new AbortController();
      const catchUp = createCatchUp({
        client,
        view: { vms, vmis },
        model,
        log: silentLog,
        sleepOrAborted,
        signal,
      });
      return {
        epoch: `epoch-${(epochs += 1)}`,
        model,
        vms,
        vmis,
        catchUp,
        time,
        deliver(count = Number.POSITIVE_INFINITY) {
          const next = changes.filter((change) => change.version > followed).slice(0, count);
          for (const change of next) {
            take(change);
            (change.kind === "vm" ? vms : vmis).at(String(change.version));
            followed = change.version;
          }
          if (count === Number.POSITIVE_INFINITY) {
            for (const cache of [vms, vmis]) cache.at(String(version));
          }
        },
      };
    },
  };
  return cluster;
}
