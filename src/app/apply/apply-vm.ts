// ApplyVM: facts, check, compile, dry run, plan, then the writes. Cut off anywhere, the same call completes it.
import type { Catalogue } from "../../domain/catalogue.ts";
import { checkVm } from "../../domain/validate/check-vm.ts";
import type { CompiledVm } from "../../domain/compile/compile.ts";
import { withUserDataVersion } from "../../domain/compile/user-data-version.ts";
import type { Facts } from "../../domain/facts.ts";
import { type Finding, hasErrors } from "../../domain/findings.ts";
import type { ResolvedVm } from "../../domain/nic.ts";
import type { NetworkAttachmentDefinition, VirtualMachine } from "../../domain/objects/kubernetes.ts";
import { isUnchanged, type Plan, planVm, releasedBy } from "../../domain/plan/plan.ts";
import { runningVm } from "../../domain/plan/running-vm.ts";
import type { VmSpec } from "../../domain/spec.ts";
import type { KubeClient } from "../../kube/kube-client.ts";
import type { ClusterView } from "../cluster-view.ts";
import { PreconditionFailed, Refused, VersionMismatch } from "../errors.ts";
import { foresee } from "./dry-run.ts";
import { gatherFacts } from "../observe.ts";
import { readHeld } from "./stewardship.ts";
import { writeObjects } from "./write.ts";

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
  /** Take over the NICs of a VM that somebody else made, and of one that was taken over and changed since. */
  readonly adopt?: boolean | undefined;
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
 * @throws Refused for findings of severity error, unless validateOnly; PreconditionFailed; VersionMismatch;
 * ObjectNotFound where nothing is there to adopt; KubeError.
 * Nothing is written before the first of these can be known.
 */
export async function applyVm(
  { client, view, catalogue }: ApplyDependencies,
  request: ApplyRequest,
): Promise<ApplyResult> {
  const { signal } = request;
  const gathered = await gatherFacts(client, view, request.spec, signal);
  requireVersion(request, gathered.facts.vm);
  const held = await readHeld(client, catalogue, request, gathered.facts);
  const { spec, facts } = held;

  const checked = held.limit(checkVm(spec, catalogue, facts));
  const etag = facts.vm?.metadata.resourceVersion ?? "";
  const stopped = (findings: readonly Finding[]): ApplyResult => {
    if (!request.validateOnly) throw new Refused(findings);
    return { findings, plan: undefined, written: false, vm: checked.vm, compiled: undefined, etag };
  };
  if (hasErrors(checked.findings)) return stopped(checked.findings);

  const compiled = withUserDataVersion(held.compile(checked.vm), gathered.secret);
  const foresight = await foresee(client, compiled, {
    facts,
    secret: gathered.secret,
    force: held.force,
    signal,
  });
  const findings = [...checked.findings, ...foresight.findings];
  if (hasErrors(findings)) return stopped(findings);

  const released = releasedNads(facts, compiled);
  const running = runningVm(facts);
  const plan = planVm({
    before: held.before,
    after: checked.vm,
    attachmentNames: compiled.attachmentNames,
    running,
    objects: foresight.objects,
    released,
    besides: held.besides(checked.vm, running),
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
  const written = await writeObjects(client, {
    compiled,
    plan,
    released,
    existing: facts.vm,
    force: held.force,
    lock: lockOf(request, held.force),
    signal,
  });
  return { ...result, written: true, etag: written.metadata.resourceVersion ?? "" };
}

/** A caller who named a version or a plan, or takes a VM over, gets exactly that or nothing. */
function lockOf({ etag, planFingerprint }: ApplyRequest, force: boolean): "plan" | "version" | undefined {
  if (etag !== undefined) return "version";
  return planFingerprint !== undefined || force ? "plan" : undefined;
}

const subjectOf = ({ namespace, name }: VmSpec): string => `VirtualMachine ${namespace}/${name}`;

function requireVersion({ spec, etag }: ApplyRequest, vm: VirtualMachine | undefined): void {
  if (etag !== undefined && etag !== vm?.metadata.resourceVersion) throw new VersionMismatch(subjectOf(spec));
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
