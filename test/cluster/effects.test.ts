// Compares plan and outcome for every kind of change that can be tested here, on a stopped VM, a running VM, and a running
// VM that cannot be migrated. On the real control plane KubeVirt itself decides the outcome.
import { Code, ConnectError } from "@connectrpc/connect";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, it, vi } from "vitest";
import { Effect, type FieldChange } from "../../gen/multinic/v1/virtual_machine_pb.ts";
import { isTrue } from "../../src/domain/objects/conditions.ts";
import type { VmSpec } from "../../src/domain/spec.ts";
import { secrets, virtualMachineInstances, virtualMachines } from "../../src/kube/resource.ts";
import { startStand, wordOf, type Stand } from "./stand.ts";
import { kindsOf, secretNames, type Kind } from "./effect-kinds.ts";

const states = ["not running", "running", "running and not migratable"] as const;
type State = (typeof states)[number];

/** KubeVirt looks for VMs to migrate twice a minute, and migrates a few at a time. */
const patienceMs = 150_000;

/** One kind of change of a VM in one state. */
interface Pair {
  readonly vm: string;
  readonly kind: Kind;
  readonly state: State;
}

const kindCount = kindsOf(0).length;
const pairs: readonly Pair[] = states.flatMap((state, s) =>
  Array.from({ length: kindCount }, (_, k) => s * kindCount + k).flatMap((number) => {
    const kind = kindsOf(number)[number % kindCount];
    return kind === undefined ? [] : [{ vm: `vm-${number}`, kind, state }];
  }),
);
const nameOf = ({ kind, state }: Pair): string => `${kind.name}, ${state}`;

/** What happened to the VM. */
interface Outcome {
  readonly runs: boolean;
  readonly restartRequired: boolean;
  readonly migrated: boolean;
  /** True when the running instance is still the same one. */
  readonly sameInstance: boolean;
  /** `field EFFECT` of each pending change. */
  readonly pending: readonly string[];
}

/** What the plan predicted, in the same form. */
type Promised = Outcome;

interface Compared {
  readonly promised: Promised;
  /** As soon as it was the promised outcome, or at the timeout. */
  readonly outcome: Outcome;
  /** When all VMs were done, to show that nothing changed afterwards. */
  readonly inTheEnd: Outcome;
}

describe("the plan and the outcome agree on", () => {
  const compared = new Map<string, Compared>();
  let stand: Stand;

  beforeAll(async () => {
    stand = await startStand();
    const namespace = await stand.namespace();
    for (const name of secretNames) await makeUserData(stand, namespace, name);
    for (const vlan of [1, 2]) {
      await stand.makeNad(namespace, `given-${vlan}`, { type: "bridge", bridge: "br0", vlan });
    }
    // A migration on the real control plane takes half a minute, mostly waiting, so many run at a time.
    const left = [...pairs];
    const looks = new Map<string, Changed>();
    const work = async (): Promise<void> => {
      for (let next = left.shift(); next !== undefined; next = left.shift()) {
        looks.set(nameOf(next), await change(stand, namespace, next));
      }
    };
    await Promise.all(Array.from({ length: 16 }, work));
    for (const [name, { promised, outcome, again }] of looks) {
      compared.set(name, { promised, outcome, inTheEnd: await again() });
    }
  }, 600_000);

  afterAll(async () => {
    for (const state of states) {
      const count = pairs.filter((pair) => pair.state === state && compared.has(nameOf(pair))).length;
      console.info(
        `plan and outcome compared on the ${stand.target.name} cluster: ${count} changes of a VM that is ${state}`,
      );
    }
    await stand.stop();
  }, 120_000);

  it.for(pairs.map(nameOf))("%s", (name, { expect }) => {
    const pair = compared.get(name);
    expect(pair).toBeDefined();
    expect(pair?.outcome).toEqual(pair?.promised);
    expect(pair?.inTheEnd).toEqual(pair?.promised);
  });
});

async function makeUserData({ target }: Stand, namespace: string, name: string): Promise<void> {
  const userdata = Buffer.from("#cloud-config\n").toString("base64");
  await target.client.create(secrets, {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { namespace, name },
    data: { userdata },
  });
}

interface Changed {
  readonly promised: Promised;
  readonly outcome: Outcome;
  readonly again: () => Promise<Outcome>;
}

async function change(stand: Stand, namespace: string, { vm: name, kind, state }: Pair): Promise<Changed> {
  const spec = { namespace, name };
  const before: VmSpec = { ...spec, ...kind.before, runStrategy: "Halted" };
  await stand.apply(before);
  if (state === "running and not migratable") await forbidMigration(stand, spec);
  const runStrategy = state === "not running" ? "Halted" : "Always";
  if (state !== "not running") {
    await stand.apply({ ...before, runStrategy });
    await untilSettled(stand, spec, kind.before.networks.length);
  }
  const from = await look(stand, spec);

  const wanted: VmSpec = { ...spec, runStrategy, ...kind.after };
  const promised = promise(await applyAsPlanned(stand, wanted), from.vmi !== undefined);
  const outcome = await untilOutcome(stand, spec, from, promised);
  return { promised, outcome, again: async () => outcomeOf(await look(stand, spec), from) };
}

