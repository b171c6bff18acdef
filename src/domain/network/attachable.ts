// The networks that the VMs of a namespace may attach to, physical networks and NADs, and which VMs use them.
import { nadNamesOf } from "../names.ts";
import type { Catalogue, VlanRange } from "../catalogue.ts";
import { typeOfPlugin } from "./carriers/carriers.ts";
import { refusalOfPlugin } from "./cni-refusal.ts";
import { cannotCarryVm, readCniConfig } from "./cni.ts";
import { vlanOfNad } from "./nad-vlan.ts";
import type { NetworkAttachmentDefinition } from "../objects/kubernetes.ts";
import { isManaged } from "../objects/ownership.ts";
import type { RecordedVm } from "../facts.ts";
import type { NetworkType } from "../spec.ts";

export interface AttachableNetwork {
  readonly reference:
    | { readonly kind: "physical"; readonly name: string }
    /** NAMESPACE/NAME. */
    | { readonly kind: "nad"; readonly name: string };
  /** undefined for an unknown CNI plugin. */
  readonly type: NetworkType | undefined;
  readonly isDefault: boolean;
  /** Of a NAD: its VLAN. If it also does not allow untagged NICs, its VLAN is not known. */
  readonly vlans: readonly VlanRange[];
  readonly allowsUntagged: boolean;
  /** undefined if it is not known. */
  readonly mtu: number | undefined;
  /** Empty for a physical network. */
  readonly cniType: string;
  readonly generated: boolean;
  /** NAMESPACE/NAME, in order. */
  readonly usedBy: readonly string[];
  /** Why no NIC can attach to it; empty if a NIC can. */
  readonly problem: string;
}

/** Physical networks in the order of the catalogue, then NADs by name. */
export function attachableNetworks(
  namespace: string,
  catalogue: Catalogue,
  nads: Iterable<NetworkAttachmentDefinition>,
  vms: Iterable<RecordedVm>,
): readonly AttachableNetwork[] {
  const usedBy = usersByNetwork(vms);
  const physical = catalogue.physicalNetworks
    .filter(({ namespaces }) => namespaces === undefined || namespaces.includes(namespace))
    .map((network): AttachableNetwork => {
      const { name, type, vlans, untagged, mtu } = network;
      return {
        reference: { kind: "physical", name },
        type,
        isDefault: network.default,
        vlans,
        allowsUntagged: untagged,
        mtu,
        cniType: "",
        generated: false,
        usedBy: usedBy.get(`physical:${name}`) ?? [],
        problem: "",
      };
    });
  const usable = [...nads]
    .map((nad) => ({ nad, name: `${nad.metadata.namespace}/${nad.metadata.name}` }))
    .filter(({ nad, name }) => nad.metadata.namespace === namespace || catalogue.sharedNads.includes(name))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ nad, name }) => attachableNad(nad, name, catalogue, usedBy.get(`nad:${name}`) ?? []));
  return [...physical, ...usable];
}

function attachableNad(
  nad: NetworkAttachmentDefinition,
  name: string,
  catalogue: Catalogue,
  usedBy: readonly string[],
): AttachableNetwork {
  const cni = readCniConfig(nad);
  const common = {
    reference: { kind: "nad", name },
    isDefault: false,
    generated: isManaged(nad),
    usedBy,
  } as const;
  if ("problem" in cni) {
    const none = { type: undefined, vlans: [], allowsUntagged: false, mtu: undefined, cniType: "" };
    return { ...common, ...none, problem: cni.problem };
  }
  const vlan = vlanOfNad(cni, catalogue);
  return {
    ...common,
    type: typeOfPlugin(cni.type),
    vlans: vlan === undefined || vlan === 0 ? [] : [{ first: vlan, last: vlan }],
    allowsUntagged: vlan === 0,
    mtu: cni.mtu,
    cniType: cni.type,
    problem: cannotCarryVm(cni.type) ? `${cni.type} cannot carry a VM` : (refusalOfPlugin(cni) ?? ""),
  };
}

/** VMs by the networks that they use: NADs from the VM, physical networks only from recorded specs. */
function usersByNetwork(vms: Iterable<RecordedVm>): ReadonlyMap<string, readonly string[]> {
  const users = new Map<string, Set<string>>();
  const use = (network: string, vm: string): void => {
    const vms = users.get(network) ?? new Set();
    users.set(network, vms.add(vm));
  };
  for (const { vm, record } of vms) {
    const { namespace = "", name } = vm.metadata;
    for (const nad of nadNamesOf(vm)) use(`nad:${nad}`, `${namespace}/${name}`);
    for (const { physicalNetwork } of record.spec?.networks ?? []) {
      if (physicalNetwork !== undefined) use(`physical:${physicalNetwork}`, `${namespace}/${name}`);
    }
  }
  return new Map([...users].map(([network, vms]) => [network, [...vms].toSorted()]));
}
