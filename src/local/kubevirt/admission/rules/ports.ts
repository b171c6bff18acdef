// Ports that are forwarded to the VM; looked at on the pod network alone: pkg/network/admitter/netiface.go.
import { type Cause, cause, invalid } from "../cause.ts";
import { isPortName } from "../../../api/dns-names.ts";
import type { FieldPath } from "../field-path.ts";
import type { InterfaceRule } from "../rule.ts";
import type { Port } from "../template-spec.ts";

/** Names are unique on the NIC and of the form of service names; ports need none. */
function nameFaults(at: FieldPath, ports: readonly Port[]): Cause[] {
  const seen = new Set<string>();
  return ports.flatMap(({ name = "" }, index) => {
    if (name === "") return [];
    const field = at.index(index).child("name");
    const faults: Cause[] = [];
    if (seen.has(name)) {
      faults.push(cause("FieldValueDuplicate", field, `Duplicate name of the port: ${name}`));
    }
    if (!isPortName(name)) faults.push(invalid(field, `Invalid name of the port: ${name}`));
    seen.add(name);
    return faults;
  });
}

function numberFaults(at: FieldPath, { port }: Port): Cause[] {
  const field = at.child("port");
  if (port === 0) return [cause("FieldValueRequired", field, "Port field is mandatory.")];
  if (port < 0 || port >= 65536) return [invalid(field, "Port field must be in range 0 < x < 65536.")];
  return [];
}

function protocolFaults(at: FieldPath, { protocol = "" }: Port): Cause[] {
  return ["", "TCP", "UDP"].includes(protocol)
    ? []
    : [invalid(at.child("protocol"), "Unknown protocol, only TCP or UDP allowed")];
}

export const ports: InterfaceRule = ({ at, nic, network }) => {
  if (network?.pod === undefined || nic.ports === undefined) return [];
  const path = at.child("ports");
  return [
    ...nameFaults(path, nic.ports),
    ...nic.ports.flatMap((port, index) => [
      ...numberFaults(path.index(index), port),
      ...protocolFaults(path.index(index), port),
    ]),
  ];
};
