// A random schedule of several callers at two replicas, with other writers beside them: how it is drawn, carried out and judged.
import { inspect } from "node:util";
import * as fc from "fast-check";
import { deleteVm } from "../../src/app/delete-vm.ts";
import type { Finding } from "../../src/domain/findings.ts";
import { nadNamesOf } from "../../src/domain/names.ts";
import { isAdopted, isManaged } from "../../src/domain/objects/ownership.ts";
import { isUnchanged } from "../../src/domain/plan/plan.ts";
import type { KubernetesObject, VirtualMachine } from "../../src/domain/objects/kubernetes.ts";
import type { NetworkConfig, VmSpec } from "../../src/domain/spec.ts";
import { isKubeError } from "../../src/kube/errors.ts";
import type { FullKubeClient, KubeClient } from "../../src/kube/kube-client.ts";
import { networkAttachmentDefinitions, secrets, virtualMachines } from "../../src/kube/resource.ts";
import type { Replica } from "./replica.ts";

const names = ["a", "b", "theirs"] as const;
type Name = (typeof names)[number];

/** `variant`: which of the specs of a VM, no two of which are equal. */
export type Step =
  | { readonly kind: "apply"; readonly name: Name; readonly at: 0 | 1; readonly variant: number }
  | { readonly kind: "delete"; readonly name: Name; readonly at: 0 | 1 }
  /** Another field manager sets a label, or KubeVirt's controller an annotation. */
  | { readonly kind: "label" | "annotate"; readonly name: Name };

export interface Schedule {
  /** The steps of a round start at the same time. */
  readonly rounds: readonly (readonly Step[])[];
  /** How many turns of the event loop each request to the API server waits, in their order; from the start when used up. */
  readonly waits: readonly number[];
}

const variants = 12;
const arbitraryAt = fc.constantFrom<0 | 1>(0, 1);
const arbitraryName = fc.constantFrom<Name>("a", "a", "b", "b", "theirs");
const arbitraryApply = fc.record({
  kind: fc.constant("apply" as const),
  name: arbitraryName,
  at: arbitraryAt,
  variant: fc.nat({ max: variants - 1 }),
});
const arbitraryStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: arbitraryApply },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("delete" as const), name: arbitraryName, at: arbitraryAt }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom("label", "annotate"), name: arbitraryName }),
  },
);

export const arbitrarySchedule: fc.Arbitrary<Schedule> = fc.record({
  rounds: fc.array(fc.array(arbitraryStep, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 3 }),
  waits: fc.array(fc.nat({ max: 12 }), { minLength: 1, maxLength: 16 }),
});

export interface World {
  readonly client: FullKubeClient;
  readonly replicas: readonly [Replica, Replica];
  readonly namespace: string;
  /** The VLANs `vlan` and `vlan` + 1 are for this schedule alone. */
  readonly vlan: number;
}

/** VM `theirs` is by another tool, on NAD lan; a and b hold one of two addresses, or none. */
export function specOf({ namespace, vlan }: World, name: Name, variant: number): VmSpec {
  const network: NetworkConfig = { name: "eth1", vlanId: vlan + (variant % 2) };
  if (name === "theirs") {
    const mtu = 1400 + variant;
    return {
      namespace,
      name,
      networks: [
        { name: "eth0", nadName: "lan" },
        { ...network, mtu },
      ],
    };
  }
  const host = variant % 3;
  const ipConfig = host === 0 ? {} : { ipConfig: { address: `198.51.100.${host}/24` } };
  return {
    namespace,
    name,
    networks: [{ ...network, ...ipConfig }],
    runStrategy: "Halted",
    userData: { text: `#cloud-config\nhostname: version-${variant}\n` },
  };
}

/** What a call has ended with: undefined, or its error. */
interface Outcome {
  readonly step: Step;
  readonly error: unknown;
}

/** Returns when every call has ended. */
export async function carryOut(world: World, schedule: Schedule): Promise<readonly (readonly Outcome[])[]> {
  const client = waiting(world.client, schedule.waits);
  const history: Outcome[][] = [];
  for (const round of schedule.rounds) {
    history.push(
      await Promise.all(
        round.map(async (step) => ({
          step,
          error: await carryOutStep(world, client, step).then(
            () => undefined,
            (error: unknown) => error ?? new Error("an empty rejection"),
          ),
        })),
      ),
    );
  }
  return history;
}

async function carryOutStep(world: World, client: KubeClient, step: Step): Promise<void> {
  const { namespace, replicas } = world;
  const { name } = step;
  if (step.kind === "apply") {
    const adopt = name === "theirs";
    await replicas[step.at].apply(specOf(world, name, step.variant), { adopt }, client);
  } else if (step.kind === "delete") {
    await deleteVm({ client, view: replicas[step.at].view }, { namespace, name, allowMissing: true });
  } else {
    const key = step.kind === "label" ? "labels" : "annotations";
    const fieldManager = step.kind === "label" ? "kubectl-label" : "virt-controller";
    const patch = { metadata: { [key]: { "example.org/seen": "yes" } } };
    await world.client
      .mergePatch(virtualMachines, { namespace, name }, patch, { fieldManager })
      .catch((error: unknown) => {
        if (!isKubeError(error, "NotFound")) throw error;
      });
  }
}