/** The changes of the plan. Other VMs that join or leave a NAD can change the plan before it is applied. */
async function applyAsPlanned(stand: Stand, wanted: VmSpec): Promise<readonly FieldChange[]> {
  for (;;) {
    const { plan } = await stand.apply(wanted, { validateOnly: true });
    if (plan === undefined) throw new Error("a plan was expected");
    try {
      await stand.apply(wanted, { planFingerprint: plan.fingerprint });
      return plan.changes;
    } catch (error) {
      if (ConnectError.from(error).code !== Code.Aborted) throw error;
    }
  }
}

type Ref = Pick<VmSpec, "namespace" | "name">;
type Seen = Awaited<ReturnType<typeof look>>;

/** Adds a feature that prevents migration in KubeVirt, as another field manager of the VM. */
async function forbidMigration({ target }: Stand, ref: Ref): Promise<void> {
  const features = { hypervPassthrough: { enabled: true } };
  await target.client.mergePatch(virtualMachines, ref, {
    spec: { template: { spec: { domain: { features } } } },
  });
}

async function look({ target, vms }: Stand, ref: Ref) {
  const [vm, vmi, view] = await Promise.all([
    target.client.find(virtualMachines, ref),
    target.client.find(virtualMachineInstances, ref),
    vms.getVM(ref),
  ]);
  return { vm, vmi, pending: view.virtualMachine?.pendingChanges ?? [] };
}

/** Waits until the VM runs, the guest reports every NIC, nothing is pending, and KubeVirt knows if it can be migrated. */
async function untilSettled(stand: Stand, ref: Ref, nics: number): Promise<void> {
  const isSettled = async (): Promise<boolean> => {
    const { vm, vmi, pending } = await look(stand, ref);
    const seen = vmi?.status?.interfaces?.filter(({ infoSource }) => infoSource?.includes("guest-agent"));
    const knows = vmi?.status?.conditions?.some(({ type }) => type === "LiveMigratable");
    return (
      vmi?.status?.phase === "Running" &&
      vm?.status?.printableStatus === "Running" &&
      seen?.length === nics &&
      knows === true &&
      pending.length === 0
    );
  };
  await vi.waitUntil(isSettled, { timeout: patienceMs, message: `${ref.name} has not settled` });
}

/** Changes that only KubeVirt's condition MigrationRequired on the instance shows. */
const inVain = ({ message }: FieldChange): boolean => message.includes("cannot be migrated");

function promise(changes: readonly FieldChange[], runs: boolean): Promised {
  const stops = runs && changes.some(({ path }) => path === "runStrategy");
  const waiting = changes.filter(({ effect }) => effect === Effect.RESTART);
  const moves = changes.some(({ effect }) => effect === Effect.LIVE_MIGRATION);
  return {
    runs: runs && !stops,
    restartRequired: waiting.some((change) => !change.silent && !inVain(change)),
    migrated: moves,
    sameInstance: runs && !stops,
    pending: [...new Set(waiting.map((change) => `${pendingField(change)} RESTART`))].toSorted(),
  };
}

/** The instance already has the new network: KubeVirt reports that it wants to migrate, but not for which NIC. */
function pendingField(change: FieldChange): string {
  return inVain(change) && /\.(attachment|vlanId)$/.test(change.path) ? "networks" : change.path;
}

function outcomeOf({ vm, vmi, pending }: Seen, from: Seen): Outcome {
  const gone = vmi === undefined || vmi.status?.phase === "Succeeded";
  return {
    runs: !gone,
    restartRequired: isTrue(vm?.status?.conditions, "RestartRequired"),
    migrated: !gone && from.vmi?.status?.nodeName !== vmi.status?.nodeName,
    sameInstance: !gone && from.vmi?.metadata.uid === vmi.metadata.uid,
    pending: pending.map(({ path, effect }) => `${path} ${wordOf(Effect, effect)}`).toSorted(),
  };
}

/** The outcome as soon as it is the promised one, or the last one at the timeout. */
async function untilOutcome(stand: Stand, ref: Ref, from: Seen, promised: Promised): Promise<Outcome> {
  const wanted = JSON.stringify(promised);
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const outcome = outcomeOf(await look(stand, ref), from);
    if (JSON.stringify(outcome) === wanted || performance.now() > deadline) return outcome;
    await pause(50);
  }
}
