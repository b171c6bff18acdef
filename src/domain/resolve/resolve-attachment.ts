// Resolves what a NIC attaches to (a given NAD, a physical network of the catalogue, or the pod network) and its binding.
import type { Binding } from "../bindings.ts";
import { type Catalogue, defaultPhysicalNetwork, findPhysicalNetwork } from "../catalogue.ts";
import { nearest } from "../nearest.ts";
import { finding, type Finding } from "../findings.ts";
import { removeField, replaceWith } from "../fix.ts";
import { parseNadName } from "../names.ts";
import { bindingOfType, carrierOf } from "../network/carriers/carriers.ts";
import type { Attachment } from "../nic.ts";
import type { NetworkConfig } from "../spec.ts";

interface ResolvedAttachment {
  readonly attachment: Attachment | undefined;
  readonly binding: Binding;
  readonly findings: readonly Finding[];
}

export function resolveAttachment(
  config: NetworkConfig,
  field: string,
  namespace: string,
  catalogue: Catalogue,
): ResolvedAttachment {
  const type = config.type ?? "bridge";
  if (type === "pod") return { attachment: { kind: "pod" }, binding: { kind: "masquerade" }, findings: [] };
  if (config.nadName !== undefined) {
    return givenNad(config, config.nadName, field, namespace, bindingOfType(type, catalogue));
  }

  const named = config.physicalNetwork;
  const unattached = (found: Finding): ResolvedAttachment => ({
    attachment: undefined,
    binding: bindingOfType(type, catalogue),
    findings: [found],
  });
  const network =
    named === undefined ? defaultPhysicalNetwork(catalogue, type) : findPhysicalNetwork(catalogue, named);
  if (network === undefined) {
    return unattached(
      named === undefined
        ? finding("PHYSICAL_NETWORK_MISSING", `${field}.type`, { type })
        : unknownNetwork(named, field, catalogue),
    );
  }
  if (network.type !== type) {
    const values = { name: network.name, has: network.type, type };
    const more = { fix: replaceWith(`${field}.type`, network.type), related: [`${field}.type`] };
    return unattached(finding("PHYSICAL_NETWORK_TYPE_MISMATCH", `${field}.physicalNetwork`, values, more));
  }
  const binding = carrierOf(network).binding(network);
  return { attachment: { kind: "generated", network }, binding, findings: [] };
}

function unknownNetwork(name: string, nic: string, { physicalNetworks }: Catalogue): Finding {
  const names = physicalNetworks.map((network) => network.name);
  const field = `${nic}.physicalNetwork`;
  const meant = nearest(name, names);
  const values = { name, known: names.join(", ") || "none" };
  const fix = meant === undefined ? {} : { fix: replaceWith(field, meant) };
  return finding("PHYSICAL_NETWORK_NOT_FOUND", field, values, fix);
}

function givenNad(
  config: NetworkConfig,
  nadName: string,
  field: string,
  namespace: string,
  binding: Binding,
): ResolvedAttachment {
  const findings: Finding[] = [];
  if (config.physicalNetwork !== undefined) {
    const at = `${field}.physicalNetwork`;
    const more = { fix: removeField(at), related: [`${field}.nadName`] };
    findings.push(finding("NETWORK_SOURCE_CONFLICT", at, {}, more));
  }
  const named = parseNadName(nadName, namespace);
  if (named === undefined) {
    findings.push(finding("NETWORK_NAME_INVALID", `${field}.nadName`, { given: nadName }));
    return { attachment: undefined, binding, findings };
  }
  return { attachment: { kind: "given", ...named }, binding, findings };
}
