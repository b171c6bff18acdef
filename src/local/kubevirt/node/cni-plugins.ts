// The configurations that CNI plugins refuse on a node that has every bridge, with the messages of libcni 1.3, bridge and
// macvlan 1.9 and ovs-cni 0.39. Pure.

type Config = Readonly<Record<string, unknown>>;

const versions = ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"];

/** Why ADD fails; undefined when it succeeds, and for plugins that are not simulated. */
export function pluginError(name: string, version: string, plugin: Config, mac: string): string | undefined {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name)) return `invalid characters found in network name; ${name}`;
  switch (plugin["type"]) {
    case "bridge":
      return unsupported(version) ?? bridgeError(plugin, mac);
    case "ovs":
      return unsupported(version) ?? ovsError(plugin);
    case "macvlan":
      return unsupported(version) ?? macvlanError(plugin);
    default:
      return undefined;
  }
}

function unsupported(version: string): string | undefined {
  const supported = versions.map((each) => `"${each}"`).join(" ");
  return versions.includes(version)
    ? undefined
    : `incompatible CNI versions; config is "${version}", plugin supports [${supported}]`;
}

function bridgeError(plugin: Config, mac: string): string | undefined {
  const { bridge = "cni0", vlan, mtu = 0 } = plugin;
  const notRead = notInteger("vlan", vlan, "int") ?? notInteger("mtu", mtu, "int");
  if (notRead !== undefined) return notRead;
  if (typeof vlan === "number" && (vlan < 0 || vlan > 4094)) {
    return `invalid VLAN ID ${vlan} (must be between 0 and 4094)`;
  }
  if (plugin["promiscMode"] === true && plugin["hairpinMode"] === true) {
    return "cannot set hairpin mode and promiscuous mode at the same time.";
  }
  if (plugin["disableContainerInterface"] === true && plugin["ipam"] !== undefined) {
    return "cannot use IPAM when DisableContainerInterface flag is set";
  }
  if (typeof bridge === "string" && bridge.length > 15) {
    return `failed to create bridge "${bridge}": could not add "${bridge}": numerical result out of range`;
  }
  if (typeof mtu === "number" && mtu !== 0 && (mtu < 68 || mtu > 65_535)) {
    return "failed to make veth pair: invalid argument";
  }
  const isMulticast = (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1;
  return isMulticast ? "failed to make veth pair: cannot assign requested address" : undefined;
}

function ovsError({ vlan, mtu }: Config): string | undefined {
  const notRead = notInteger("vlan", vlan, "uint") ?? notInteger("mtu", mtu, "int");
  if (notRead !== undefined) return notRead;
  return typeof vlan === "number" && vlan > 4095
    ? `OVS Transaction failed err constraint violation Details: ${vlan} is not in the valid range 0 to 4095 (inclusive)`
    : undefined;
}

function macvlanError({ mode = "" }: Config): string | undefined {
  return ["", "bridge", "private", "vepa", "passthru"].some((known) => known === mode)
    ? undefined
    : `unknown macvlan mode: ${JSON.stringify(mode)}`;
}

/** Go's encoding/json names a number that does not fit, and only the kind of any other value. */
function notInteger(field: string, value: unknown, type: "int" | "uint"): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (Number.isInteger(value) && (type === "int" || (value as number) >= 0)) return undefined;
  return `failed to load netconf: json: cannot unmarshal ${kindOf(value)} into Go struct field NetConf.${field} of type ${type}`;
}

function kindOf(value: unknown): string {
  if (typeof value === "number") return `number ${value}`;
  if (Array.isArray(value)) return "array";
  return typeof value === "boolean" ? "bool" : typeof value;
}
