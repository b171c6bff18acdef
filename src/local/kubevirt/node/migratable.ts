// Whether a VMI can migrate as far as its networks go, and its CPU features: the condition LiveMigratable (KubeVirt 1.9
// pkg/network/vmispec VerifyVMIMigratable, virt-handler calculateLiveMigrationCondition).
import type { VirtualMachineInstance } from "../../../domain/objects/kubernetes.ts";
import type { BindingPlugins } from "../configuration.ts";
import { interfacesOf } from "./domain.ts";

/** Reason and message of a condition LiveMigratable that is False. */
export interface Obstacle {
  readonly reason: string;
  readonly message: string;
}

/** undefined when it can. */
export function whyNotMigratable(vmi: VirtualMachineInstance, plugins: BindingPlugins): Obstacle | undefined {
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
