// The plan compared with what KubeVirt 1.9.0 and 1.8.4 did: every recorded change of a running VM that multinic can make.
import { readFileSync } from "node:fs";
import { afterAll, describe, it } from "vitest";
import type { FieldChange } from "../../src/domain/plan/field-changes.ts";
import { planVm } from "../../src/domain/plan/plan.ts";
import type { NetworkConfig, VmSpec } from "../../src/domain/spec.ts";
import { type Circumstances, runningAs, storedAs, wantedAs } from "./running.ts";
import { vmSpec } from "./specs.ts";

interface Recorded {
  readonly id: string;
  readonly outcome: {
    readonly restartRequired: boolean;
    readonly migrationRequired: string;
    readonly migrated: boolean;
    readonly vmiSpecChanged: boolean;
    readonly domainNICsAtEnd: readonly string[] | null;
  };
}

function recorded(file: string): ReadonlyMap<string, Recorded["outcome"]> {
  const text = readFileSync(new URL(`../vectors/${file}`, import.meta.url), "utf8");
  const { changes } = JSON.parse(text) as { readonly changes: readonly Recorded[] };
  return new Map(changes.map(({ id, outcome }) => [id, outcome]));
}

/** A change as a caller makes it: the VM that runs, the VM as its object was, and the VM that is wanted. */
interface Made {
  readonly running: VmSpec;
  /** Where an earlier step had changed the object already. */
  readonly stored?: VmSpec;
  readonly wanted: VmSpec;
  readonly circumstances?: Circumstances;
}

const pod: NetworkConfig = { name: "default", type: "pod" };
const a: NetworkConfig = { name: "a", nadName: "net", macAddress: "02:11:22:33:44:5a" };
const b: NetworkConfig = { name: "b", nadName: "net2", macAddress: "02:11:22:33:44:5b" };
const c: NetworkConfig = { name: "c", nadName: "net3", macAddress: "02:11:22:33:44:5c" };
const s: NetworkConfig = { ...c, name: "s", type: "sriov", nadName: "sriov" };
const base = [pod, a, b];
const other = "02:11:22:33:44:5c";

function made(
  running: readonly NetworkConfig[],
  wanted: readonly NetworkConfig[],
  more: Partial<Made> = {},
): Made {
  return { running: vmSpec(running), wanted: vmSpec(wanted), ...more };
}

const machine = (change: Partial<VmSpec>): Made => ({
  running: vmSpec(base, { userData: { secretName: "one" } }),
  wanted: vmSpec(base, { userData: { secretName: "one" }, ...change }),
});

const bridgedPod: Pick<Made, "circumstances"> = {
  circumstances: { notMigratable: "the pod network's NIC is a bridge" },
};

/** By the id of the recording. The others change what is not part of this API, or are refused. */
const changes: Readonly<Record<string, Made>> = {
  nothing: made(base, base),
  "add-bridge": made(base, [...base, c]),
  "add-bridge-no-pod": made([a, b], [a, b, c]),
  "add-bridge-first": made(base, [c, ...base]),
  "add-bridge-down": made(base, [...base, { ...c, linkState: "down" }]),
  "add-two-bridge": made(base, [...base, c, { name: "d", nadName: "net" }]),
  "add-bridge-not-migratable": made([pod, a], [pod, a, c], bridgedPod),
  "add-sriov": made(base, [...base, { ...s, name: "c" }]),
  "add-plugin": made(base, [...base, { ...c, type: "macvlan" }]),
  "add-pod": made([a, b], [a, b, pod]),
  remove: made(base, [pod, a]),
  "remove-pod": made(base, [a, b]),
  rename: made(base, [pod, a, { ...b, name: "renamed" }]),
  reorder: made(base, base.toReversed()),
  down: made(base, [pod, { ...a, linkState: "down" }, b]),
  "down-pod": made(base, [{ ...pod, linkState: "down" }, a, b]),
  "down-up": made(base, base, { stored: vmSpec([pod, { ...a, linkState: "down" }, b]) }),
  nad: made(base, [pod, a, { ...b, nadName: "net3" }]),
  "nad-dynamic": made(base, [pod, a, { ...b, nadName: "net3" }]),
  "nad-no-pod": made([a, b], [a, { ...b, nadName: "net3" }]),
  "nad-not-migratable": made([pod, a], [pod, { ...a, nadName: "net3" }], bridgedPod),
  "nad-sriov": made([...base, s], [...base, { ...s, nadName: "net3" }]),
  "nad-spelling": made(base, [pod, a, { ...b, nadName: "shop/net2" }]),
  "nad-swapped": made(base, [pod, { ...a, nadName: "net2" }, { ...b, nadName: "net" }]),
  "nad-and-down": made(base, [pod, a, { ...b, nadName: "net3", linkState: "down" }]),
  "nad-and-mac": made(base, [pod, a, { ...b, nadName: "net3", macAddress: other }]),
  mac: made(base, [pod, { ...a, macAddress: other }, b]),
  "mac-and-add": made(base, [pod, { ...a, macAddress: other }, b, { ...c, macAddress: "" }]),
  "mac-and-back": made(base, base, { stored: vmSpec([pod, { ...a, macAddress: other }, b]) }),
  binding: made(base, [pod, a, { ...b, type: "sriov" }]),
  memory: machine({ memory: "2Gi" }),
  "cloudinit-secret-name": machine({ userData: { secretName: "two" } }),
  stop: machine({ runStrategy: "Halted" }),
  "stage-add-bridge": made(base, [...base, c]),
  "stage-nad": made(base, [pod, a, { ...b, nadName: "net3" }]),
  "stage-down": made(base, [pod, { ...a, linkState: "down" }, b]),
  "stage-mac": made(base, [pod, { ...a, macAddress: other }, b]),
  "stage-memory": machine({ memory: "2Gi" }),
};

