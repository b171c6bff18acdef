// ApplyVM: observe, check, compile, dry run, plan, then write. If it is interrupted at any point, the same call completes it.
import { adoptionChanges } from "../../domain/adopt/adoption-changes.ts";
import { compileAdopted } from "../../domain/adopt/compile-adopted.ts";
import type { Catalogue } from "../../domain/catalogue.ts";
import { type CompiledVm, compileVm } from "../../domain/compile/compile.ts";
import type { Facts } from "../../domain/facts.ts";
import { type Finding, hasErrors } from "../../domain/findings.ts";
import type { ResolvedVm } from "../../domain/nic.ts";
import { etagOf } from "../../domain/objects/etag.ts";
import type {
  KubernetesObject,
  NetworkAttachmentDefinition,
  OwnerReference,
  VirtualMachine,
} from "../../domain/objects/kubernetes.ts";
import { readVirtualMachine } from "../../domain/objects/read-objects.ts";
import { isUnchanged, type Plan, planVm, releasedBy } from "../../domain/plan/plan.ts";
import { runningVm } from "../../domain/plan/running-vm.ts";
import type { VmSpec } from "../../domain/spec.ts";
import type { UpdateMask } from "../../domain/update-mask.ts";
import { checkVm } from "../../domain/validate/check-vm.ts";
import type { KubeClient } from "../../kube/kube-client.ts";
import type { ClusterView } from "../cluster-view.ts";
import { ObjectExists, ObjectNotFound, PlanChanged, Refused, VersionMismatch, vmSubject } from "../errors.ts";
import { observe, readNads } from "../observe.ts";
import { requireOwner } from "../owner.ts";
import { dryRun } from "./dry-run.ts";
import { lockOn } from "./lock.ts";
import { decideStewardship } from "./stewardship.ts";
import { writeObjects } from "./write.ts";

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
  /** The Wukong that the VM is for: it becomes the VM's controlling owner. Not with `adopt`. */
  readonly owner?: OwnerReference | undefined;
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
 * @throws Refused for findings of severity error, unless validateOnly; PlanChanged; VersionMismatch; ObjectNotFound
 * if there is no VM to adopt or with that etag; ObjectExists with createOnly; PreconditionFailed; KubeError. Nothing is
 * written before every object has passed a dry run.
 */
export async function applyVm(
  { client, view, catalogue }: ApplyDependencies,
  request: ApplyRequest,
): Promise<ApplyResult> {
  const { signal, unread, owner } = request;
  const observed = await observe(client, view, request.spec, { signal });
  const { vm: live } = observed;
  if (request.createOnly === true && live !== undefined) throw new ObjectExists(vmSubject(request.spec));
  requireOwner(live, owner);
  requireEtag(request, live);
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

  const released = releasedNads(facts, compiled);
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
  const lock = lockOn(live, {
    // The fields outside the mask are those of the VM that was read.
    etag: request.etag !== undefined || request.updateMask !== undefined,
    plan: request.planFingerprint !== undefined || force || owner !== undefined,
  });
  const decision = { compiled, plan, released, force, lock, createOnly, secret: facts.secret };
  const written = await writeObjects(client, live, decision, { signal });
  return { ...result, written: true, etag: etagOf(readVirtualMachine(written).object) };
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

function requireEtag({ spec, etag }: ApplyRequest, live: VirtualMachine | undefined): void {
  if (etag === undefined) return;
  if (live === undefined) throw new ObjectNotFound(vmSubject(spec));
  if (etag !== etagOf(live)) throw new VersionMismatch(vmSubject(spec));
}

/** A NAD is kept while the running instance uses it: its pod, or the target of a migration, may need it. */
function releasedNads(facts: Facts, compiled: CompiledVm): readonly NetworkAttachmentDefinition[] {
  const uid = facts.vm?.metadata.uid;
  if (uid === undefined) return [];
  const used = new Set(compiled.attachments.map(({ metadata }) => metadata.name));
  for (const { multus } of facts.vmi?.spec.networks ?? [])
    if (multus !== undefined) used.add(multus.networkName);
  return releasedBy(uid, facts.nads?.values() ?? [], used);
}
