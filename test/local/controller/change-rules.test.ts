// The rules for changes of a running VM, compared with KubeVirt 1.9.0's recorded behaviour for 68 changes.
import { describe, it } from "vitest";
import type { VmiInterfaceStatus } from "../../../src/domain/objects/kubernetes.ts";
import { multusInterfaces } from "../../../src/local/kubevirt/controller/multus-interfaces.ts";
import { vmiNics, vmNics } from "../../../src/local/kubevirt/controller/live-update.ts";
import {
  migrationNeed,
  type MigrationNeed,
} from "../../../src/local/kubevirt/controller/migration-required.ts";
import {
  networksAnnotation,
  runningNetworksAnnotation,
} from "../../../src/local/kubevirt/controller/network-annotation.ts";
import { newVmi } from "../../../src/local/kubevirt/controller/new-vmi.ts";
import { nicLists } from "../../../src/local/kubevirt/nics.ts";
import type { Vm, Vmi } from "../../../src/local/kubevirt/controller/objects.ts";
import { restartRequired } from "../../../src/local/kubevirt/controller/restart-required.ts";
import { runDecision } from "../../../src/local/kubevirt/controller/run-strategy.ts";
import { annotations, type Pod } from "../../../src/local/kubevirt/resources.ts";
import { changes, nicLines, recorded, type Change, type RecordedChange } from "./recorded.ts";

const plugins = new Map([["macvtap", {}]]);

/** The objects of a running VM that the rules read. */
interface Machine {
  vm: Vm;
  startedFrom: Vm["spec"];
  vmi: Vmi;
  pod: Pod;
}

function started(vm: Vm, migratable: boolean): Machine {
  const vmi = newVmi(vm);
  vmi.metadata.namespace = "default";
  const pod = podWith(networksAnnotation(vmi, plugins));
  const conditions = [{ type: "LiveMigratable", status: migratable ? "True" : "False" } as const];
  const interfaces = plugged(multusInterfaces(vmi, pod), vmi);
  return {
    vm,
    startedFrom: structuredClone(vm.spec),
    vmi: { ...vmi, status: { phase: "Running", conditions, interfaces } },
    pod,
  };
}

/** A pod with every requested network attached. */
function podWith(networks: string | undefined): Pod {
  const asked = JSON.parse(networks ?? "[]") as { name: string; namespace: string; interface: string }[];
  const status = asked.map((item) => ({ name: `${item.namespace}/${item.name}`, interface: item.interface }));
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "pod", annotations: { [annotations.networkStatus]: JSON.stringify(status) } },
    spec: { containers: [] },
  };
}

/** The status once the domain has every NIC that is not absent. */
function plugged(statuses: readonly VmiInterfaceStatus[], vmi: Vmi): VmiInterfaceStatus[] {
  const absent = new Set(
    vmi.spec.domain.devices.interfaces?.filter(({ state }) => state === "absent").map(({ name }) => name),
  );
  return statuses.map((status) => ({
    ...status,
    infoSource: absent.has(status.name ?? "") ? "multus-status" : "domain, multus-status",
  }));
}

interface Verdict {
  readonly restartRequired: boolean;
  readonly migration: MigrationNeed;
  readonly vmiSpecChanged: boolean;
}

function judge(
  { base, steps, migratable }: Change,
  { config, dynamicNetworksController }: RecordedChange,
): Verdict {
  let machine = started(structuredClone(base), migratable);
  let migration: MigrationNeed = "no";
  let vmiSpecChanged = false;
  for (const step of steps) {
    if (step === "restart") {
      machine = started(machine.vm, migratable);
      vmiSpecChanged = true;
    } else if (step !== "nothing") {
      step(machine.vm.spec);
    }
    if (runDecision(machine.vm, machine.vmi) === "stop") continue;
    const before = nicLines(asVm(machine.vmi)).join();
    follow(machine, dynamicNetworksController);
    vmiSpecChanged ||= nicLines(asVm(machine.vmi)).join() !== before;
    if (migration === "no") migration = migrationNeed(machine.vmi, machine.pod);
  }
  const restart = restartRequired({ ...machine, liveUpdate: config !== "stage" });
  const stopped = runDecision(machine.vm, machine.vmi) === "stop";
  return { restartRequired: restart !== undefined && !stopped, migration, vmiSpecChanged };
}

function asVm(vmi: Vmi): Vm {
  return { ...vmi, kind: "VirtualMachine", spec: { template: { spec: vmi.spec } }, status: {} };
}

/** Applies the live changes to the VMI; the domain unplugs NICs, and Multus attaches networks where it can without a migration. */
function follow(machine: Machine, dynamicNetworks: boolean): void {
  const { interfaces, networks } = vmiNics(machine.vm, machine.vmi);
  machine.vmi.spec.domain.devices.interfaces = structuredClone([...interfaces]);
  machine.vmi.spec.networks = structuredClone([...networks]);
  if (dynamicNetworks) {
    const asked = runningNetworksAnnotation(machine.vmi, plugins);
    if (asked !== undefined) machine.pod = podWith(asked);
  }
  const statuses = plugged(multusInterfaces(machine.vmi, machine.pod), machine.vmi);
  const attached = machine.pod.metadata.annotations?.[annotations.networkStatus] ?? "";
  // An absent NIC that the pod no longer has is removed from the status too.
  const left = statuses.filter(
    (status) => status.infoSource !== "multus-status" || attached.includes(status.podInterfaceName ?? "-"),
  );
  machine.vmi.status = { ...machine.vmi.status, interfaces: left };
}

const asRecorded: Readonly<Record<RecordedChange["outcome"]["migrationRequired"], MigrationNeed>> = {
  never: "no",
  pending: "pending",
  "pending-then-true": "pending",
  immediate: "now",
};

describe("a change of a running VM has the recorded effect", () => {
  it("for the complete recording", ({ expect }) => {
    expect(recorded.changes).toHaveLength(68);
    expect(Object.keys(changes).toSorted()).toEqual(recorded.changes.map(({ id }) => id).toSorted());
  });

  it.for(recorded.changes)("$id: $description", (was, { expect }) => {
    const change = changes[was.id];
    if (change === undefined) throw new Error("no such change");
    expect(judge(change, was)).toEqual({
      restartRequired: was.outcome.restartRequired,
      migration: asRecorded[was.outcome.migrationRequired],
      vmiSpecChanged: was.outcome.vmiSpecChanged,
    });
  });

  it("removes an absent NIC from the VM only when neither the VMI's spec nor its status has it", ({
    expect,
  }) => {
    const { vm, vmi } = started(structuredClone(changes["absent"]?.base ?? fail()), true);
    for (const nic of vm.spec.template.spec.domain.devices.interfaces ?? [])
      if (nic.name === "b") nic.state = "absent";
    const names = (
      interfaces: Parameters<typeof vmNics>[1],
      reported: readonly VmiInterfaceStatus[],
    ): string[] => vmNics(vm, interfaces, reported).networks.map(({ name }) => name);
    expect(names(nicLists(vmi.spec).interfaces, [])).toEqual(["default", "a", "b"]);
    expect(names([], [{ name: "b" }])).toEqual(["default", "a", "b"]);
    expect(names([], [])).toEqual(["default", "a"]);
  });
});

function fail(): never {
  throw new Error("no such change");
}