/** Where the recording differs from what the plan may say, and why. */
const exceptions: Readonly<Record<string, Partial<Recorded["outcome"]>>> = {
  // Watched for 8 s, of the 15 s that KubeVirt waits before it migrates.
  rename: { migrated: true, domainNICsAtEnd: ["default", "a", "b", "renamed"] },
  // The spelling alone: the same VM is written either way, so that 1.8's RestartRequired cannot come about.
  "nad-spelling": { restartRequired: false, vmiSpecChanged: false },
  // Set down and up again: the recording holds the whole way, the plan the last step.
  "down-up": { vmiSpecChanged: false },
};

function planned({ running, stored, wanted, circumstances }: Made, version: string): readonly FieldChange[] {
  return planVm({
    before: storedAs(stored ?? running),
    ...wantedAs(wanted),
    running: runningAs(running, { ...circumstances, version }),
    objects: [],
    released: [],
  }).changes;
}

/** What a plan promises, in the recording's terms. */
function promised(changed: readonly FieldChange[], { running, wanted, circumstances }: Made) {
  const stuck = circumstances?.notMigratable !== undefined;
  const moves = changed.filter(({ effect }) => effect === "live-migration");
  // A migration that cannot come asks for no restart; nothing but its condition MigrationRequired shows.
  const asked = changed.filter(
    (change) => change.effect === "restart" && !change.silent && !isStuck(change, stuck),
  );
  const names = running.networks.map(({ name }) => name);
  const plugged = wanted.networks
    .map(({ name }) => name)
    .filter((name) => moves.some(({ path }) => path === `networks[${name}]`));
  const stops = changed.some(({ path }) => path === "runStrategy");
  return {
    restartRequired: asked.length > 0,
    migrated: moves.length > 0,
    vmiSpecChanged:
      moves.length > 0 ||
      changed.some((change) => (change.effect === "live" && change.nic !== "") || isStuck(change, stuck)),
    domainNICsAtEnd: stops ? null : [...names, ...plugged],
  };
}

const isStuck = ({ message }: FieldChange, stuck: boolean): boolean =>
  stuck && message.includes("cannot be migrated");

describe.each([
  ["v1.9.0", "kubevirt-vm-changes.json"],
  ["v1.8.4", "kubevirt-vm-changes-v1.8.4.json"],
] as const)("the plan and what KubeVirt %s did", (version, file) => {
  const outcomes = recorded(file);
  let compared = 0;
  afterAll(() =>
    console.info(`plan and recorded outcome compared: ${compared} changes, KubeVirt ${version}`),
  );

  it.for(Object.entries(changes))("agree on %s", ([id, change], { expect }) => {
    const outcome = outcomes.get(id);
    if (outcome === undefined) throw new Error(`no recording of ${id}`);
    const { restartRequired, migrated, vmiSpecChanged, domainNICsAtEnd } = { ...outcome, ...exceptions[id] };
    compared += 1;
    expect(promised(planned(change, version), change)).toEqual({
      restartRequired,
      migrated,
      vmiSpecChanged,
      domainNICsAtEnd,
    });
  });
});
