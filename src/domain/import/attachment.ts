// What a NIC is attached to, told by its binding and its NAD: the inverse of compile/attachment.ts.
import { isDeepStrictEqual } from "node:util";
import type { Catalogue, PhysicalNetwork } from "../catalogue.ts";
import { readCniConfig, resourceNameAnnotation, typeOfPlugin } from "../network/cni.ts";
import { compileAttachment } from "../network/generated-nad.ts";
import type { NetworkAttachmentDefinition, VmInterface, VmNetwork } from "../objects/kubernetes.ts";
import { fullNadName } from "../names.ts";
import type { NetworkConfig, NetworkType } from "../spec.ts";

export type AttachmentRead = Pick<NetworkConfig, "type" | "nadName" | "physicalNetwork" | "vlanId" | "mtu">;

export interface AttachmentSources {
  readonly namespace: string;
  /** By NAMESPACE/NAME. */
  readonly nads: ReadonlyMap<string, NetworkAttachmentDefinition>;
  readonly catalogue: Catalogue;
}

/** What the binding alone tells; an Open vSwitch NIC looks like a bridge NIC. */
export function typeOf(nic: VmInterface): NetworkType {
  if (nic.masquerade !== undefined || nic.passtBinding !== undefined) return "pod";
  if (nic.sriov !== undefined) return "sriov";
  return nic.binding === undefined ? "bridge" : "macvlan";
}

/**
 * A NAD that is exactly what would be made here is given as its physical network, any other one by its name: with the
 * same content under another name the NIC would move to a new NAD for nothing.
 */
export function readAttachment(
  nic: VmInterface,
  network: VmNetwork | undefined,
  sources: AttachmentSources,
): AttachmentRead {
  const nadName = network?.multus?.networkName;
  if (nadName === undefined) return { type: network?.pod === undefined ? typeOf(nic) : "pod" };
  const nad = sources.nads.get(fullNadName(nadName, sources.namespace));
  if (nad === undefined) return { type: typeOf(nic), nadName };
  const generated = asGenerated(nad, sources);
  if (generated !== undefined) return generated;
  const cni = readCniConfig(nad);
  if ("problem" in cni) return { type: typeOf(nic), nadName };
  const plain = nic.bridge !== undefined;
  const known = typeOfPlugin(cni.type);
  return {
    type: plain && (known === "bridge" || known === "ovs") ? known : typeOf(nic),
    nadName,
    ...(cni.vlan === 0 ? {} : { vlanId: cni.vlan }),
  };
}

/** The physical network, VLAN and MTU that this NAD would be made for; undefined for a NAD of any other content. */
function asGenerated(
  nad: NetworkAttachmentDefinition,
  { namespace, catalogue }: AttachmentSources,
): AttachmentRead | undefined {
  if (nad.metadata.namespace !== namespace) return undefined;
  const cni = readCniConfig(nad);
  if ("problem" in cni) return undefined;
  const defaultsFirst = catalogue.physicalNetworks.toSorted((a, b) => Number(b.default) - Number(a.default));
  for (const network of defaultsFirst) {
    const vlanId = vlanOn(network, cni.vlan, cni.resourceName ?? "");
    const made = compileAttachment({ vlanId, mtu: cni.mtu }, network, namespace);
    if (!hasSameContent(made, nad)) continue;
    return {
      type: network.type,
      physicalNetwork: network.name,
      ...(vlanId === 0 ? {} : { vlanId }),
      ...(cni.mtu === undefined ? {} : { mtu: cni.mtu }),
    };
  }
  return undefined;
}

/** Multus hands the configuration on, and the annotation asks for the device: nothing else of a NAD counts. */
export function hasSameContent(a: NetworkAttachmentDefinition, b: NetworkAttachmentDefinition): boolean {
  return (
    a.metadata.name === b.metadata.name &&
    a.metadata.annotations?.[resourceNameAnnotation] === b.metadata.annotations?.[resourceNameAnnotation] &&
    isDeepStrictEqual(configOf(a), configOf(b))
  );
}

function configOf(nad: NetworkAttachmentDefinition): unknown {
  const cni = readCniConfig(nad);
  return "problem" in cni ? nad.spec?.config : (JSON.parse(nad.spec?.config ?? "null") as unknown);
}

/** A macvtap NIC's VLAN stands in the name of its device. */
function vlanOn(network: PhysicalNetwork, vlan: number, resourceName: string): number {
  if (network.type !== "macvlan" || network.implementation !== "macvtap") return vlan;
  const [before, after] = network.vlanResourceName?.split("{vlan}") ?? [];
  if (before === undefined || after === undefined || resourceName === network.resourceName) return 0;
  const number = resourceName.slice(before.length, resourceName.length - after.length);
  return resourceName === `${before}${number}${after}` && /^[1-9]\d{0,3}$/.test(number) ? Number(number) : 0;
}
