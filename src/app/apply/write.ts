// The real writes of an apply, in order: NADs, Secret, VM, owner references, then the release of NADs.
import type { CompiledVm } from "../../domain/compile/compile.ts";
import type { Finding } from "../../domain/findings.ts";
import { nadNamesOf } from "../../domain/names.ts";
import { appliedFields } from "../../domain/objects/applied-fields.ts";
import type {
  KubernetesObject,
  NetworkAttachmentDefinition,
  Secret,
  VirtualMachine,
} from "../../domain/objects/kubernetes.ts";
import { fieldManager, ownerReferenceTo } from "../../domain/objects/ownership.ts";
import type { ObjectAction, Plan } from "../../domain/plan/plan.ts";
import { isKubeError } from "../../kube/errors.ts";
import type { CallOptions, KubeClient } from "../../kube/kube-client.ts";
import { secrets, virtualMachines } from "../../kube/resource.ts";
import { ObjectExists, ObjectNotFound, Refused, subjectOf, VersionMismatch } from "../errors.ts";
import { type IsInUse, usedByOthers } from "../nads-in-use.ts";
import type { NicsInUse } from "../nics-in-use.ts";
import { type Lock, Overtaken } from "./lock.ts";
import { ownNads, ownNamed, ownSecret } from "./own-objects.ts";
import { isOwnedByAnother, ownedByAnother } from "./refusals.ts";
import { releaseNads } from "./release.ts";
import { type Begun, undo, undoVm } from "./undo.ts";
import { applyLocked, applyToVersion, mayHaveHappened } from "./versioned-writes.ts";
import { type Write, writesOf } from "./writes.ts";

/** What an apply writes. */
export interface Decision {
  readonly compiled: CompiledVm;
  /** Generated NADs that exist and that the VM names instead of a physical network. */
  readonly named: readonly NetworkAttachmentDefinition[];
  readonly plan: Plan;
  /** Take over the VM's fields from other managers. */
  readonly force: boolean;
  /** The VM that the plan was made for; undefined: there must be none. */
  readonly live: VirtualMachine | undefined;
  readonly lock: Lock | undefined;
  /** The error for a VM that exists is ObjectExists. */
  readonly createOnly: boolean;
  /** The Secret that the plan was made for; undefined: there must be none. */
  readonly secret: Secret | undefined;
}

export interface WriteHooks extends CallOptions {
  readonly beforeVm: () => void;
  /** Returns why the VM must not stay as it was written. */
  readonly afterVm: (stored: VirtualMachine) => Promise<readonly Finding[]>;
}

/**
 * Returns the VM as it is stored. Until the VM is written, the signal ends the call between two objects, and a failure takes
 * back everything that the call has written; after that, the call is completed whatever the caller does.
 * @throws Overtaken if another caller has written VM or Secret since the plan; VersionMismatch for a VM of the name that is another
 * one, ObjectNotFound if it is gone, ObjectExists with `createOnly`, PreconditionFailed if another manager has taken a field
 * since the dry run; Refused for findings of `afterVm`, after the VM has been put back; KubeError.
 */
