// Options of KubeVirt's own DHCP server, looked at on every network: pkg/network/admitter/netiface.go.
import { type Cause, invalid } from "../cause.ts";
import type { InterfaceRule } from "../rule.ts";
import { isIPv4Address } from "../addresses.ts";

/** Private options are 224 to 254 (RFC 3942), each once. The causes name the whole template, as KubeVirt's do. */
const privateOptions: InterfaceRule = ({ specAt, nic }) => {
  const options = (nic.dhcpOptions?.privateOptions ?? []).map(({ option }) => option);
  const duplicates: Cause[] =
    new Set(options).size < options.length
      ? [invalid(specAt, "Found Duplicates: you have provided duplicate DHCPPrivateOptions")]
      : [];
  const outOfRange = options.filter((option) => option < 224 || option > 254);
  return [
    ...duplicates,
    ...outOfRange.map(() =>
      invalid(specAt, "provided DHCPPrivateOptions are out of range, must be in range 224 to 254"),
    ),
  ];
};

const ntpServers: InterfaceRule = ({ at, nic }) =>
  (nic.dhcpOptions?.ntpServers ?? []).flatMap((server, index) =>
    isIPv4Address(server)
      ? []
      : [
          invalid(
            at.child("dhcpOptions", "ntpServers").index(index),
            "NTP servers must be a list of valid IPv4 addresses.",
          ),
        ],
  );

export const dhcpOptions: InterfaceRule = (context) => [...privateOptions(context), ...ntpServers(context)];
