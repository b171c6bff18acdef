// status of a VMI as virt-handler writes it: phase, conditions, interfaces. Pure.
import type { Condition, VirtualMachineInstance, VmiPhase } from "../../../domain/objects.ts";
import type { BindingPlugins } from "../configuration.ts";
import { interfaceStatus, type PodCache } from "./interface-status.ts";
import type { Machine } from "./machines.ts";
import { whyNotMigratable } from "./migratable.ts";

/** Running, with what virt-handler learns at the start. */
export function runningVmi(vmi: VirtualMachineInstance, now: string): VirtualMachineInstance {
  const running = withPhase(vmi, "Running", now);
  // Without a SELinux context KubeVirt starts no migration.
  return { ...running, status: { ...running.status, selinuxContext: "none" } };
}

/** The VMI in another phase, with the time of the change. */
export function withPhase(vmi: VirtualMachineInstance, phase: VmiPhase, now: string): VirtualMachineInstance {
  const before = vmi.status?.phaseTransitionTimestamps ?? [];
  return {
    ...vmi,
    status: {
      ...vmi.status,
      phase,
      phaseTransitionTimestamps: [...before, { phase, phaseTransitionTimestamp: now }],
    },
  };
}

/** Conditions LiveMigratable and AgentConnected, and status.interfaces, from the running machine. */
export function observedVmi(
  vmi: VirtualMachineInstance,
  machine: Machine,
  around: { readonly plugins: BindingPlugins; readonly podIP: string | undefined; readonly now: string },
): VirtualMachineInstance {
  const before = vmi.status?.conditions ?? [];
  const migratable = liveMigratable(vmi, around.plugins);
  const conditions = setCondition(before, migratable, around.now);
  const withAgent =
    machine.heard === undefined
      ? conditions.filter(({ type }) => type !== "AgentConnected")
      : setCondition(conditions, { type: "AgentConnected", status: "True" }, around.now);
  const interfaces = interfaceStatus({
    vmi,
    domain: machine.domain,
    agent: machine.heard ?? [],
    podCache: podCache(vmi, around.podIP),
  });
  return { ...vmi, status: { ...vmi.status, conditions: withAgent, interfaces } };
}

/** Only the pod network has an address from CNI: addresses by a NAD's IPAM are not played. */
function podCache(vmi: VirtualMachineInstance, podIP: string | undefined): PodCache {
  const name = vmi.spec.networks?.find(({ pod }) => pod !== undefined)?.name;
  return name === undefined || podIP === undefined ? {} : { [name]: { podIP, podIPs: [podIP] } };
}

function liveMigratable(vmi: VirtualMachineInstance, plugins: BindingPlugins): Condition {
  const message = whyNotMigratable(vmi, plugins);
  return message === undefined
    ? { type: "LiveMigratable", status: "True" }
    : { type: "LiveMigratable", status: "False", reason: "InterfaceNotLiveMigratable", message };
}

/** Keeps the times of a condition that says the same. */
function setCondition(conditions: readonly Condition[], wanted: Condition, now: string): Condition[] {
  const current = conditions.find(({ type }) => type === wanted.type);
  const same =
    current?.status === wanted.status &&
    (current.reason ?? "") === (wanted.reason ?? "") &&
    (current.message ?? "") === (wanted.message ?? "");
  if (same) return [...conditions];
  const others = conditions.filter(({ type }) => type !== wanted.type);
  return [...others, { ...wanted, lastTransitionTime: now, lastProbeTime: null }];
}