export async function writeObjects(
  client: KubeClient,
  inUse: NicsInUse,
  decision: Decision,
  { signal, beforeVm, afterVm }: WriteHooks,
): Promise<VirtualMachine> {
  const { compiled, named, plan, live, secret } = decision;
  const actions = new Map(plan.objects.map(({ kind, name, action }) => [`${kind}/${name}`, action]));
  const actionOf = ({ kind, metadata }: KubernetesObject): ObjectAction | undefined =>
    actions.get(`${kind}/${metadata.name}`);
  const written = new Map<KubernetesObject, KubernetesObject>();
  const begun: Begun[] = [];
  const byOthers = usedByOthers(inUse, compiled.virtualMachine);
  const before = new Set(live === undefined ? [] : nadNamesOf(live));
  const isInUse: IsInUse = (nad) => before.has(nad) || byOthers(nad);
  let vm = live;
  for (const write of writesOf(compiled, live && ownerReferenceTo(live))) {
    const { resource, object } = write;
    const action = actionOf(object);
    if (action === "unchanged") continue;
    const former = resource === secrets ? secret : undefined;
    try {
      signal?.throwIfAborted();
      if (resource === virtualMachines) beforeVm();
      const stored = await writeOne(client, write, decision);
      written.set(object, stored);
      if (resource === virtualMachines) vm = stored as VirtualMachine;
      else if (action === "create" || former !== undefined) begun.push({ ...write, before: former, stored });
    } catch (error) {
      const failure = lostRace(object, error, decision) ?? error;
      const isUnknown = mayHaveHappened(error);
      // A VM that may exist needs its NADs and its Secret; without it, the sweep collects them (app/sweep.ts).
      if (isUnknown && resource === virtualMachines) throw failure;
      if (isUnknown && action === "create") begun.push({ ...write, before: undefined, stored: undefined });
      throw await afterUndo(client, isInUse, begun, failure);
    }
  }
  if (vm === undefined) throw new Error("no VirtualMachine among the writes");
  if (vm !== live && !isFirstAdoption(live)) {
    const conflicts = await afterVm(vm);
    if (conflicts.length > 0) {
      await undoVm(client, vm, live);
      throw await afterUndo(client, isInUse, begun, new Refused(conflicts));
    }
  }

  const toOwn = compiled.attachments.filter((nad) => actionOf(nad) !== "unchanged");
  const byName = new Map(Array.from(written, ([{ metadata }, stored]) => [metadata.name, stored]));
  const nads = await ownNads(client, compiled, vm, { toOwn, written: byName });
  await ownNamed(client, named, vm);
  const created = live === undefined ? (byName.get(compiled.secret.metadata.name) as Secret) : undefined;
  await ownSecret(client, compiled, vm, created);
  if (live !== undefined) await releaseNads(client, inUse, vm, nads, compiled);
  return vm;
}

/** The VM has had its addresses all along, and there is no state of multinic's to put it back to. */
function isFirstAdoption(live: VirtualMachine | undefined): boolean {
  return live !== undefined && appliedFields(live, fieldManager) === undefined;
}

/** Every VM and Secret is written to the version that the plan was made for. */
async function writeOne(
  client: KubeClient,
  write: Write,
  { compiled, live, lock, secret, force }: Decision,
): Promise<KubernetesObject> {
  const { resource, object } = write;
  const options = { fieldManager };
  if (resource === secrets) return await applyToVersion(client, secret, write, options);
  if (resource !== virtualMachines) return await client.apply(resource, object, options);
  if (live === undefined || lock === undefined)
    return await applyToVersion(client, undefined, write, options);
  return await applyLocked(client, compiled.virtualMachine, { live, lock }, { ...options, force });
}

/** The error to throw if VM or Secret have changed since the dry run; undefined for any other failure. */
function lostRace(
  object: KubernetesObject,
  error: unknown,
  { compiled, createOnly, live }: Decision,
): Error | undefined {
  if (error instanceof VersionMismatch || error instanceof ObjectNotFound) return error;
  if (createOnly && object === compiled.virtualMachine && isKubeError(error, "Conflict"))
    return new ObjectExists(subjectOf(object));
  if (isOwnedByAnother(error)) return ownedByAnother(object, error, live);
  return isKubeError(error, "Conflict") ? new Overtaken(subjectOf(compiled.virtualMachine), live) : undefined;
}

/** The failure after everything is taken back. What cannot be taken back is its cause, and its message names that. */
async function afterUndo(
  client: KubeClient,
  isInUse: IsInUse,
  begun: readonly Begun[],
  failure: unknown,
): Promise<unknown> {
  try {
    await undo(client, isInUse, begun);
  } catch (error) {
    if (!(failure instanceof Error) || !(error instanceof AggregateError)) throw error;
    failure.message += `; ${error.message}`;
    failure.cause = error;
  }
  return failure;
}
