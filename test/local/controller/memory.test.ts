// Memory of a running guest: what KubeVirt can hotplug, and its messages when it cannot.
import { describe, it } from "vitest";
import { findCondition } from "../../../src/domain/objects/conditions.ts";
import {
  memoryToPlug,
  memoryWaits,
  withMemoryChange,
} from "../../../src/local/kubevirt/controller/memory.ts";
import { newVmi } from "../../../src/local/kubevirt/controller/new-vmi.ts";
import type { Vmi } from "../../../src/local/kubevirt/controller/objects.ts";
import { nextMigrationStep } from "../../../src/local/kubevirt/node/migration.ts";
import { machine, podNic } from "./machines.ts";

function running(guest: string, migratable = true, rollout: "LiveUpdate" | "Stage" = "LiveUpdate"): Vmi {
  const vm = machine([podNic()]);
  vm.spec.template.spec.domain.memory = { guest };
  const vmi = newVmi(vm, { vmRolloutStrategy: rollout });
  const conditions = [{ type: "LiveMigratable", status: migratable ? "True" : "False" } as const];
  return { ...vmi, status: { ...vmi.status, phase: "Running", nodeName: "node-2", conditions } };
}

const asking = (guest: string) => {
  const { spec } = machine([podNic()]);
  return { ...spec.template.spec, domain: { ...spec.template.spec.domain, memory: { guest } } };
};

describe("the maximum guest memory", () => {
  it.for([
    ["1Gi", "LiveUpdate", "4Gi"],
    ["1536Mi", "LiveUpdate", "6Gi"],
    ["512Mi", "LiveUpdate", undefined],
    ["1025Mi", "LiveUpdate", undefined],
    ["1Gi", "Stage", undefined],
  ] as const)("for %s and %s is %s", ([guest, rollout, maxGuest], { expect }) => {
    expect(running(guest, true, rollout).spec.domain.memory?.maxGuest).toBe(maxGuest);
  });
});

describe("changed guest memory", () => {
  it.for([
    ["1Gi", "2Gi", true, undefined],
    ["1Gi", "1024Mi", true, undefined],
    [
      "1Gi",
      "2Gi",
      false,
      "memory updated in template spec. Memory-hotplug is only available for migratable VMs",
    ],
    [
      "512Mi",
      "1Gi",
      true,
      "memory updated in template spec. Memory-hotplug is not available for this VM configuration",
    ],
    [
      "1Gi",
      "8Gi",
      true,
      "memory hotplug not supported, Guest memory is greater than the configured maxGuest memory",
    ],
    ["1Gi", "2049Mi", true, "memory hotplug not supported, Guest memory must be 2Mi aligned"],
    [
      "1Gi",
      "512Mi",
      true,
      "memory hotplug not supported, Memory hotplug is only available for VMs with at least 1Gi of guest memory",
    ],
    ["2Gi", "1Gi", true, "memory updated in template spec to a value lower than what the VM started with"],
  ] as const)("from %s to %s, migratable %s: %s", ([guest, wanted, migratable, message], { expect }) => {
    expect(memoryWaits(asking(wanted), running(guest, migratable))).toBe(message);
  });

  it("is requested by a condition until the guest has migrated", ({ expect }) => {
    const vmi = running("1Gi");
    expect(memoryToPlug(asking("2Gi"), vmi)).toBe("2Gi");
    const given: Vmi = {
      ...vmi,
      spec: { ...vmi.spec, domain: { ...vmi.spec.domain, memory: { guest: "2Gi", maxGuest: "4Gi" } } },
    };
    const conditions = withMemoryChange(given, new Date(0)) ?? [];
    expect(findCondition(conditions, "MemoryChange")?.status).toBe("True");

    const migrationState = {
      targetNode: "node-2",
      targetNodeAddress: "127.0.0.1",
      startTimestamp: "1970-01-01T00:00:00Z",
      targetNodeDomainReadyTimestamp: "1970-01-01T00:00:00Z",
    };
    const moving: Vmi = { ...given, status: { ...given.status, conditions, migrationState } };
    const arrived = nextMigrationStep(moving, "1970-01-01T00:00:01Z");
    expect(findCondition(arrived.status?.conditions, "MemoryChange")).toBeUndefined();
    expect(arrived.status?.memory).toEqual({
      guestAtBoot: "1Gi",
      guestCurrent: "2Gi",
      guestRequested: "2Gi",
    });
  });
});
