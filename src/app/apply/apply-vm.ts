// ApplyVM: observe, check, compile, dry run, plan, then write. If it is interrupted at any point, the same call completes it.
import { adoptionChanges } from "../../domain/adopt/adoption-changes.ts";
import { compileAdopted } from "../../domain/adopt/compile-adopted.ts";
import type { Catalogue } from "../../domain/catalogue.ts";
import { type CompiledVm, compileVm } from "../../domain/compile/compile.ts";
import type { Facts } from "../../domain/facts.ts";
import { type Finding, hasErrors } from "../../domain/findings.ts";
import type { ResolvedVm } from "../../domain/nic.ts";
import { etagOf } from "../../domain/objects/etag.ts";
import type { NetworkAttachmentDefinition, VirtualMachine } from "../../domain/objects/kubernetes.ts";
import { isManaged } from "../../domain/objects/ownership.ts";
import { readVirtualMachine } from "../../domain/objects/read-objects.ts";
import { isUnchanged, type Plan, planVm, releasedBy } from "../../domain/plan/plan.ts";
import { runningVm } from "../../domain/plan/running-vm.ts";
import type { VmSpec } from "../../domain/spec.ts";
import type { UpdateMask } from "../../domain/update-mask.ts";
import { checkVm } from "../../domain/validate/check-vm.ts";
import type { CallOptions, KubeClient } from "../../kube/kube-client.ts";
import type { ClusterView } from "../cluster-view.ts";
import {
  ObjectExists,
  ObjectNotFound,
  PlanChanged,
  PreconditionFailed,
  Refused,
  VersionMismatch,
  vmSubject,
} from "../errors.ts";
import { nadsInUse } from "../nads-in-use.ts";
import { observe, readNads } from "../observe.ts";
import { dryRun } from "./dry-run.ts";
import { lockOn, Overtaken } from "./lock.ts";
import { decideStewardship } from "./stewardship.ts";
import { writeObjects } from "./write.ts";
import { attempts } from "./writes.ts";

export interface ApplyDependencies {
  readonly client: KubeClient;
  readonly view: ClusterView;
  readonly catalogue: Catalogue;
}

