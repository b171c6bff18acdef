// The catalogue file: YAML to physical networks, strictly. A wrong file stops the start with the line and the reason.
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from "yaml";
import {
  builtInCatalogue,
  type Catalogue,
  type PhysicalNetwork,
  type VlanRange,
} from "../domain/catalogue.ts";
import { parseCidr } from "../domain/ip.ts";
import { SettingsError } from "./settings.ts";

/** @throws SettingsError that names file, line and reason. */
export function parseCatalogue(text: string, file: string): Catalogue {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    logLevel: "error",
    prettyErrors: false,
  });
  const at = (offset = 0): string => `${file}:${Math.max(1, lines.linePos(offset).line)}`;
  const fail = (node: Node | null | undefined, reason: string): never => {
    throw new SettingsError(`${at(node?.range?.[0])}: ${reason}`);
  };
  const [syntaxError] = document.errors;
  if (syntaxError !== undefined) {
    const { code, message, pos } = syntaxError;
    const reason = code === "MULTIPLE_DOCS" ? "the file must hold one document" : message;
    throw new SettingsError(`${at(pos[0])}: ${reason}`);
  }
  const root = mappingOf(document.contents, fail, "the file must be a mapping with physicalNetworks");
  const fields = fieldsOf(root, catalogueFields.file, fail);
  const list = fields.get("physicalNetworks");
  const items = list === undefined ? [] : sequenceOf(list, fail, "physicalNetworks must be a list");
  const physicalNetworks = items.map((item) => readNetwork(item, fail));
  refuseDoubles(physicalNetworks, (index, reason) => fail(items[index], reason));
  const shared = fields.get("sharedNads");
  const cidrs = fields.get("clusterCidrs");
  const image = fields.get("defaultImage");
  return {
    physicalNetworks,
    sharedNads: shared === undefined ? [] : readSharedNads(shared, fail),
    clusterCidrs: cidrs === undefined ? [] : readCidrs(cidrs, fail),
    defaultImage: image === undefined ? builtInCatalogue().defaultImage : textOf(image, fail, "defaultImage"),
  };
}

type Fail = (node: Node | null | undefined, reason: string) => never;

/** Every field that the file may hold: its own, those of each physical network, and those of one kind. */
export const catalogueFields = {
  file: ["physicalNetworks", "sharedNads", "clusterCidrs", "defaultImage"],
  network: ["name", "type", "default", "vlans", "reservedVlans", "untagged", "mtu", "namespaces"],
  ofType: {
    bridge: ["bridge", "macSpoofCheck"],
    macvlan: ["implementation"],
    sriov: ["resourceName"],
    ovs: ["bridge"],
  },
  ofImplementation: {
    macvtap: ["resourceName", "vlanResourceName", "bindingPlugin"],
    bridge: ["bridge", "macSpoofCheck"],
  },
} as const;

const { ofType, ofImplementation } = catalogueFields;

/** One of the keys of a table; `otherwise` where the mapping has no such field. */
function keyIn<T extends object>(
  table: T,
  mapping: YAMLMap,
  name: string,
  fail: Fail,
  otherwise = "",
): keyof T {
  const node = mapping.get(name, true) as Node | undefined;
  const text = node === undefined ? otherwise : textOf(node, fail, name);
  return Object.hasOwn(table, text)
    ? (text as keyof T)
    : fail(node ?? mapping, `${name} must be one of ${Object.keys(table).join(", ")}`);
}

function readNetwork(node: Node, fail: Fail): PhysicalNetwork {
  const mapping = mappingOf(node, fail, "a physical network must be a mapping");
  const type = keyIn(ofType, mapping, "type", fail);
  const implementation =
    type === "macvlan" ? keyIn(ofImplementation, mapping, "implementation", fail, "macvtap") : undefined;
  const ofKind = implementation === undefined ? [] : ofImplementation[implementation];
  const fields = fieldsOf(mapping, [...catalogueFields.network, ...ofType[type], ...ofKind], fail);
  const text = (name: string): string => {
    const value = fields.get(name);
    return value === undefined
      ? fail(mapping, `${name} is required for type ${type}`)
      : textOf(value, fail, name);
  };
  const flag = (name: string, otherwise: boolean): boolean => {
    const value = fields.get(name);
    if (value === undefined) return otherwise;
    if (isScalar(value) && typeof value.value === "boolean") return value.value;
    return fail(value, `${name} must be true or false`);
  };
  const common = {
    name: text("name"),
    default: flag("default", false),
    vlans: readVlans(fields.get("vlans"), fail),
    reservedVlans: readVlans(fields.get("reservedVlans"), fail, "reservedVlans"),
    untagged: flag("untagged", true),
    mtu: readMtu(fields.get("mtu"), fail),
    namespaces: fields.has("namespaces")
      ? textsOf(fields.get("namespaces") as Node, fail, "namespaces must be a list of names")
      : undefined,
  };
  switch (type) {
    case "bridge":
      return {
        ...common,
        type,
        bridge: bridgeName(fields, text, fail),
        macSpoofCheck: flag("macSpoofCheck", true),
      };
    case "ovs":
      return { ...common, type, bridge: bridgeName(fields, text, fail) };
    case "sriov":
      return { ...common, type, resourceName: text("resourceName") };
    case "macvlan":
      if (implementation === "bridge") {
        const bridge = bridgeName(fields, text, fail);
        return { ...common, type, implementation, bridge, macSpoofCheck: flag("macSpoofCheck", true) };
      }
      return {
        ...common,
        type,
        implementation: "macvtap",
        resourceName: text("resourceName"),
        vlanResourceName: vlanResourceName(fields, text, fail),
        bindingPlugin: fields.has("bindingPlugin") ? text("bindingPlugin") : "macvtap",
      };
  }
}

