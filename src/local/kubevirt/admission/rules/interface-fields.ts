// The values of a NIC's own fields: pkg/network/admitter/netiface.go (validateInterfacesFields).
import { cause, invalid } from "../cause.ts";
import { isIPv4Address, isPciAddress, macAddressLength } from "../addresses.ts";
import { type InterfaceRule, type SpecRule, forEachInterface } from "../rule.ts";
import { portRanges, ports } from "./ports.ts";

/** There is no length limit. */
const nameForm: InterfaceRule = ({ at, nic }) => {
  if (/^[A-Za-z0-9_-]+$/.test(nic.name)) return undefined;
  const message =
    "Network interface name can only contain alphabetical characters, numbers, dashes (-) or underscores (_)";
  return invalid(at.child("name"), message);
};

const models = ["", "e1000", "e1000e", "igb", "ne2k_pci", "pcnet", "rtl8139", "virtio"];

const modelIsSupported: InterfaceRule = ({ at, nic }) => {
  if (models.includes(nic.model ?? "")) return undefined;
  const message = `interface ${at.child("name").text} uses model ${nic.model} that is not supported.`;
  return cause("FieldValueNotSupported", at.child("model"), message);
};

/** Six bytes in any spelling that Go accepts; multicast addresses and duplicates are not checked. */
const macAddressForm: InterfaceRule = ({ at, nic }) => {
  const mac = nic.macAddress ?? "";
  const bytes = macAddressLength(mac);
  if (mac === "" || bytes === 6) return undefined;
  const fault = bytes === undefined ? "malformed" : "too long";
  const message = `interface ${at.child("name").text} has ${fault} MAC address (${mac}).`;
  return invalid(at.child("macAddress"), message);
};

const pciAddressForm: InterfaceRule = ({ at, nic }) => {
  const address = nic.pciAddress ?? "";
  if (address === "" || isPciAddress(address)) return undefined;
  const message = `interface ${at.child("name").text} has malformed PCI address (${address}).`;
  return invalid(at.child("pciAddress"), message);
};

/** Private options are 224 to 254 (RFC 3942), each once. As in KubeVirt, the causes name the whole template. */
const dhcpPrivateOptions: InterfaceRule = ({ specAt, nic }) => {
  const options = (nic.dhcpOptions?.privateOptions ?? []).map(({ option }) => option);
  const duplicates = new Set(options).size < options.length;
  const outOfRange = options.filter((option) => option < 224 || option > 254);
  return [
    ...(duplicates ? ["Found Duplicates: you have provided duplicate DHCPPrivateOptions"] : []),
    ...outOfRange.map(() => "provided DHCPPrivateOptions are out of range, must be in range 224 to 254"),
  ].map((message) => invalid(specAt, message));
};

const ntpServers: InterfaceRule = ({ at, nic }) =>
  (nic.dhcpOptions?.ntpServers ?? []).flatMap((server, index) => {
    const field = at.child("dhcpOptions", "ntpServers").index(index);
    return isIPv4Address(server) ? [] : invalid(field, "NTP servers must be a list of valid IPv4 addresses.");
  });

export const interfaceFields: SpecRule = forEachInterface([
  nameForm,
  modelIsSupported,
  macAddressForm,
  pciAddressForm,
  ports,
  portRanges,
  dhcpPrivateOptions,
  ntpServers,
]);