export interface ApplyRequest {
  readonly spec: VmSpec;
  /** Findings of reading the input that the spec comes from. */
  readonly unread?: readonly Finding[] | undefined;
  /** Return findings and plan; write nothing. */
  readonly validateOnly: boolean;
  /** Apply only if the plan still has this fingerprint. */
  readonly planFingerprint?: string | undefined;
  /** Apply only while the VM has this etag. */
  readonly etag?: string | undefined;
  /** Fields to apply; the rest of an existing VM stays as last applied. undefined: all. */
  readonly updateMask?: UpdateMask | undefined;
  /** Apply only if there is no VM of this name. */
  readonly createOnly?: boolean | undefined;
  /** Take over the NICs of a VM that multinic did not create; again if others have changed an adopted VM. */
  readonly adopt?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ApplyResult {
  readonly findings: readonly Finding[];
  /** undefined if findings of severity error stopped the call (validateOnly). */
  readonly plan: Plan | undefined;
  readonly written: boolean;
  readonly vm: ResolvedVm;
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
  const { client, view, catalogue } = dependencies;
  const { signal, unread } = request;
  const observed = await observe(client, view, request.spec, { signal });
  const { vm: live } = observed;
  if (request.createOnly === true && live !== undefined) throw new ObjectExists(vmSubject(request.spec));
  requireEtag(request, live);
  if (plannedUid !== undefined && live === undefined) throw new ObjectNotFound(vmSubject(request.spec));
  if (plannedUid !== undefined && live?.metadata.uid !== plannedUid)
    throw new VersionMismatch(vmSubject(request.spec));
  if (live?.metadata.deletionTimestamp !== undefined) throw terminating(request.spec);
  const { spec, before, adopted } = await decideStewardship(client, catalogue, observed, request);
  const isAsRequested = spec.networks === request.spec.networks;
  const facts = isAsRequested ? observed : { ...observed, nads: await readNads(client, spec, { signal }) };
  const isPartial = adopted !== undefined || request.updateMask !== undefined;

  const { vm, findings: found } = checkVm(spec, catalogue, facts, {
    unread,
    adoptionNotes: adopted?.importNotes,
    replaced: isPartial ? undefined : before,
  });
  const etag = live === undefined ? "" : etagOf(live);
  const stopped = (findings: readonly Finding[]): ApplyResult => {
    if (!request.validateOnly) throw new Refused(findings);
    return { findings, plan: undefined, written: false, vm, compiled: undefined, etag };
  };
  if (hasErrors(found)) return stopped(found);

  const compiled =
    adopted === undefined
      ? compileVm(spec, vm, facts.secret)
      : compileAdopted(spec, vm, adopted.live, facts.secret);
  const asked = { force: adopted !== undefined && request.adopt === true, signal };
  const { objects, force, findings: refused } = await dryRun(client, compiled, facts, asked);
  const findings = [...found, ...refused];
  if (hasErrors(findings)) return stopped(findings);
  // The VM may have been created since it was looked for.
  const isThere = objects.some((object) => object.live?.kind === "VirtualMachine");
  if (request.createOnly === true && isThere) throw new ObjectExists(vmSubject(spec));

  const released = await releasedNads(dependencies, facts, compiled, { signal });
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
  const result = { findings, plan, vm, compiled };
  if (request.validateOnly || isUnchanged(plan)) return { ...result, written: false, etag };
  // The fields outside the mask are those of the VM that was read.
  const lock =
    live &&
    lockOn(live, {
      etag: request.etag !== undefined || request.updateMask !== undefined,
      plan: request.planFingerprint !== undefined || force || request.etag === undefined,
    });
  const { createOnly = false } = request;
  const named = namedNads(facts, compiled, spec.namespace);
  const decision = { compiled, named, plan, released, force, live, lock, createOnly, secret: facts.secret };
  const written = await writeObjects(client, view.nicsInUse, decision, { signal });
  return { ...result, written: true, etag: etagOf(readVirtualMachine(written).object) };
}

function requireEtag({ spec, etag }: ApplyRequest, live: VirtualMachine | undefined): void {
  if (etag === undefined) return;
  if (live === undefined) throw new ObjectNotFound(vmSubject(spec));
  if (etag !== etagOf(live)) throw new VersionMismatch(vmSubject(spec));
}

function terminating(spec: VmSpec): PreconditionFailed {
  return new PreconditionFailed(
    "VM_TERMINATING",
    vmSubject(spec),
    "the VM is being deleted; apply again when it no longer exists",
  );
}

/** The NADs that the VM owns and that neither it nor anything that runs needs. @throws KubeError. */
async function releasedNads(
  { client, view }: ApplyDependencies,
  { vm, vmi, nads }: Facts,
  compiled: CompiledVm,
  options: CallOptions,
): Promise<readonly NetworkAttachmentDefinition[]> {
  const uid = vm?.metadata.uid;
  if (vm === undefined || uid === undefined) return [];
  const wanted = new Set(compiled.attachmentNames);
  const candidates = releasedBy(uid, nads?.values() ?? []).filter((nad) => !wanted.has(nadKey(nad)));
  if (candidates.length === 0) return [];
  const isInUse = await nadsInUse(client, view.nicsInUse, { vm, vmi }, options);
  return candidates.filter((nad) => !isInUse(nadKey(nad)));
}

/** NADs that multinic generated, in the VM's namespace, and that the spec names; the VM becomes an owner of them too. */
function namedNads({ nads }: Facts, { attachments, attachmentNames }: CompiledVm, namespace: string) {
  const generated = new Set(attachments.map(nadKey));
  return [...new Set(attachmentNames)].flatMap((name = "") => {
    const nad = generated.has(name) ? undefined : nads?.get(name);
    return nad !== undefined && isManaged(nad) && nad.metadata.namespace === namespace ? [nad] : [];
  });
}

function nadKey({ metadata }: NetworkAttachmentDefinition): string {
  return `${metadata.namespace}/${metadata.name}`;
}