/** The client whose requests each wait for some turns of the event loop, so that the calls interleave in other ways. */
function waiting(client: KubeClient, waits: readonly number[]): KubeClient {
  let next = 0;
  const wait = async (): Promise<void> => {
    const turns = waits[next % waits.length] ?? 0;
    next += 1;
    for (let turn = 0; turn < turns; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
  };
  return {
    ...client,
    find: async (resource, ref, options) => {
      await wait();
      return await client.find(resource, ref, options);
    },
    list: async (resource, options) => {
      await wait();
      return await client.list(resource, options);
    },
    apply: async (resource, object, options) => {
      await wait();
      return await client.apply(resource, object, options);
    },
    delete: async (resource, ref, options) => {
      await wait();
      await client.delete(resource, ref, options);
    },
  };
}

/** Errors that a caller may get because of the other callers. */
const expected = new Set(["VersionMismatch", "ObjectNotFound", "PreconditionFailed"]);

/** What must not be, as sentences. Empty once the caches and the garbage collector have caught up. */
export async function violations(
  world: World,
  history: readonly (readonly Outcome[])[],
): Promise<readonly string[]> {
  const { client, namespace } = world;
  const [vms, nads, stored] = await Promise.all([
    client.list(virtualMachines, { namespace }),
    client.list(networkAttachmentDefinitions, { namespace }),
    client.list(secrets, { namespace }),
  ]);
  const found = history.flat().flatMap(unexpected);
  for (const name of names) {
    const vm = vms.items.find(({ metadata }) => metadata.name === name);
    found.push(...(await wrongVm(world, history, name, vm)));
  }

  const uids = new Set(vms.items.map(({ metadata }) => metadata.uid));
  const ownedByVm = ({ metadata }: KubernetesObject): boolean =>
    metadata.ownerReferences?.some(({ uid }) => uids.has(uid)) === true;
  for (const object of [...nads.items, ...stored.items]) {
    if (isManaged(object) && !ownedByVm(object))
      found.push(`${object.kind} ${object.metadata.name} is orphaned`);
  }
  for (const vm of vms.items) {
    for (const used of nadNamesOf(vm)) {
      const nad = nads.items.find(({ metadata }) => `${namespace}/${metadata.name}` === used);
      if (nad?.spec?.config === undefined)
        found.push(`${vm.metadata.name} uses ${used}, which has no config`);
    }
  }
  return found;
}

function unexpected({ step, error }: Outcome): readonly string[] {
  if (error === undefined) return [];
  const { name, findings = [] } = error as { name?: string; findings?: readonly Finding[] };
  const errors = findings.filter(({ severity }) => severity === "error");
  const codes = errors.map(({ code }) => code).filter((code) => code !== "ADDRESS_IN_USE");
  if (name === "Refused" && codes.length === 0) return [];
  if (name !== undefined && expected.has(name)) return [];
  return [`${step.kind} of ${step.name} failed: ${inspect(error)} ${codes.join(" ")}`];
}

/** The VM must be whole as one of the calls asked; as the last one, if that succeeded and was alone in its round. */
async function wrongVm(
  world: World,
  history: readonly (readonly Outcome[])[],
  name: Name,
  vm: VirtualMachine | undefined,
): Promise<readonly string[]> {
  const rounds = history
    .map((round) => round.filter(({ step }) => step.name === name && isCall(step)))
    .filter((round) => round.length > 0);
  const last = rounds.at(-1) ?? [];
  const [only] = last;
  const outcomes = last.length === 1 && only?.error === undefined ? last : rounds.flat();
  if (vm === undefined) {
    const isMeant = outcomes.some(({ step, error }) => step.kind === "delete" || error !== undefined);
    const isNew = name !== "theirs" && outcomes.every(({ error }) => error !== undefined);
    return isMeant || isNew ? [] : [`${name} is missing`];
  }
  if (vm.metadata.deletionTimestamp !== undefined) return [`${name} is still being deleted`];
  const asked = outcomes.flatMap(({ step }) => (step.kind === "apply" ? [step.variant] : []));
  const isTheirs = name === "theirs" && !isAdopted(vm) && !(only?.error === undefined && last.length === 1);
  if (isTheirs) return [];
  const seen: string[] = [];
  for (const variant of new Set(asked)) {
    const { plan, findings } = await world.replicas[0].apply(specOf(world, name, variant), {
      validateOnly: true,
      adopt: name === "theirs",
    });
    if (plan !== undefined && isUnchanged(plan)) return [];
    const errors = findings.filter(({ severity }) => severity === "error").map(({ code }) => code);
    const changed = plan?.objects.filter(({ action }) => action !== "unchanged") ?? [];
    const objects = changed.map((object) => `${object.action} ${object.kind} ${object.name}`);
    seen.push(`of variant ${variant} differ ${[...errors, ...objects].join(", ")}`);
  }
  return [`${name} is not whole as one call asked: ${seen.join("; ")}`];
}

const isCall = ({ kind }: Step): boolean => kind === "apply" || kind === "delete";
