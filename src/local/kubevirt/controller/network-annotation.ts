// The annotations by which a virt-launcher pod requests its networks from Multus
// (KubeVirt: pkg/network/multus/annotation.go, pkg/network/pod/annotations).
import type { VmInterface } from "../../../domain/objects/kubernetes.ts";
import type { BindingPlugin } from "../configuration.ts";
import { byName, isSecondary, networksOf, nicLists, podInterfaceName, qualifiedNad } from "../nics.ts";
import type { NetworkSelection } from "../network-status.ts";
import type { Vmi } from "./objects.ts";

type Plugins = ReadonlyMap<string, BindingPlugin>;

/** A NIC names a binding plugin that is not registered in the KubeVirt resource. */
export class UnknownBindingError extends Error {
  override readonly name = "UnknownBindingError";
}

/**
 * Value of `k8s.v1.cni.cncf.io/networks` for a new pod, without absent NICs; undefined when there is nothing to attach.
 * @throws UnknownBindingError
 */
export function networksAnnotation(vmi: Vmi, plugins: Plugins): string | undefined {
  return selections(vmi, present(nicLists(vmi.spec).interfaces), plugins);
}

/**
 * Value of the same annotation for a running pod: with new bridge NICs, without removed ones. SR-IOV NICs that are not
 * plugged yet come with the next pod. Undefined when there is nothing to change.
 */
export function runningNetworksAnnotation(vmi: Vmi, plugins: Plugins): string | undefined {
  const { interfaces } = nicLists(vmi.spec);
  const reported = byName(vmi.status?.interfaces ?? []);
  const wanted = present(interfaces);
  const listed = wanted.filter((nic) => nic.sriov === undefined || reported.has(nic.name));
  const changes = wanted.length < interfaces.length || listed.some((nic) => !reported.has(nic.name));
  // An empty value is written too, so that the last NIC can be unplugged.
  return changes ? (selections(vmi, listed, plugins) ?? "") : undefined;
}

/** Value of `v1.multus-cni.io/default-network`: the NAD as the VM writes it. */
export function defaultNetworkAnnotation(vmi: Vmi): string | undefined {
  return nicLists(vmi.spec).networks.find(({ multus }) => multus?.default === true)?.multus?.networkName;
}

function present(interfaces: readonly VmInterface[]): readonly VmInterface[] {
  return interfaces.filter(({ state }) => state !== "absent");
}

/** The attachments of the interfaces with a network, as JSON; undefined when there are none. */
function selections(vmi: Vmi, interfaces: readonly VmInterface[], plugins: Plugins): string | undefined {
  const vmNamespace = vmi.metadata.namespace ?? "";
  const nics = byName(interfaces);
  const list = networksOf(interfaces, nicLists(vmi.spec).networks).flatMap((network) => {
    const nic = nics.get(network.name);
    const attachments = pluginAttachment(nic, vmNamespace, plugins);
    if (!isSecondary(network)) return attachments;
    const { name, namespace } = qualifiedNad(network.multus?.networkName ?? "", vmNamespace);
    const mac = nic?.macAddress ?? "";
    // The order of the fields is that of KubeVirt's JSON.
    const own = { name, namespace, ...(mac !== "" && { mac }), interface: podInterfaceName(network.name) };
    return [own, ...attachments];
  });
  return list.length === 0 ? undefined : JSON.stringify(list);
}

function pluginAttachment(
  nic: VmInterface | undefined,
  vmNamespace: string,
  plugins: Plugins,
): NetworkSelection[] {
  if (nic?.binding === undefined) return [];
  const plugin = plugins.get(nic.binding.name);
  if (plugin === undefined) {
    throw new UnknownBindingError(`couldn't find configuration for network binding: ${nic.binding.name}`);
  }
  const nad = plugin.networkAttachmentDefinition ?? "";
  if (nad === "") return [];
  const { namespace, name } = qualifiedNad(nad, vmNamespace);
  return [{ name, namespace, "cni-args": { logicNetworkName: nic.name } }];
}
