// Ports and port ranges (Alpha in 1.9) that are forwarded to the VM, checked on the pod network only:
// pkg/network/admitter/netiface.go.
import { type Cause, type FieldPath, cause, invalid } from "../cause.ts";
import { isPortName } from "../../../api/dns-names.ts";
import { gateEnabled } from "../../configuration.ts";
import type { Faults, InterfaceRule } from "../rule.ts";
import type { Port, PortRange } from "../template-spec.ts";

/** A name is optional; it is unique on the NIC and has the form of a service name. */
function nameFaults(at: FieldPath, named: readonly Port[]): Cause[] {
  const seen = new Set<string>();
  return named.flatMap(({ name = "" }, index) => {
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

function portFaults(at: FieldPath, { port, protocol = "" }: Port): Cause[] {
  const faults: Cause[] = [];
  const field = at.child("port");
  if (port === 0) faults.push(cause("FieldValueRequired", field, "Port field is mandatory."));
  if (port < 0 || port >= 65536) faults.push(invalid(field, "Port field must be in range 0 < x < 65536."));
  if (!["", "TCP", "UDP"].includes(protocol)) faults.push(unknownProtocol(at));
  return faults;
}

function unknownProtocol(at: FieldPath): Cause {
  return invalid(at.child("protocol"), "Unknown protocol, only TCP or UDP allowed");
}

export const ports: InterfaceRule = ({ at, nic, network }) => {
  if (network?.pod === undefined || nic.ports === undefined) return undefined;
  const path = at.child("ports");
  const faults = nic.ports.flatMap((port, index) => portFaults(path.index(index), port));
  return [...nameFaults(path, nic.ports), ...faults];
};

const maxRanges = 10;

function isPort(value: number): boolean {
  return value > 0 && value < 65536;
}

/** The first fault of a range. */
function rangeFault(at: FieldPath, { protocol, start, end }: PortRange): Cause | undefined {
  if (protocol !== "TCP" && protocol !== "UDP") return unknownProtocol(at);
  if (!isPort(start)) return invalid(at.child("start"), "Start must be a valid port number, 0 < x < 65536");
  if (!isPort(end)) return invalid(at.child("end"), "End must be a valid port number, 0 < x < 65536");
  if (start > end) return invalid(at.child("start"), "Start must be less than or equal to end");
  return undefined;
}

/** Only neighbours in sorted order are compared, per protocol. */
function overlaps(at: FieldPath, ranges: readonly PortRange[]): Cause[] {
  return [...Map.groupBy(ranges, ({ protocol }) => protocol)].flatMap(([protocol, group]) => {
    const sorted = group.toSorted((a, b) => a.start - b.start || a.end - b.end);
    return sorted.slice(1).flatMap((range, index) => {
      const before = sorted[index];
      if (before === undefined || range.start > before.end) return [];
      const [first, second] = [before, range].map(({ start, end }) => `[${start}-${end}]`);
      return [invalid(at, `${protocol} portRanges ${first} and ${second} overlap`)];
    });
  });
}

function rangeFaults(at: FieldPath, ranges: readonly PortRange[]): Faults {
  if (ranges.length > maxRanges) return invalid(at, `No more than ${maxRanges} portRanges are allowed`);
  const faults = ranges.map((range, index) => rangeFault(at.index(index), range));
  const sound = ranges.filter((_, index) => faults[index] === undefined);
  return [...faults.filter((fault) => fault !== undefined), ...overlaps(at, sound)];
}

/** The feature gate is checked on every network, the ranges on the pod network only. */
export const portRanges: InterfaceRule = ({ at, nic, network, configuration }) => {
  if (nic.portRanges === undefined) return undefined;
  const field = at.child("name");
  if (!gateEnabled("PortRangesSpec", configuration)) {
    const message = "portRanges is specified on interface but the PortRangesSpec feature gate is not enabled";
    return invalid(field, message);
  }
  if (network?.pod === undefined) return undefined;
  return [
    nic.ports === undefined ? [] : invalid(field, "Cannot define both ports and portRanges on interface"),
    nic.masquerade ? [] : invalid(field, "portRanges are only supported on masquerade interfaces"),
    rangeFaults(at.child("portRanges"), nic.portRanges) ?? [],
  ].flat();
};
