// What a NIC is attached to, by its binding and its NAD: the inverse of network/generated-nad.ts.
import { isDeepStrictEqual } from "node:util";
import type { Catalogue } from "../catalogue.ts";
import { bindingKindOf, typeOf } from "../bindings.ts";
import { carrierOf, carrierOfNads, typeOfPlugin } from "../network/carriers/carriers.ts";
import { type CniConfig, readCniConfig, resourceNameAnnotation } from "../network/cni.ts";
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
  return {
    type: typeOnNad(nic, cni),
    nadName,
    ...(cni.vlan === 0 ? {} : { vlanId: cni.vlan }),
  };
}

/** The NAD's plugin says more than the binding, if they belong together. */
function typeOnNad(nic: VmInterface, { type: plugin }: CniConfig): NetworkType {
  const type = typeOfPlugin(plugin);
  return type !== undefined && bindingKindOf(nic) === carrierOfNads(type).usualBinding.kind
    ? type
    : typeOf(nic);
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
    const vlanId = carrierOf(network).vlanOf(network, cni);
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
