// Reads the catalogue from the operator's configuration, in YAML or JSON, by tables of its fields.
import {
  builtInCatalogue,
  type Catalogue,
  type PhysicalNetwork,
  type PhysicalNetworkBase,
} from "../catalogue.ts";
import { readMapping } from "../document/read-value.ts";
import {
  type Field,
  type FieldsOf,
  flag,
  list,
  type MappingShape,
  requiredText,
  type Shape,
  text,
  unread,
  word,
} from "../document/shape.ts";
import { type ParsedYaml, parseYaml } from "../document/yaml.ts";
import { type Finding, finding } from "../findings.ts";
import { parseCidr } from "../ip.ts";
import { isMapping } from "../objects/mapping.ts";
import { carriedTypes, type CarriedType, carriers, carriersOfType } from "./carriers/carriers.ts";

/** The catalogue; absent if there is any finding. */
export interface ReadCatalogue extends Pick<ParsedYaml, "findings" | "lineOf"> {
  readonly catalogue?: Catalogue;
}

/** Reads one document strictly: unknown fields are errors, and empty values do not count as absent. */
export function readCatalogue(document: string): ReadCatalogue {
  const { value, ...parsed } = parseYaml(document);
  if (value === undefined) return parsed;
  const found = [...parsed.findings];
  const read = readMapping({ kind: "mapping", fields: catalogueFields }, value, "", {
    apiNames: false,
    strict: true,
    report: (problem) => void found.push(problem),
  });
  // The tables have exactly the fields of a catalogue, and every value that does not fit has a finding.
  const catalogue = read as unknown as Catalogue;
  const findings = found.length > 0 ? found : givenTwice(catalogue.physicalNetworks);
  if (findings.length > 0) return { ...parsed, findings };
  return {
    ...parsed,
    catalogue: { ...catalogue, physicalNetworks: catalogue.physicalNetworks.map(withCarrier) },
  };
}

const vlanRange: Shape = {
  kind: "parsed",
  expected: "a VLAN or a range of VLANs from 1 to 4094",
  parse(value) {
    const given = typeof value === "number" ? String(value) : value;
    if (typeof given !== "string") return undefined;
    const [, first, last = first] = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(given) ?? [];
    const range = { first: Number(first), last: Number(last) };
    return range.first >= 1 && range.last <= 4094 && range.first <= range.last ? range : undefined;
  },
};

const allVlans: Shape = {
  kind: "parsed",
  expected: "`all` or a list such as [100, 200-299]",
  parse: (value) => (value === "all" ? [{ first: 1, last: 4094 }] : undefined),
};

const vlans: Field = {
  shape: {
    kind: "chosen",
    of: (value) => (Array.isArray(value) ? { kind: "list", of: vlanRange } : allVlans),
  },
  otherwise: [],
};

/** The fields of every physical network. */
export const networkFields: FieldsOf<PhysicalNetworkBase & Pick<PhysicalNetwork, "type">> = {
  name: requiredText,
  type: { ...word(carriedTypes), required: true },
  default: { ...flag, otherwise: false },
  vlans,
  reservedVlans: vlans,
  untagged: { ...flag, otherwise: true },
  mtu: { shape: { kind: "integer", min: 576, max: 65_535 }, otherwise: 1500 },
  namespaces: { ...list({ kind: "text" }), otherwise: undefined },
};

/** In addition, the fields of the physical networks of one type and carrier. */
export function fieldsOfType(type: CarriedType, implementation: unknown): Readonly<Record<string, Field>> {
  const words = carriersOfType[type].map((name) => carriers[name].implementation);
  const { settings } = carriers[carrierFor(type, implementation)];
  return { ...(words.length > 1 ? { implementation: word(words) } : {}), ...settings };
}

/** For an unknown type, which has its own finding, the fields of all types are accepted and ignored. */
function physicalNetwork(given: unknown): MappingShape {
  const { type, implementation } = isMapping(given) ? given : {};
  const known = carriedTypes.find((candidate) => candidate === type);
  const anyType = [
    "implementation",
    ...Object.values(carriers).flatMap(({ settings }) => Object.keys(settings)),
  ];
  const own =
    known === undefined
      ? Object.fromEntries(anyType.map((name) => [name, unread]))
      : fieldsOfType(known, implementation);
  return { kind: "mapping", fields: { ...networkFields, ...own } };
}

/** The carrier that `implementation` names, else the first of the type. */
function carrierFor(type: CarriedType, implementation: unknown): PhysicalNetwork["carrier"] {
  const names: readonly PhysicalNetwork["carrier"][] = carriersOfType[type];
  return names.find((name) => carriers[name].implementation === implementation) ?? carriersOfType[type][0];
}

function withCarrier(read: PhysicalNetwork & { readonly implementation?: string }): PhysicalNetwork {
  const { implementation, ...network } = read;
  return { ...network, carrier: carrierFor(network.type, implementation) } as PhysicalNetwork;
}

/** The fields of the file. */
export const catalogueFields: FieldsOf<Catalogue> = {
  physicalNetworks: { ...list({ kind: "chosen", of: physicalNetwork }), otherwise: [] },
  sharedNads: {
    ...list({
      kind: "parsed",
      expected: "NAMESPACE/NAME",
      parse: (value) => (typeof value === "string" && /^[^\s/]+\/[^\s/]+$/.test(value) ? value : undefined),
    }),
    otherwise: [],
  },
  clusterCidrs: {
    ...list({
      kind: "parsed",
      expected: "a network with its prefix length, such as 10.96.0.0/12",
      parse(value) {
        const cidr = typeof value === "string" ? parseCidr(value) : undefined;
        return cidr !== undefined && "value" in cidr ? cidr.value.network : undefined;
      },
    }),
    otherwise: [],
  },
  defaultImage: { ...text, otherwise: builtInCatalogue().defaultImage },
};

function givenTwice(networks: readonly PhysicalNetwork[]): readonly Finding[] {
  return networks.flatMap((network, index) => {
    const { name, type } = network;
    const earlier = networks.slice(0, index);
    const at = (field: string, problem: string): Finding =>
      finding("DOCUMENT_INVALID", `physicalNetworks[${index}].${field}`, { problem });
    return [
      ...(earlier.some((other) => other.name === name)
        ? [at("name", `there are two physical networks named ${name}`)]
        : []),
      ...(network.default && earlier.some((other) => other.default && other.type === type)
        ? [at("default", `there are two default physical networks of type ${type}`)]
        : []),
    ];
  });
}
