// A minimal node for the controller's tests: pods run, Multus attaches networks, guests have their NICs.
import type { VmInterface, VmiInterfaceStatus } from "../../../src/domain/objects/kubernetes.ts";
import { startCache } from "../../../src/kube/watch/cache.ts";
import type { FullKubeClient } from "../../../src/kube/kube-client.ts";
import { networkAttachmentDefinitions, resourcePath } from "../../../src/kube/resource.ts";
import { vmis, type Vmi } from "../../../src/local/kubevirt/controller/objects.ts";
import {
  annotations,
  labels,
  pods,
  type MigrationState,
  type Pod,
} from "../../../src/local/kubevirt/resources.ts";
import { createWorkQueue } from "../../../src/kube/watch/work-queue.ts";
import { silentLog } from "../../support/log.ts";

export interface TestNodeOptions {
  readonly client: FullKubeClient;
  /** With multus-dynamic-networks-controller: NICs are attached and detached while the pod runs. */
  readonly dynamicNetworks?: (namespace: string) => boolean;
}

interface Domain {
  readonly node: string;
  readonly nics: readonly VmInterface[];
}

/** Two nodes; a pod runs on the one without another pod of its VMI. */
export function startTestNode({ client, dynamicNetworks = () => false }: TestNodeOptions): {
  stop(): Promise<void>;
} {
  const podCache = startCache(client, pods, { log: silentLog, project: (pod) => pod });
  const vmiCache = startCache(client, vmis, { log: silentLog, project: (vmi) => vmi });
  const domains = new Map<string, Domain>();

  async function lookAtPod(key: string): Promise<undefined> {
    const pod = podCache.get(ref(key));
    if (pod === undefined) return undefined;
    if (pod.metadata.deletionTimestamp !== undefined) {
      await client.delete(pods, pod.metadata, { gracePeriodSeconds: 0 });
    } else if (pod.spec.nodeName === undefined) {
      const siblings = [...podCache.values()].filter(
        ({ metadata, status }) =>
          metadata.labels?.[labels.createdBy] === pod.metadata.labels?.[labels.createdBy] &&
          status?.phase !== "Succeeded",
      );
      const name = siblings.some(({ spec }) => spec.nodeName === "node1") ? "node2" : "node1";
      const target = { apiVersion: "v1", kind: "Node", name };
      const binding = { apiVersion: "v1", kind: "Binding", metadata: { name: pod.metadata.name }, target };
      await client.post(resourcePath(pods, pod.metadata, "binding"), binding);
    } else {
      await attach(pod);
    }
    return undefined;
  }

  /** A pod with a missing NAD waits. */
  async function attach(pod: Pod): Promise<void> {
    const waits = pod.status?.phase === undefined || pod.status.phase === "Pending";
    if (!waits && !dynamicNetworks(pod.metadata.namespace ?? "")) return;
    const status = await networkStatus(pod);
    if (status !== undefined && status !== pod.metadata.annotations?.[annotations.networkStatus]) {
      const patch = { metadata: { annotations: { [annotations.networkStatus]: status } } };
      await client.mergePatch(pods, pod.metadata, patch);
    }
    if (!waits || status === undefined) return;
    const running = { phase: "Running", conditions: [{ type: "Ready", status: "True" }] };
    await client.mergePatch(pods, pod.metadata, { status: running }, { subresource: "status" });
  }

  async function networkStatus(pod: Pod): Promise<string | undefined> {
    const asked = pod.metadata.annotations?.[annotations.networks] ?? "";
    const list = (asked === "" ? [] : JSON.parse(asked)) as {
      name: string;
      namespace: string;
      interface: string;
    }[];
    for (const { name, namespace } of list) {
      if ((await client.find(networkAttachmentDefinitions, { name, namespace })) === undefined)
        return undefined;
    }
    return JSON.stringify([
      { name: "cluster", interface: "eth0", default: true },
      ...list.map((item) => ({ name: `${item.namespace}/${item.name}`, interface: item.interface })),
    ]);
  }

  async function lookAtVmi(key: string): Promise<undefined> {
    const vmi = vmiCache.get(ref(key));
    const phase = vmi?.status?.phase;
    if (vmi === undefined || (phase !== "Scheduled" && phase !== "Running")) return undefined;
    const next = vmi.metadata.deletionTimestamp === undefined ? run(vmi) : ended(vmi);
    if (JSON.stringify(next) !== JSON.stringify(vmi)) await client.replace(vmis, next);
    await endSource(next);
    return undefined;
  }

  /** Ends the pod that the guest has left. */
  async function endSource(vmi: Vmi): Promise<void> {
    const { completed, sourcePod = "" } = vmi.status?.migrationState ?? {};
    const { namespace } = vmi.metadata;
    if (completed !== true || podCache.get({ namespace, name: sourcePod })?.status?.phase !== "Running")
      return;
    const patch = { status: { phase: "Succeeded" } };
    await client.mergePatch(pods, { namespace, name: sourcePod }, patch, { subresource: "status" });
  }

  function ended(vmi: Vmi): Vmi {
    return { ...vmi, status: { ...vmi.status, phase: "Succeeded" } };
  }

  function run(vmi: Vmi): Vmi {
    const moved = migrate(vmi);
    const domain = plug(moved);
    domains.set(vmi.metadata.uid ?? "", domain);
    const passed = moved.status?.phaseTransitionTimestamps ?? [];
    const conditions = moved.status?.conditions ?? [];
    return {
      ...moved,
      status: {
        ...moved.status,
        phase: "Running",
        phaseTransitionTimestamps: passed.some((entry) => entry.phase === "Running")
          ? passed
          : [...passed, { phase: "Running", phaseTransitionTimestamp: "2026-01-01T00:00:00Z" }],
        conditions: conditions.some(({ type }) => type === "LiveMigratable")
          ? conditions
          : [...conditions, { type: "LiveMigratable", status: isMigratable(vmi) ? "True" : "False" }],
        interfaces: interfaces(moved, domain),
      },
    };
  }

  /** The domain follows the VMI's spec: bridge NICs after Multus attached them, SR-IOV NICs only in a new domain. */
  function plug(vmi: Vmi): Domain {
    const node = vmi.status?.nodeName ?? "";
    const wanted = (vmi.spec.domain.devices.interfaces ?? []).filter(({ state }) => state !== "absent");
    const known = domains.get(vmi.metadata.uid ?? "");
    if (known?.node !== node) return { node, nics: wanted };
    const attached = new Set(vmi.status?.interfaces?.filter((nic) => hasMultus(nic)).map(({ name }) => name));
    const plugged = new Set(known.nics.map(({ name }) => name));
    return {
      node,
      nics: wanted.filter(
        (nic) => plugged.has(nic.name) || (nic.bridge !== undefined && attached.has(nic.name)),
      ),
    };
  }

  /** The domain's NICs, and those that only Multus reports. */
  function interfaces(vmi: Vmi, { nics }: Domain): VmiInterfaceStatus[] {
    const known = vmi.status?.interfaces ?? [];
    const inDomain = nics.map(({ name, macAddress, state }): VmiInterfaceStatus => {
      const status = known.find((nic) => nic.name === name);
      return {
        ...status,
        name,
        ...(macAddress === undefined ? {} : { mac: macAddress }),
        linkState: state === "down" ? "down" : "up",
        infoSource: hasMultus(status) ? "domain, multus-status" : "domain",
      };
    });
    const names = new Set(nics.map(({ name }) => name));
    const others = known.filter((nic) => !names.has(nic.name ?? "") && hasMultus(nic));
    return [...inDomain, ...others.map((nic) => ({ ...nic, infoSource: "multus-status" }))];
  }

  /** The next step of both virt-handlers in a migration that virt-controller handed over. */
  function migrate(vmi: Vmi): Vmi {
    const state = vmi.status?.migrationState;
    if (state?.targetNode === undefined || state.completed === true) return vmi;
    const at = "2026-01-01T00:00:00Z";
    const step = (patch: MigrationState): Vmi => ({
      ...vmi,
      status: { ...vmi.status, migrationState: { ...state, ...patch } },
    });
    if (state.targetNodeAddress === undefined) return step({ targetNodeAddress: "192.0.2.1" });
    if (state.startTimestamp === undefined) return step({ startTimestamp: at });
    if (vmi.status?.nodeName !== state.targetNode) {
      const moved = { ...vmi.metadata.labels, [labels.nodeName]: state.targetNode };
      return {
        ...vmi,
        metadata: { ...vmi.metadata, labels: moved },
        status: { ...vmi.status, nodeName: state.targetNode },
      };
    }
    return step({ endTimestamp: at, completed: true });
  }

  const queues = [lookAtPod, lookAtVmi].map((work) =>
    createWorkQueue({ name: "node", work, log: silentLog }),
  );
  podCache.subscribe(({ key }) => queues[0]?.add(`${key.namespace}/${key.name}`));
  vmiCache.subscribe(({ key }) => queues[1]?.add(`${key.namespace}/${key.name}`));
  for (const queue of queues) queue.start();
  return {
    async stop() {
      await Promise.all(queues.map(async (queue) => await queue.stop()));
      await Promise.all([podCache.stop(), vmiCache.stop()]);
    },
  };
}

/** A VM with a bridge on the pod network cannot be migrated. */
function isMigratable({ spec }: Vmi): boolean {
  const podNetwork = spec.networks?.find(({ pod }) => pod !== undefined);
  return !spec.domain.devices.interfaces?.some(
    ({ name, bridge }) => name === podNetwork?.name && bridge !== undefined,
  );
}

function hasMultus(nic: VmiInterfaceStatus | undefined): boolean {
  return nic?.infoSource?.includes("multus-status") ?? false;
}

function ref(key: string): { namespace: string; name: string } {
  const [namespace = "", name = ""] = key.split("/");
  return { namespace, name };
}
