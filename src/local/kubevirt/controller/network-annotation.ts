// The annotations by which a virt-launcher pod requests its networks from Multus
// (KubeVirt: pkg/network/multus/annotation.go, pkg/network/pod/annotations).
import type { VmInterface } from "../../../domain/objects/kubernetes.ts";
import type { BindingPlugin } from "../configuration.ts";
import {
  byName,
  isSecondary,
  networksOf,
  nicLists,
  podInterfaceName,
  qualifiedNad,
  type NicLists,
} from "../nics.ts";
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
  const interfaces = present(nicLists(vmi.spec).interfaces);
  return selections(
    vmi,
    { interfaces, networks: networksOf(interfaces, nicLists(vmi.spec).networks) },
    plugins,
  );
}

/**
 * Value of the same annotation for a running pod: with new bridge NICs, without removed ones. SR-IOV NICs that are not
 * plugged yet come with the next pod. Undefined when there is nothing to change.
 */
export function runningNetworksAnnotation(vmi: Vmi, plugins: Plugins): string | undefined {
  const { interfaces, networks } = nicLists(vmi.spec);
  const reported = byName(vmi.status?.interfaces ?? []);
  const wanted = present(interfaces);
  const listed = wanted.filter((nic) => nic.sriov === undefined || reported.has(nic.name));
  const changes = wanted.length < interfaces.length || listed.some((nic) => !reported.has(nic.name));
  // An empty value is written too, so that the last NIC can be unplugged.
  return changes
    ? (selections(vmi, { interfaces: listed, networks: networksOf(listed, networks) }, plugins) ?? "")
    : undefined;
}

/** Value of `v1.multus-cni.io/default-network`: the NAD as the VM writes it. */
export function defaultNetworkAnnotation(vmi: Vmi): string | undefined {
  return nicLists(vmi.spec).networks.find(({ multus }) => multus?.default === true)?.multus?.networkName;
}

function present(interfaces: readonly VmInterface[]): readonly VmInterface[] {
  return interfaces.filter(({ state }) => state !== "absent");
}

function selections(vmi: Vmi, nics: NicLists, plugins: Plugins): string | undefined {
  const namespace = vmi.metadata.namespace ?? "";
  const interfaces = byName(nics.interfaces);
  const list = nics.networks.flatMap((network): NetworkSelection[] => {
    const nic = interfaces.get(network.name);
    const own = isSecondary(network)
      ? [attachment(network.multus?.networkName ?? "", namespace, nic, network.name)]
      : [];
    return [...own, ...pluginAttachment(nic, namespace, plugins)];
  });
  return list.length === 0 ? undefined : JSON.stringify(list);
}

function attachment(
  networkName: string,
  vmNamespace: string,
  nic: VmInterface | undefined,
  name: string,
): NetworkSelection {
  const mac = nic?.macAddress ?? "";
  const nad = qualifiedNad(networkName, vmNamespace);
  // The order of the fields is that of KubeVirt's JSON.
  return {
    name: nad.name,
    namespace: nad.namespace,
    ...(mac === "" ? {} : { mac }),
    interface: podInterfaceName(name),
  };
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
