// The values of a NIC's own fields: pkg/network/admitter/netiface.go (validateInterfacesFields).
import { cause, invalid } from "../cause.ts";
import { isPciAddress, macAddressLength } from "../addresses.ts";
import { type InterfaceRule, type SpecRule, forEachInterface } from "../rule.ts";
import { dhcpOptions } from "./dhcp-options.ts";
import { portRanges } from "./port-ranges.ts";
import { ports } from "./ports.ts";

/** No length limit. */
const nameForm: InterfaceRule = ({ at, nic }) =>
  /^[A-Za-z0-9_-]+$/.test(nic.name)
    ? []
    : [
        invalid(
          at.child("name"),
          "Network interface name can only contain alphabetical characters, numbers, dashes (-) or underscores (_)",
        ),
      ];

const models = ["e1000", "e1000e", "igb", "ne2k_pci", "pcnet", "rtl8139", "virtio"];

const modelIsSupported: InterfaceRule = ({ at, nic }) =>
  (nic.model ?? "") === "" || models.includes(nic.model ?? "")
    ? []
    : [
        cause(
          "FieldValueNotSupported",
          at.child("model"),
          `interface ${at.child("name").text} uses model ${nic.model} that is not supported.`,
        ),
      ];

/** Six bytes in any spelling that Go reads; multicast and duplicates are not looked at. */
const macAddressForm: InterfaceRule = ({ at, nic }) => {
  const mac = nic.macAddress ?? "";
  const bytes = macAddressLength(mac);
  if (mac === "" || bytes === 6) return [];
  const fault = bytes === undefined ? "malformed" : "too long";
  return [
    invalid(at.child("macAddress"), `interface ${at.child("name").text} has ${fault} MAC address (${mac}).`),
  ];
};

const pciAddressForm: InterfaceRule = ({ at, nic }) => {
  const address = nic.pciAddress ?? "";
  if (address === "" || isPciAddress(address)) return [];
  return [
    invalid(
      at.child("pciAddress"),
      `interface ${at.child("name").text} has malformed PCI address (${address}).`,
    ),
  ];
};

export const interfaceFields: SpecRule = forEachInterface([
  nameForm,
  modelIsSupported,
  macAddressForm,
  pciAddressForm,
  ports,
  portRanges,
  dhcpOptions,
]);
