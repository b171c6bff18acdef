// ApplyVM: facts, check, compile, dry run, plan, then the writes. Cut off anywhere, the same call completes it.
import type { Catalogue } from "../domain/catalogue.ts";
import { checkVm } from "../domain/check.ts";
import { type CompiledVm, compileVm } from "../domain/compile/compile.ts";
import type { Facts } from "../domain/facts.ts";
import { type Finding, hasErrors } from "../domain/findings.ts";
import type { ResolvedVm } from "../domain/nic.ts";
import type { NetworkAttachmentDefinition, VirtualMachine } from "../domain/objects.ts";
import { fieldManager, isManaged, ownerReferenceTo, ownershipManager } from "../domain/ownership.ts";
import { asStored } from "../domain/plan/as-stored.ts";
import { isUnchanged, type Plan, planVm, releasedBy } from "../domain/plan/plan.ts";
import { runningVm } from "../domain/plan/running-vm.ts";
import { recordedSpec } from "../domain/recorded-spec.ts";
import { resolveVm } from "../domain/resolve/resolve-vm.ts";
import type { VmSpec } from "../domain/spec.ts";
import type { KubeClient } from "../kube/kube-client.ts";
import { isKubeError } from "../kube/errors.ts";
import { networkAttachmentDefinitions, secrets, virtualMachines } from "../kube/resource.ts";
import type { ClusterView } from "./cluster-view.ts";
import { PreconditionFailed, Refused, VersionMismatch } from "./errors.ts";
import { foresee, secretToWrite, writesOf } from "./foresee.ts";
import { gatherFacts } from "./gather-facts.ts";

export interface ApplyDependencies {
  readonly client: KubeClient;
  readonly view: ClusterView;
  readonly catalogue: Catalogue;
}

