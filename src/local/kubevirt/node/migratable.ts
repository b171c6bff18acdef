// Whether a VMI can migrate as far as its networks go: the condition LiveMigratable (KubeVirt 1.9
// pkg/network/vmispec VerifyVMIMigratable).
import type { VirtualMachineInstance } from "../../../domain/objects.ts";
import type { BindingPlugins } from "../configuration.ts";
import { interfacesOf } from "./domain.ts";

/** undefined when it can; else the condition's message, whose reason is InterfaceNotLiveMigratable. */
export function whyNotMigratable(vmi: VirtualMachineInstance, plugins: BindingPlugins): string | undefined {
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
