// status of a VMI as virt-handler writes it: phase, conditions, interfaces. Pure.
import type { VirtualMachineInstance } from "../../../domain/objects/kubernetes.ts";
import { withCondition, withPhase, withoutCondition } from "../status-fields.ts";
import type { BindingPlugins } from "../configuration.ts";
import { vmiInterfaces, type PodCache } from "./vmi-interfaces.ts";
import type { Machine } from "./machines.ts";
import { interfacesOf } from "./domain.ts";

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
  const obstacle = whyNotMigratable(vmi, around.plugins);
  const status = obstacle === undefined ? "True" : "False";
  const conditions = withCondition(before, { type: "LiveMigratable", status, ...obstacle, ...at });
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

/** Only the pod network has an address from CNI: a NAD's IPAM is not simulated. */
function podCache(vmi: VirtualMachineInstance, podIP: string | undefined): PodCache {
  const name = vmi.spec.networks?.find(({ pod }) => pod !== undefined)?.name;
  return name === undefined || podIP === undefined ? {} : { [name]: { podIP, podIPs: [podIP] } };
}

/**
 * Why condition LiveMigratable is False, by networks and CPU features; undefined when it is True (KubeVirt 1.9
 * pkg/network/vmispec VerifyVMIMigratable, virt-handler calculateLiveMigrationCondition).
 */
export function whyNotMigratable(
  vmi: VirtualMachineInstance,
  plugins: BindingPlugins,
): { readonly reason: string; readonly message: string } | undefined {
  const message = networkObstacle(vmi, plugins);
  if (message !== undefined) return { reason: "InterfaceNotLiveMigratable", message };
  return vmi.spec.domain.features?.hypervPassthrough?.enabled === true
    ? { reason: "HypervPassthroughNotLiveMigratable", message: "VMI uses hyperv passthrough" }
    : undefined;
}

function networkObstacle(vmi: VirtualMachineInstance, plugins: BindingPlugins): string | undefined {
  const podNetwork = vmi.spec.networks?.find(({ pod }) => pod !== undefined);
  if (interfacesOf(vmi).length === 0 || podNetwork === undefined) return undefined;
  const primary = interfacesOf(vmi).find(({ name }) => name === podNetwork.name);
  if (primary === undefined) return `no primary interface found for network ${podNetwork.name}`;
  if (primary.masquerade !== undefined || primary.passtBinding !== undefined) return undefined;
  if (primary.bridge !== undefined && vmi.metadata.annotations?.[allowPodBridge] !== undefined)
    return undefined;
  if (primary.binding !== undefined && plugins[primary.binding.name]?.migration !== undefined)
    return undefined;
  return "cannot migrate VMI which does not use masquerade or a migratable plugin to connect to the pod network";
}

const allowPodBridge = "kubevirt.io/allow-pod-bridge-network-live-migration";
