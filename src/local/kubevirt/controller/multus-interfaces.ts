// virt-controller's part of a VMI's status.interfaces: which NICs Multus attached to the pod, and their names there
// (KubeVirt: pkg/network/controllers/vmi.go). virt-handler writes everything else.
import type { VmNetwork, VmiInterfaceStatus } from "../../../domain/objects/kubernetes.ts";
import type { Pod } from "../resources.ts";
import { networkStatuses, secondaryByInterface } from "../network-status.ts";
import { byName, defaultNetwork, isSecondary, nicLists, podInterfaceName } from "../nics.ts";
import { addSource, multusStatus, removeSource } from "../info-source.ts";
import type { Vmi } from "./objects.ts";

/** The default network first, then the secondary ones in the order of the spec, then those that are not in the spec. */
export function multusInterfaces(vmi: Vmi, pod: Pod): VmiInterfaceStatus[] {
  const { networks } = nicLists(vmi.spec);
  const known = vmi.status?.interfaces ?? [];
  const specified = new Set(networks.map(({ name }) => name));
  return [
    ...primary(networks, known, pod),
    ...secondary(networks, known, pod),
    ...known.filter(({ name }) => !specified.has(name ?? "")),
  ];
}

function primary(
  networks: readonly VmNetwork[],
  known: readonly VmiInterfaceStatus[],
  pod: Pod,
): VmiInterfaceStatus[] {
  const network = defaultNetwork(networks);
  if (network === undefined) return [];
  const attached = networkStatuses(pod).find((status) => status.default === true)?.interface;
  const status = known.find(({ name }) => name === network.name) ?? { name: network.name };
  return [{ ...status, podInterfaceName: attached ?? "eth0" }];
}

function secondary(
  networks: readonly VmNetwork[],
  known: readonly VmiInterfaceStatus[],
  pod: Pod,
): VmiInterfaceStatus[] {
  const statuses = byName(known);
  const attached = secondaryByInterface(pod);
  return networks.filter(isSecondary).flatMap(({ name }) => {
    const podInterface = podInterfaceName(name);
    const status = statuses.get(name);
    if (attached.has(podInterface)) {
      const infoSource = addSource(status?.infoSource, multusStatus);
      return [{ name, ...status, infoSource, podInterfaceName: podInterface }];
    }
    if (status === undefined) return [];
    const infoSource = removeSource(status.infoSource, multusStatus);
    return [{ ...status, infoSource, podInterfaceName: podInterface }];
  });
}
