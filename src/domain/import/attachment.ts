// What a NIC is attached to, by its binding and its NAD: the inverse of network/generated-nad.ts.
import { isDeepStrictEqual } from "node:util";
import type { Catalogue } from "../catalogue.ts";
import { bindingKindOf, typeOf } from "../bindings.ts";
import { carrierOf, carrierOfNads, typeOfPlugin } from "../network/carriers/carriers.ts";
import { type CniConfig, readCniConfig, resourceNameAnnotation } from "../network/cni.ts";
import { vlanOfNad } from "../network/nad-vlan.ts";
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
 * A NAD that is the same as the one that multinic would generate is returned as its physical network, any other one by its
 * name: if only the name differed, the NIC would be moved to a new NAD without need.
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
  const vlanId = vlanOfNad(cni, sources.catalogue);
  return {
    type: typeOnNad(nic, cni),
    nadName,
    ...(vlanId === undefined || vlanId === 0 ? {} : { vlanId }),
  };
}

/** By the plugin of the NAD, which is more specific than the binding, if the two fit each other. */
function typeOnNad(nic: VmInterface, { type: plugin }: CniConfig): NetworkType {
  const type = typeOfPlugin(plugin);
  return type !== undefined && bindingKindOf(nic) === carrierOfNads(type).usualBinding.kind
    ? type
    : typeOf(nic);
}

/** The physical network, VLAN and MTU for which multinic would generate this NAD; undefined for any other NAD. */
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
    if (vlanId === undefined) continue;
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

/** Compares what has an effect: the configuration, and the annotation that requests the device. */
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
