// status of a VMI as virt-handler writes it: phase, conditions, interfaces. Pure.
import type { Condition, VirtualMachineInstance } from "../../../domain/objects/kubernetes.ts";
import { withCondition, withPhase, withoutCondition } from "../status-fields.ts";
import type { BindingPlugins } from "../configuration.ts";
import { vmiInterfaces, type PodCache } from "./vmi-interfaces.ts";
import type { Machine } from "./machines.ts";
import { whyNotMigratable } from "./migratable.ts";

/** Running, with what virt-handler learns at the start. */
export function runningVmi(vmi: VirtualMachineInstance, now: string): VirtualMachineInstance {
  const running = withPhase(vmi, "Running", now);
  // Without a SELinux context KubeVirt starts no migration.
  return { ...running, status: { ...running.status, selinuxContext: "none" } };
}

/** Conditions LiveMigratable and AgentConnected, and status.interfaces, from the running machine. */
export function observedVmi(
  vmi: VirtualMachineInstance,
  machine: Machine,
  around: { readonly plugins: BindingPlugins; readonly podIP: string | undefined; readonly now: string },
): VirtualMachineInstance {
  const before = vmi.status?.conditions;
  const at = { lastTransitionTime: around.now, lastProbeTime: null };
  const migratable = liveMigratable(vmi, around.plugins);
  const conditions = withCondition(before, { ...migratable, ...at });
  const withAgent =
    machine.heard === undefined
      ? withoutCondition(conditions, "AgentConnected")
      : withCondition(conditions, { type: "AgentConnected", status: "True", ...at });
  const interfaces = vmiInterfaces({
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
  const obstacle = whyNotMigratable(vmi, plugins);
  return obstacle === undefined
    ? { type: "LiveMigratable", status: "True" }
    : { type: "LiveMigratable", status: "False", ...obstacle };
}
