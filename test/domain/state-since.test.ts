// Since when a NIC is in its state: the best time that is known, and the same one as long as the state lasts.
import * as fc from "fast-check";
import { describe, it } from "vitest";
import type { Condition, VirtualMachineInstance, VmiPhase } from "../../src/domain/objects/kubernetes.ts";
import { type InterfaceStatus, interfaceStatuses } from "../../src/domain/status/interface-status.ts";
import { knownSince, withStateSince } from "../../src/domain/status/state-since.ts";
import { staleStatus } from "../../src/domain/status/stale-status.ts";
import { instanceOfWeb, storedVm } from "../support/objects.ts";

const vm = storedVm([{ name: "eth0", bridge: {} }]);
const up = { name: "eth0", infoSource: "domain, guest-agent", linkState: "up" };

function statusOf(vmi?: VirtualMachineInstance): InterfaceStatus {
  const [status] = interfaceStatuses(vm, vmi, undefined);
  if (status === undefined) throw new Error("no NIC");
  return status;
}

function inPhase(phase: VmiPhase, conditions: Condition[] = []): VirtualMachineInstance {
  const vmi = instanceOfWeb({
    phase,
    conditions,
    interfaces: [up],
    phaseTransitionTimestamps: [
      { phase: "Running", phaseTransitionTimestamp: "2026-07-01T10:00:00Z" },
      { phase: "Unknown", phaseTransitionTimestamp: "2026-07-01T10:05:00Z" },
      { phase: "Running", phaseTransitionTimestamp: "2026-07-01T10:06:00Z" },
      { phase: "Unknown", phaseTransitionTimestamp: "2026-07-01T10:07:00Z" },
      { phase: "Failed", phaseTransitionTimestamp: "2026-07-01T10:08:00Z" },
    ],
  });
  return { ...vmi, metadata: { ...vmi.metadata, creationTimestamp: "2026-07-01T09:59:00Z" } };
}

const paused: Condition = { type: "Paused", status: "True", lastTransitionTime: "2026-07-01T10:01:00Z" };

describe("the time that KubeVirt reports", () => {
  it.for([
    ["when the instance ended", inPhase("Failed"), "2026-07-01T10:08:00Z"],
    ["when its phase last became Unknown", inPhase("Unknown"), "2026-07-01T10:07:00Z"],
    ["when the instance that starts was created", inPhase("Scheduling"), "2026-07-01T09:59:00Z"],
    ["when the VM was paused", inPhase("Running", [paused]), "2026-07-01T10:01:00Z"],
    ["no time without an instance", undefined, ""],
    ["no time for a NIC that is up", inPhase("Running"), ""],
    ["no time if the condition has none", inPhase("Running", [{ ...paused, lastTransitionTime: null }]), ""],
    ["no time if the phase has none", instanceOfWeb({ phase: "Unknown" }), ""],
  ] as const)("is %s", ([, vmi, since], { expect }) => {
    expect(statusOf(vmi).stateSince).toBe(since);
  });
});

const seenAt = "2026-07-01T12:00:00.000Z";
const since = (status: InterfaceStatus, previous?: InterfaceStatus, at = seenAt): string =>
  withStateSince(status, previous, at).stateSince;

describe("a new state began", () => {
  const before = withStateSince(statusOf(inPhase("Running")), undefined, "2026-07-01T10:00:30.000Z");
  it.for([
    ["when KubeVirt says", inPhase("Running", [paused]), before, "2026-07-01T10:01:00Z"],
    [
      "when KubeVirt says, if it is the first that was seen",
      inPhase("Failed"),
      undefined,
      "2026-07-01T10:08:00Z",
    ],
    ["when it was seen, if KubeVirt does not say", undefined, before, seenAt],
    ["when it was seen, if it is the first that was seen", undefined, undefined, seenAt],
  ] as const)("%s", ([, vmi, previous, expected], { expect }) => {
    expect(since(statusOf(vmi), previous)).toBe(expected);
  });

  it("when it was seen, if KubeVirt's time is in the future or before the state that was seen last", ({
    expect,
  }) => {
    const status = statusOf(inPhase("Running", [paused]));
    expect(since(status, before, "2026-07-01T10:00:59.000Z")).toBe("2026-07-01T10:00:59.000Z");
    expect(since(status, { ...before, stateSince: "2026-07-01T10:01:01.000Z" })).toBe(seenAt);
  });

  it("with the VM, if another VM of this name was in the same state", ({ expect }) => {
    const old = { ...withStateSince(statusOf(), undefined, "2026-07-01T10:00:00.000Z"), vmUid: "old" };
    expect(since(statusOf(), old)).toBe(seenAt);
  });
});

describe("the time of a state", () => {
  it("stays while state and reason do, whatever else changes", ({ expect }) => {
    const first = withStateSince(statusOf(inPhase("Running")), undefined, "2026-07-01T10:00:00.000Z");
    const later = { ...statusOf(inPhase("Running")), ipAddresses: ["192.0.2.1"], etag: "2" };
    expect(since(later, first)).toBe("2026-07-01T10:00:00.000Z");
  });

  it("of a NIC that becomes stale is when the service noticed", ({ expect }) => {
    const first = withStateSince(statusOf(inPhase("Failed")), undefined, seenAt);
    const stale = staleStatus(first, "2026-07-01T12:00:05.000Z");
    expect(since(stale, first, "2026-07-01T12:00:20.000Z")).toBe("2026-07-01T12:00:20.000Z");
  });

  it("is never later than when it was seen, and never goes back", ({ expect }) => {
    const states = [
      undefined,
      inPhase("Scheduling"),
      inPhase("Running"),
      inPhase("Running", [paused]),
      inPhase("Failed"),
    ];
    const steps = fc.array(
      fc.record({ vmi: fc.constantFrom(...states), afterMs: fc.integer({ min: 0, max: 3_600_000 }) }),
      { minLength: 1, maxLength: 20 },
    );
    fc.assert(
      fc.property(steps, (all) => {
        let now = Date.parse("2026-07-01T09:00:00Z");
        let previous: InterfaceStatus | undefined;
        for (const { vmi, afterMs } of all) {
          now += afterMs;
          const status = withStateSince(statusOf(vmi), previous, new Date(now).toISOString());
          const began = Date.parse(status.stateSince);
          expect(began).toBeLessThanOrEqual(now);
          if (previous !== undefined) expect(began).toBeGreaterThanOrEqual(Date.parse(previous.stateSince));
          previous = status;
        }
      }),
    );
  });

  it("of a status that was read otherwise is that of the same state, or else KubeVirt's", ({ expect }) => {
    const known = withStateSince(statusOf(inPhase("Running")), undefined, seenAt);
    expect(knownSince(statusOf(inPhase("Running")), known).stateSince).toBe(seenAt);
    expect(knownSince(statusOf(), known).stateSince).toBe("");
    expect(knownSince(statusOf(inPhase("Failed")), known).stateSince).toBe("2026-07-01T10:08:00Z");
    expect(knownSince(statusOf(), undefined).stateSince).toBe("");
  });
});
