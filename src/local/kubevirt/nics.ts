// Reads the two lists that define a VM's NICs: spec.networks and spec.domain.devices.interfaces.
import { createHash } from "node:crypto";
import type { VirtualMachineInstanceSpec, VmInterface, VmNetwork } from "../../domain/objects/kubernetes.ts";

/** Interfaces and networks are matched by name. */
export interface NicLists {
  readonly interfaces: readonly VmInterface[];
  readonly networks: readonly VmNetwork[];
}

export function nicLists(spec: VirtualMachineInstanceSpec): NicLists {
  return { interfaces: spec.domain.devices.interfaces ?? [], networks: spec.networks ?? [] };
}

/** The last of several items with the same name wins, as in KubeVirt. */
export function byName<T extends { readonly name?: string | undefined }>(list: readonly T[]): Map<string, T> {
  return new Map(list.map((item) => [item.name ?? "", item]));
}

/** The networks that have an interface, in the order of the interfaces. */
export function networksOf(
  interfaces: readonly VmInterface[],
  networks: readonly VmNetwork[],
): readonly VmNetwork[] {
  const known = byName(networks);
  return interfaces.flatMap(({ name }) => known.get(name) ?? []);
}

/** True for a Multus network other than the default one. */
export function isSecondary(network: VmNetwork): boolean {
  return network.multus !== undefined && network.multus.default !== true;
}

/** The network behind the pod's eth0: the pod network or a Multus default network. */
export function defaultNetwork(networks: readonly VmNetwork[]): VmNetwork | undefined {
  return networks.find((network) => network.pod !== undefined || network.multus?.default === true);
}

/**
 * The name of a secondary network's interface in the pod: `pod` and the first 11 hex digits of the SHA-256 of the
 * network's name in the VM (pkg/network/namescheme). It does not depend on the NAD.
 */
export function podInterfaceName(networkName: string): string {
  return `pod${createHash("sha256").update(networkName).digest("hex").slice(0, 11)}`;
}

/** Splits `namespace/name`; without a namespace it is the VM's. */
export function qualifiedNad(networkName: string, namespace: string): { namespace: string; name: string } {
  const slash = networkName.indexOf("/");
  return slash < 0
    ? { namespace, name: networkName }
    : { namespace: networkName.slice(0, slash), name: networkName.slice(slash + 1) };
}