export interface ApplyRequest {
  readonly spec: VmSpec;
  /** Findings and plan, nothing written. */
  readonly validateOnly: boolean;
  /** Apply only when the plan is still the one of this fingerprint. */
  readonly planFingerprint?: string | undefined;
  /** Apply only to this version of the VM. */
  readonly etag?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ApplyResult {
  readonly findings: readonly Finding[];
  /** undefined when findings of severity error stopped it (validateOnly). */
  readonly plan: Plan | undefined;
  readonly written: boolean;
  readonly vm: ResolvedVm;
  readonly compiled: CompiledVm | undefined;
  readonly etag: string;
}

/**
 * @throws Refused for findings of severity error, unless validateOnly; PreconditionFailed; VersionMismatch; KubeError.
 * Nothing is written before the first of these can be known.
 */
export async function applyVm(
  { client, view, catalogue }: ApplyDependencies,
  request: ApplyRequest,
): Promise<ApplyResult> {
  const { spec, signal } = request;
  const gathered = await gatherFacts(client, view, spec, signal);
  const { facts } = gathered;
  requireManagedVersion(spec, facts.vm, request.etag);

  const checked = checkVm(spec, catalogue, facts);
  const etag = facts.vm?.metadata.resourceVersion ?? "";
  const stopped = (findings: readonly Finding[]): ApplyResult => {
    if (!request.validateOnly) throw new Refused(findings);
    return { findings, plan: undefined, written: false, vm: checked.vm, compiled: undefined, etag };
  };
  if (hasErrors(checked.findings)) return stopped(checked.findings);

  const compiled = compileVm(spec, checked.vm);
  const foresight = await foresee(client, compiled, facts, gathered.secret, signal);
  const findings = [...checked.findings, ...foresight.findings];
  if (hasErrors(findings)) return stopped(findings);

  const released = releasedNads(facts, compiled);
  const plan = planVm({
    before: resolvedBefore(facts, catalogue),
    after: checked.vm,
    running: runningVm(facts),
    objects: foresight.objects,
    released,
  });
  if (request.planFingerprint !== undefined && request.planFingerprint !== plan.fingerprint) {
    throw new PreconditionFailed(
      "PLAN_CHANGED",
      subjectOf(spec),
      "the plan is not the one of this fingerprint any more; plan again and look at the difference",
    );
  }
  const result = { findings, plan, vm: checked.vm, compiled };
  if (request.validateOnly || isUnchanged(plan)) return { ...result, written: false, etag };
  const written = await write(client, compiled, plan, released, facts.vm, signal);
  return { ...result, written: true, etag: written.metadata.resourceVersion ?? "" };
}

const subjectOf = ({ namespace, name }: VmSpec): string => `VirtualMachine ${namespace}/${name}`;

function requireManagedVersion(spec: VmSpec, vm: VirtualMachine | undefined, etag: string | undefined): void {
  if (vm !== undefined && !isManaged(vm)) {
    throw new PreconditionFailed(
      "VM_NOT_MANAGED",
      subjectOf(spec),
      "this VM was not made here, so nothing of it is written over",
    );
  }
  if (etag !== undefined && etag !== vm?.metadata.resourceVersion) throw new VersionMismatch(subjectOf(spec));
}

/** The VM as it was asked for last time. */
function resolvedBefore(facts: Facts, catalogue: Catalogue): ResolvedVm | undefined {
  const spec = facts.vm && recordedSpec(facts.vm);
  return facts.vm && spec && asStored(resolveVm(spec, catalogue, facts).vm, facts.vm);
}

/** A NAD stays while the running instance still has it: its pod, or a migration's target, may need it. */
function releasedNads(facts: Facts, compiled: CompiledVm): readonly NetworkAttachmentDefinition[] {
  const uid = facts.vm?.metadata.uid;
  if (uid === undefined) return [];
  const used = new Set(compiled.attachments.map(({ metadata }) => metadata.name));
  for (const { multus } of facts.vmi?.spec.networks ?? [])
    if (multus !== undefined) used.add(multus.networkName);
  return releasedBy(uid, facts.nads?.values() ?? [], used);
}

async function write(
  client: KubeClient,
  compiled: CompiledVm,
  plan: Plan,
  released: readonly NetworkAttachmentDefinition[],
  existing: VirtualMachine | undefined,
  signal: AbortSignal | undefined,
): Promise<VirtualMachine> {
  const options = { fieldManager, ...(signal === undefined ? {} : { signal }) };
  const unchanged = new Set(
    plan.objects.filter(({ action }) => action === "unchanged").map(({ kind, name }) => `${kind}/${name}`),
  );
  let vm = existing;
  for (const { resource, object } of writesOf(compiled, existing && ownerReferenceTo(existing))) {
    if (unchanged.has(`${object.kind}/${object.metadata.name}`)) continue;
    const stored = await client.apply(resource, object, options);
    if (resource === virtualMachines) vm = stored as VirtualMachine;
  }
  if (vm === undefined) throw new Error("no VirtualMachine among the writes");

  const owner = ownerReferenceTo(vm);
  for (const { apiVersion, kind, metadata } of compiled.attachments) {
    if (unchanged.has(`${kind}/${metadata.name}`)) continue;
    const { name, namespace } = metadata;
    const reference = {
      apiVersion,
      kind,
      metadata: { name, ...(namespace === undefined ? {} : { namespace }), ownerReferences: [owner] },
    } satisfies NetworkAttachmentDefinition;
    await client.apply(networkAttachmentDefinitions, reference, {
      ...options,
      fieldManager: ownershipManager(owner.uid),
    });
  }
  if (existing === undefined) await client.apply(secrets, secretToWrite(compiled, owner), options);
  for (const { metadata } of released) await remove(client, metadata);
  return vm;
}

/** Somebody may have begun to use it, or removed it, since it was read: then it is left alone. */
async function remove(
  client: KubeClient,
  { namespace, name, uid, resourceVersion }: NetworkAttachmentDefinition["metadata"],
): Promise<void> {
  try {
    await client.delete(
      networkAttachmentDefinitions,
      { namespace, name },
      {
        ...(uid === undefined ? {} : { uid }),
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
      },
    );
  } catch (error) {
    if (!isKubeError(error, "NotFound") && !isKubeError(error, "Conflict")) throw error;
  }
}
