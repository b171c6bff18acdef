// ApplyVM: observe, check, compile, dry run, plan, then write. If it is interrupted at any point, the same call completes it.
import { adoptionChanges } from "../../domain/adopt/adoption-changes.ts";
import { compileAdopted } from "../../domain/adopt/compile-adopted.ts";
import { type CompiledVm, compileVm } from "../../domain/compile/compile.ts";
import { type Finding, hasErrors } from "../../domain/findings.ts";
import type { ResolvedVm } from "../../domain/nic.ts";
import { etagOf } from "../../domain/objects/etag.ts";
import type { KubernetesObject, OwnerReference, VirtualMachine } from "../../domain/objects/kubernetes.ts";
import { readVirtualMachine } from "../../domain/objects/read-objects.ts";
import { isUnchanged, type Plan, planVm } from "../../domain/plan/plan.ts";
import { runningVm } from "../../domain/plan/running-vm.ts";
import type { CheckedVm } from "../../domain/validate/check-vm.ts";
import { ObjectExists, PlanChanged, Refused, vmSubject } from "../errors.ts";
import { requireOwner } from "../owner.ts";
import type { ApplyDependencies, ApplyRequest } from "./apply-request.ts";
import { type CheckedRequest, checkRequest } from "./check-request.ts";
import { dryRun } from "./dry-run.ts";
import { lockOn, type LockOptions, Overtaken } from "./lock.ts";
import { namedNads, releasedNads } from "./released-nads.ts";
import { type Decision, writeObjects } from "./write.ts";
import { attempts } from "./writes.ts";

export interface ApplyResult {
  readonly findings: readonly Finding[];
  /** undefined if findings of severity error stopped the call (validateOnly). */
  readonly plan: Plan | undefined;
  readonly written: boolean;
  readonly vm: ResolvedVm;
  /** The VLAN of each NIC, as in CheckedVm. */
  readonly vlans: CheckedVm["vlans"];
  readonly compiled: CompiledVm | undefined;
  /** Empty if the VM does not exist. */
  readonly etag: string;
}

/**
 * Applies of one VM take turns in this process. A call that names neither version nor plan is planned again if another replica
 * has written the VM meanwhile.
 * @throws Refused for findings of severity error, unless validateOnly; PlanChanged; VersionMismatch; ObjectNotFound
 * if there is no VM to adopt or with that etag, or if it was deleted meanwhile; ObjectExists with createOnly;
 * PreconditionFailed; KubeError; the reason of the signal. Nothing is written before every object has passed a dry run.
 */
export async function applyVm(dependencies: ApplyDependencies, request: ApplyRequest): Promise<ApplyResult> {
  if (request.validateOnly) return await applyOnce(dependencies, request);
  const { namespace, name } = request.spec;
  const endTurn = await dependencies.view.turns.take(`${namespace}/${name}`, request.signal);
  try {
    let plannedUid: string | undefined;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await applyOnce(dependencies, request, plannedUid);
      } catch (error) {
        if (!(error instanceof Overtaken) || namesVersion(request) || attempt === attempts) throw error;
        plannedUid = error.plannedUid;
      }
    }
  } finally {
    endTurn();
  }
}

/** An adoption is for the VM that the caller has looked at, and an update mask for its other fields. */
function namesVersion({ etag, planFingerprint, updateMask, createOnly, adopt }: ApplyRequest): boolean {
  const named = [etag, planFingerprint, updateMask].some((version) => version !== undefined);
  return named || createOnly === true || adopt === true;
}

/** `plannedUid`: of the VM that an earlier plan of this call was made for. */
async function applyOnce(
  dependencies: ApplyDependencies,
  request: ApplyRequest,
  plannedUid?: string,
): Promise<ApplyResult> {
  const checked = await checkRequest(dependencies, request, plannedUid);
  try {
    return await applyChecked(dependencies, request, checked);
  } finally {
    checked.claim?.end();
  }
}

async function applyChecked(
  { client, view }: ApplyDependencies,
  request: ApplyRequest,
  checked: CheckedRequest,
): Promise<ApplyResult> {
  const { signal, owner } = request;
  const { facts, spec, before, adopted, vm, vlans, findings: found, etag, claim } = checked;
  const { vm: live } = facts;
  const stopped = (findings: readonly Finding[]): ApplyResult => {
    if (!request.validateOnly) throw new Refused(findings);
    return { findings, plan: undefined, written: false, vm, vlans, compiled: undefined, etag };
  };
  if (hasErrors(found)) return stopped(found);

  const compiled =
    adopted === undefined
      ? ownedBy(owner, compileVm(spec, vm, facts.secret))
      : compileAdopted(spec, vm, adopted.live, facts.secret);
  const asked = { force: adopted !== undefined && request.adopt === true, signal };
  const { objects, force, findings: refused } = await dryRun(client, compiled, facts, asked);
  const findings = [...found, ...refused];
  if (hasErrors(findings)) return stopped(findings);
  // The VM may have been created since it was looked for.
  const there = objects.map((object) => object.live).find(isVirtualMachine);
  const createOnly = request.createOnly === true || (owner !== undefined && live === undefined);
  if (createOnly && there !== undefined) throw new ObjectExists(vmSubject(spec));
  requireOwner(there, owner);

  const released = await releasedNads(client, view.nicsInUse, facts, compiled, { signal });
  const running = runningVm(facts);
  const plan = planVm({
    before,
    after: vm,
    attachmentNames: compiled.attachmentNames,
    running,
    objects,
    released,
    moreChanges: adopted === undefined ? [] : adoptionChanges(adopted.live, vm, running),
  });
  if (request.planFingerprint !== undefined && request.planFingerprint !== plan.fingerprint) {
    throw new PlanChanged(vmSubject(spec), plan.fingerprint);
  }
  // Another caller has created it since. The plan knows neither its instance nor its version.
  if (!request.validateOnly && live === undefined && there !== undefined) {
    throw new Overtaken(vmSubject(spec), undefined);
  }
  const result = { findings, plan, vm, vlans, compiled };
  if (request.validateOnly || isUnchanged(plan) || claim === undefined) {
    return { ...result, written: false, etag };
  }
  const decision: Decision = {
    compiled,
    named: namedNads(facts, compiled),
    plan,
    force,
    live,
    lock: live && lockOn(live, lockOf(request, force)),
    createOnly,
    secret: facts.secret,
  };
  const written = await writeObjects(client, view.nicsInUse, decision, {
    signal,
    beforeVm: () => claim.begin(),
    afterVm: async (stored) => checked.conflictsWith(stored, await claim.rivalsBefore(stored)),
  });
  return { ...result, written: true, etag: etagOf(readVirtualMachine(written).object) };
}

/** The fields outside an update mask are those of the VM that was read. */
function lockOf({ etag, updateMask, planFingerprint }: ApplyRequest, force: boolean): LockOptions {
  return {
    etag: etag !== undefined || updateMask !== undefined,
    plan: planFingerprint !== undefined || force || etag === undefined,
  };
}

function ownedBy(owner: OwnerReference | undefined, compiled: CompiledVm): CompiledVm {
  if (owner === undefined) return compiled;
  const { virtualMachine } = compiled;
  const metadata = { ...virtualMachine.metadata, ownerReferences: [owner] };
  return { ...compiled, virtualMachine: { ...virtualMachine, metadata } };
}

function isVirtualMachine(object: KubernetesObject | undefined): object is VirtualMachine {
  return object?.kind === "VirtualMachine";
}
