// The networks that the VMs of a namespace may attach to, physical networks and NADs, and which VMs use them.
import { bounded } from "../bounded-text.ts";
import { compareParts, nadNamesOf } from "../names.ts";
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
  /** NAMESPACE/NAME, by namespace, then name: the first 1,000. */
  readonly usedBy: readonly string[];
  readonly omittedUsedByCount: number;
  /** Why no NIC can attach to it; empty if a NIC can. */
  readonly problem: string;
}

/** All VMs of a large cluster may use one network. */
const maxUsers = 1_000;
/** Nothing limits the texts in the configuration of a NAD. */
const maxWord = 253;
const maxProblem = 1_024;

/** Physical networks in the order of the catalogue, then NADs by namespace and name. */
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
        ...firstUsers(usedBy.get(`physical:${name}`)),
        problem: "",
      };
    });
  const usable = [...nads]
    .map((nad) => ({ nad, name: `${nad.metadata.namespace}/${nad.metadata.name}` }))
    .filter(({ nad, name }) => nad.metadata.namespace === namespace || catalogue.sharedNads.includes(name))
    .toSorted((a, b) => compareParts(a.name.split("/"), b.name.split("/")))
    .map(({ nad, name }) => attachableNad(nad, name, catalogue, usedBy.get(`nad:${name}`)));
  return [...physical, ...usable];
}

function attachableNad(
  nad: NetworkAttachmentDefinition,
  name: string,
  catalogue: Catalogue,
  usedBy: readonly string[] | undefined,
): AttachableNetwork {
  const cni = readCniConfig(nad);
  const common = {
    reference: { kind: "nad", name },
    isDefault: false,
    generated: isManaged(nad),
    ...firstUsers(usedBy),
  } as const;
  if ("problem" in cni) {
    const none = { type: undefined, vlans: [], allowsUntagged: false, mtu: undefined, cniType: "" };
    return { ...common, ...none, problem: bounded(cni.problem, maxProblem) };
  }
  const vlan = vlanOfNad(cni, catalogue);
  return {
    ...common,
    type: typeOfPlugin(cni.type),
    vlans: vlan === undefined || vlan === 0 ? [] : [{ first: vlan, last: vlan }],
    allowsUntagged: vlan === 0,
    mtu: cni.mtu,
    cniType: bounded(cni.type, maxWord),
    problem: cannotCarryVm(cni.type)
      ? `${bounded(cni.type, maxWord)} cannot carry a VM`
      : bounded(refusalOfPlugin(cni) ?? "", maxProblem),
  };
}

function firstUsers(users: readonly string[] = []): Pick<AttachableNetwork, "usedBy" | "omittedUsedByCount"> {
  return {
    usedBy: users.slice(0, maxUsers),
    omittedUsedByCount: Math.max(0, users.length - maxUsers),
  };
}

/** NAMESPACE/NAME of VMs, in order, by the networks that they use: NADs from the VM, physical networks only from recorded specs. */
function usersByNetwork(vms: Iterable<RecordedVm>): ReadonlyMap<string, readonly string[]> {
  const users = new Map<string, Set<string>>();
  const use = (network: string, vm: string): void => {
    const vms = users.get(network) ?? new Set();
    users.set(network, vms.add(vm));
  };
  for (const { vm, record } of vms) {
    const { namespace = "", name } = vm.metadata;
    // As text, a NUL sorts before every character of a name, so that namespaces are compared first.
    const id = `${namespace}\0${name}`;
    for (const nad of nadNamesOf(vm)) use(`nad:${nad}`, id);
    for (const { physicalNetwork } of record.spec?.networks ?? []) {
      if (physicalNetwork !== undefined) use(`physical:${physicalNetwork}`, id);
    }
  }
  return new Map(
    [...users].map(([network, ids]) => [network, [...ids].toSorted().map((id) => id.replace("\0", "/"))]),
  );
}
