// Which NIC changes of a VM apply to its running VMI, and which NICs leave the lists once they are unplugged
// (KubeVirt: pkg/network/controllers/vm.go).
import type { VmInterface, VmNetwork, VmiInterfaceStatus } from "../../../domain/objects/kubernetes.ts";
import { byName, isSecondary, networksOf, nicLists, type NicLists } from "../nics.ts";
import type { Vm, Vmi } from "./objects.ts";

/**
 * The NIC lists that the VMI should have: new bridge and SR-IOV NICs are added at the end, `state` and the NAD follow the
 * VM, and a NIC that is absent and no longer in the status is removed. Other changes wait for the next start.
 */
export function vmiNics(vm: Vm, vmi: Vmi): NicLists {
  const wanted = nicLists(vm.spec.template.spec);
  const reported = byName(vmi.status?.interfaces ?? []);
  const plugged = withRequests(wanted, nicLists(vmi.spec), mayUnplug(vmi));
  const interfaces = plugged.interfaces.filter((nic) => nic.state !== "absent" || reported.has(nic.name));
  return { interfaces, networks: withNads(wanted.networks, networksOf(interfaces, plugged.networks)) };
}

/** The NIC lists that the VM should have: without absent NICs that are in neither the VMI's spec nor its status. */
export function vmNics(
  vm: Vm,
  vmiInterfaces: readonly VmInterface[],
  reported: readonly VmiInterfaceStatus[],
): NicLists {
  const { interfaces, networks } = nicLists(vm.spec.template.spec);
  const known = new Set([...vmiInterfaces, ...reported].map(({ name }) => name));
  const retained = interfaces.filter((nic) => nic.state !== "absent" || known.has(nic.name));
  return { interfaces: retained, networks: networksOf(retained, networks) };
}

function withRequests(wanted: NicLists, current: NicLists, unplug: boolean): NicLists {
  const interfaces = current.interfaces.map((nic) => ({ ...nic }));
  const networks = [...current.networks];
  const running = byName(interfaces);
  const wantedNetworks = byName(wanted.networks);
  for (const nic of wanted.interfaces) {
    const plugged = running.get(nic.name);
    if (plugged === undefined) {
      const network = wantedNetworks.get(nic.name);
      if (isPluggable(nic) && network !== undefined) {
        interfaces.push(nic);
        networks.push(network);
      }
    } else if (plugged.state !== "absent" && (nic.state !== "absent" || unplug)) {
      if (nic.state === undefined) delete plugged.state;
      else plugged.state = nic.state;
    }
  }
  return { interfaces, networks };
}

/** NICs of binding plugins cannot be plugged, and KubeVirt does not report that. */
function isPluggable(nic: VmInterface): boolean {
  return nic.state !== "absent" && (nic.bridge !== undefined || nic.sriov !== undefined);
}

/**
 * Pods of old KubeVirt versions name their interfaces net1, net2, …, and an unplug would change the numbers. While the
 * status has no names, KubeVirt assumes such a pod.
 */
function mayUnplug(vmi: Vmi): boolean {
  const secondary = nicLists(vmi.spec).networks.filter(isSecondary);
  if (secondary.length === 0) return true;
  const reported = byName(vmi.status?.interfaces ?? []);
  const known = secondary
    .map(({ name }) => reported.get(name)?.podInterfaceName ?? "")
    .find((podInterface) => podInterface !== "");
  return known !== undefined && !/^net\d+$/.test(known);
}

function withNads(wanted: readonly VmNetwork[], current: readonly VmNetwork[]): readonly VmNetwork[] {
  const nads = byName(wanted);
  return current.map((network) => {
    const nad = nads.get(network.name)?.multus?.networkName;
    return network.multus === undefined || nad === undefined
      ? network
      : { ...network, multus: { ...network.multus, networkName: nad } };
  });
}
