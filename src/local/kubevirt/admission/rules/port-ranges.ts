// Ranges of ports that are forwarded to the VM (Alpha in 1.9): pkg/network/admitter/netiface.go.
import { type Cause, invalid } from "../cause.ts";
import { gateEnabled } from "../../configuration.ts";
import type { FieldPath } from "../field-path.ts";
import type { InterfaceRule } from "../rule.ts";
import type { PortRange } from "../template-spec.ts";

const maxRanges = 10;

function isPort(value: number): boolean {
  return value > 0 && value < 65536;
}

/** The first fault of one range, the rest is not looked at. */
function rangeFault(at: FieldPath, { protocol, start, end }: PortRange): Cause | undefined {
  if (protocol !== "TCP" && protocol !== "UDP") {
    return invalid(at.child("protocol"), "Unknown protocol, only TCP or UDP allowed");
  }
  if (!isPort(start)) return invalid(at.child("start"), "Start must be a valid port number, 0 < x < 65536");
  if (!isPort(end)) return invalid(at.child("end"), "End must be a valid port number, 0 < x < 65536");
  if (start > end) return invalid(at.child("start"), "Start must be less than or equal to end");
  return undefined;
}

/** Neighbours in order that share a port, per protocol. */
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

function rangeFaults(at: FieldPath, ranges: readonly PortRange[]): Cause[] {
  if (ranges.length > maxRanges) return [invalid(at, `No more than ${maxRanges} portRanges are allowed`)];
  const faults = ranges.map((range, index) => rangeFault(at.index(index), range));
  const sound = ranges.filter((_, index) => faults[index] === undefined);
  return [...faults.filter((fault) => fault !== undefined), ...overlaps(at, sound)];
}

/** Behind a gate; with it, looked at on the pod network alone. */
export const portRanges: InterfaceRule = ({ at, nic, network, configuration }) => {
  if (nic.portRanges === undefined) return [];
  if (!gateEnabled("PortRangesSpec", configuration)) {
    return [
      invalid(
        at.child("name"),
        "portRanges is specified on interface but the PortRangesSpec feature gate is not enabled",
      ),
    ];
  }
  if (network?.pod === undefined) return [];
  return [
    ...(nic.ports === undefined
      ? []
      : [invalid(at.child("name"), "Cannot define both ports and portRanges on interface")]),
    ...(nic.masquerade === undefined
      ? [invalid(at.child("name"), "portRanges are only supported on masquerade interfaces")]
      : []),
    ...rangeFaults(at.child("portRanges"), nic.portRanges),
  ];
};
