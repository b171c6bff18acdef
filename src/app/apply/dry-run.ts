// A dry run of every write before the first real one: what the API server would store, and what it refuses.
import type { CompiledVm } from "../../domain/compile/compile.ts";
import type { Facts } from "../../domain/facts.ts";
import type { Finding } from "../../domain/findings.ts";
import type {
  KubernetesObject,
  NetworkAttachmentDefinition,
  OwnerReference,
} from "../../domain/objects/kubernetes.ts";
import { fieldManager, ownerReferenceTo, specAnnotation } from "../../domain/objects/ownership.ts";
import { readObject } from "../../domain/objects/read-objects.ts";
import type { DryRunObject } from "../../domain/plan/plan.ts";
import type { ApplyOptions, CallOptions, KubeClient } from "../../kube/kube-client.ts";
import { virtualMachines } from "../../kube/resource.ts";
import { isOwnedByAnother, ownedByAnother, refusals } from "./refusals.ts";
import { attempts, type Write, writesOf } from "./writes.ts";

export interface DryRun {
  readonly objects: readonly DryRunObject[];
  /** What the API server or KubeVirt's admission refuses. */
  readonly findings: readonly Finding[];
  /** The write takes over the VM's fields: as asked, or because the record cannot be repaired otherwise. */
  readonly force: boolean;
}

/**
 * `force`: the VM's fields are taken over from other managers.
 * @throws PreconditionFailed when another manager owns a field; KubeError.
 */
export async function dryRun(
  client: KubeClient,
  compiled: CompiledVm,
  facts: Facts,
  asked: CallOptions & { readonly force: boolean },
): Promise<DryRun> {
  let { force } = asked;
  const owner = facts.vm && ownerReferenceTo(facts.vm);
  const liveOf = ({ kind, metadata }: KubernetesObject): KubernetesObject | undefined => {
    if (kind === "VirtualMachine") return facts.vm;
    return kind === "Secret" ? facts.secret : facts.nads?.get(`${metadata.namespace}/${metadata.name}`);
  };
  const findings: Finding[] = [];
  const objects: DryRunObject[] = [];
  for (const write of writesOf(compiled, owner)) {
    const { object } = write;
    try {
      const attempt = async (): Promise<DryRunObject> =>
        await atOneMoment(client, write, liveOf(object), {
          fieldManager,
          force: force && write.resource === virtualMachines,
          signal: asked.signal,
        });
      const { live, wanted } = await attempt().catch(async (error: unknown) => {
        if (!isOfUnreadableRecord(error, facts)) throw error;
        force = true;
        return await attempt();
      });
      objects.push({
        live,
        wanted: object.kind === nadKind ? withOwner(wanted, owner ?? futureOwner(compiled)) : wanted,
      });
    } catch (error) {
      if (isOwnedByAnother(error)) throw ownedByAnother(object, error, facts.vm);
      const refused = refusals(error);
      if (refused === undefined) throw error;
      findings.push(...refused);
    }
  }
  return { objects, findings, force };
}

/** True if the only conflict is over the record's annotation, which is multinic's, and its content cannot be read. */
function isOfUnreadableRecord(error: unknown, { record }: Facts): boolean {
  return (
    record.problem !== undefined &&
    isOwnedByAnother(error) &&
    error.causes.every(({ field }) => field === `.metadata.annotations.${specAnnotation}`)
  );
}

/** If the object changed between the read and the dry run, both are retried. */
async function atOneMoment(
  client: KubeClient,
  { resource, object }: Write,
  observed: KubernetesObject | undefined,
  options: ApplyOptions,
): Promise<DryRunObject> {
  let live = observed;
  for (let attempt = 1; ; attempt += 1) {
    const wanted = readObject(await client.apply(resource, object, { ...options, dryRun: true }));
    if (attempt === attempts || versionOf(wanted) === versionOf(live)) return { live, wanted };
    const found = await client.find(resource, object.metadata, { signal: options.signal });
    live = found && readObject(found);
  }
}

/** A dry run returns the stored version; a new object has none. */
function versionOf(object: KubernetesObject | undefined): string {
  return object?.metadata.resourceVersion ?? "";
}

const nadKind: NetworkAttachmentDefinition["kind"] = "NetworkAttachmentDefinition";

/** This VM's owner reference is added by a separate write, which the dry run does not include. */
function withOwner(nad: KubernetesObject, owner: OwnerReference): KubernetesObject {
  const references = nad.metadata.ownerReferences ?? [];
  if (references.some(({ uid }) => uid === owner.uid)) return nad;
  return { ...nad, metadata: { ...nad.metadata, ownerReferences: [...references, owner] } };
}

/** A VM that does not exist yet has no uid, but will own the NADs that it uses. */
function futureOwner({ virtualMachine: { apiVersion, kind, metadata } }: CompiledVm): OwnerReference {
  return { apiVersion, kind, name: metadata.name, uid: "" };
}