/** One name for all VLANs would put them on one parent. */
function vlanResourceName(
  fields: ReadonlyMap<string, Node>,
  text: (name: string) => string,
  fail: Fail,
): string | undefined {
  const node = fields.get("vlanResourceName");
  if (node === undefined) return undefined;
  const name = text("vlanResourceName");
  return name.includes("{vlan}") ? name : fail(node, "vlanResourceName must have {vlan} in it");
}

/** Linux interface names end at 15 characters; the bridge plugin fails on longer ones. */
function bridgeName(fields: ReadonlyMap<string, Node>, text: (name: string) => string, fail: Fail): string {
  const name = text("bridge");
  return /^(?!\.\.?$)[^\s/:]{1,15}$/.test(name)
    ? name
    : fail(fields.get("bridge"), `${JSON.stringify(name)} is no interface name of at most 15 characters`);
}

/** A list of numbers and ranges: [100, 200-299], or `all`. */
function readVlans(node: Node | undefined, fail: Fail, name = "vlans"): readonly VlanRange[] {
  if (node === undefined) return [];
  if (isScalar(node) && node.value === "all") return [{ first: 1, last: 4094 }];
  return sequenceOf(node, fail, `${name} must be \`all\` or a list such as [100, 200-299]`).map((item) => {
    const given = isScalar(item) ? String(item.value) : "";
    const match = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(given);
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? match?.[1]);
    return match !== null && first >= 1 && last <= 4094 && first <= last
      ? { first, last }
      : fail(item, `${JSON.stringify(given)} is no VLAN or range of VLANs from 1 to 4094`);
  });
}

function readCidrs(node: Node, fail: Fail): readonly string[] {
  const reason = "clusterCidrs must be a list of networks such as 10.96.0.0/12";
  return sequenceOf(node, fail, reason).map((item) => {
    const cidr = parseCidr(textOf(item, fail, reason));
    return "value" in cidr ? cidr.value.network : fail(item, cidr.problem);
  });
}

function readMtu(node: Node | undefined, fail: Fail): number {
  if (node === undefined) return 1500;
  const value = isScalar(node) ? node.value : undefined;
  return typeof value === "number" && Number.isInteger(value) && value >= 576 && value <= 65_535
    ? value
    : fail(node, "mtu must be a number from 576 to 65535");
}

function readSharedNads(node: Node, fail: Fail): readonly string[] {
  const reason = "sharedNads must be a list of NAMESPACE/NAME";
  return sequenceOf(node, fail, reason).map((item) => {
    const text = textIn(item) ?? "";
    return /^[^\s/]+\/[^\s/]+$/.test(text) ? text : fail(item, reason);
  });
}

function refuseDoubles(
  networks: readonly PhysicalNetwork[],
  failAt: (index: number, reason: string) => never,
): void {
  for (const [index, network] of networks.entries()) {
    const earlier = networks.slice(0, index);
    if (earlier.some(({ name }) => name === network.name)) {
      failAt(index, `there are two physical networks of the name ${network.name}`);
    }
    if (network.default && earlier.some(({ type, default: also }) => also && type === network.type)) {
      failAt(index, `there are two default physical networks of type ${network.type}`);
    }
  }
}

function mappingOf(node: unknown, fail: Fail, reason: string): YAMLMap {
  return isMap(node) ? node : fail(node as Node, reason);
}

function sequenceOf(node: Node, fail: Fail, reason: string): readonly Node[] {
  return isSeq(node) ? (node.items as Node[]) : fail(node, reason);
}

function textOf(node: Node, fail: Fail, name: string): string {
  return textIn(node) ?? fail(node, `${name} must be a text`);
}

function textIn(node: Node): string | undefined {
  const value = isScalar(node) ? node.value : undefined;
  return typeof value === "string" && value !== "" ? value : undefined;
}

function textsOf(node: Node, fail: Fail, reason: string): readonly string[] {
  return sequenceOf(node, fail, reason).map((item) => textIn(item) ?? fail(item, reason));
}

/** The values by name. @throws for a name that is not among the known ones. */
function fieldsOf(mapping: YAMLMap, known: readonly string[], fail: Fail): ReadonlyMap<string, Node> {
  return new Map(
    mapping.items.map(({ key, value }) => {
      const name = isScalar(key) ? String(key.value) : "";
      if (!known.includes(name))
        fail(key as Node, `there is no field ${name}; known are ${known.join(", ")}`);
      return [name, value as Node];
    }),
  );
}
