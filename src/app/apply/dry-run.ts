// What the API server would make of each object: a dry run of every write before the first one is made.
import { type Finding, finding } from "../../domain/findings.ts";
import type {
  KubernetesObject,
  NetworkAttachmentDefinition,
  OwnerReference,
  Secret,
} from "../../domain/objects/kubernetes.ts";
import { fieldManager, isAdopted, ownerReferenceTo, specAnnotation } from "../../domain/objects/ownership.ts";
import { readObject } from "../../domain/objects/read-objects.ts";
import type { CompiledVm } from "../../domain/compile/compile.ts";
import type { Facts } from "../../domain/facts.ts";
import type { Foreseen } from "../../domain/plan/plan.ts";
import { isKubeError, type KubeError } from "../../kube/errors.ts";
import type { ApplyOptions, CallOptions, KubeClient } from "../../kube/kube-client.ts";
import {
  networkAttachmentDefinitions,
  type Resource,
  secrets,
  virtualMachines,
} from "../../kube/resource.ts";
import { PreconditionFailed } from "../errors.ts";

/** One object with the kind it is written as. */
export interface Write {
  readonly resource: Resource<KubernetesObject>;
  readonly object: KubernetesObject;
}

/** The writes in order; the Secret belongs to the VM as soon as the VM exists. */
export function writesOf(compiled: CompiledVm, owner: OwnerReference | undefined): readonly Write[] {
  return [
    ...compiled.attachments.map((object) => ({ resource: networkAttachmentDefinitions, object })),
    { resource: secrets, object: secretToWrite(compiled, owner) },
    { resource: virtualMachines, object: compiled.virtualMachine },
  ];
}

/**
 * The Secret in base64: the API server moves `stringData` into `data` without an owner of its fields, so that it would
 * tell no conflict, and would keep a key that is not applied any more (Kubernetes documentation, Secrets).
 */
export function secretToWrite({ secret }: CompiledVm, owner: OwnerReference | undefined): Secret {
  const { stringData, metadata, ...rest } = secret;
  return {
    ...rest,
    metadata: { ...metadata, ...(owner === undefined ? {} : { ownerReferences: [owner] }) },
    data: Object.fromEntries(
      Object.entries(stringData).map(([key, text]) => [key, Buffer.from(text).toString("base64")]),
    ),
  };
}

export interface Foresight {
  readonly objects: readonly Foreseen[];
  /** What the API server or KubeVirt's admission refuses. */
  readonly findings: readonly Finding[];
  /** The write takes the VM's fields over: as asked, or because only so it can repair the record. */
  readonly force: boolean;
}

/** What the objects will meet. */
export interface World {
  readonly facts: Facts;
  readonly secret: Secret | undefined;
  /** The VM's fields are taken over from other managers. */
  readonly force: boolean;
  readonly signal: AbortSignal | undefined;
}

/** @throws PreconditionFailed when another manager owns a field. */
export async function foresee(
  client: KubeClient,
  compiled: CompiledVm,
  { facts, secret, force: asked, signal }: World,
): Promise<Foresight> {
  let force = asked;
  const owner = facts.vm === undefined ? undefined : ownerReferenceTo(facts.vm);
  const liveOf = ({ kind, metadata }: KubernetesObject): KubernetesObject | undefined => {
    if (kind === "VirtualMachine") return facts.vm;
    return kind === "Secret" ? secret : facts.nads?.get(`${metadata.namespace}/${metadata.name}`);
  };
  const findings: Finding[] = [];
  const objects: Foreseen[] = [];
  for (const write of writesOf(compiled, owner)) {
    const { object } = write;
    try {
      const foreseen = async (): Promise<Foreseen> =>
        await atOneMoment(client, write, liveOf(object), {
          fieldManager,
          ...(write.resource === virtualMachines ? { force } : {}),
          ...(signal === undefined ? {} : { signal }),
        });
      const { live, wanted } = await foreseen().catch(async (error: unknown) => {
        if (!isOfUnreadableRecord(error, facts)) throw error;
        force = true;
        return await foreseen();
      });
      objects.push({
        live,
        wanted: object.kind === attachmentKind ? ownedToo(wanted, owner ?? futureOwner(compiled)) : wanted,
      });
    } catch (error) {
      if (isKubeError(error, "Conflict")) throw ownedByAnother(object, error, facts);
      if (
        !isKubeError(error, "Invalid") &&
        !isKubeError(error, "BadRequest") &&
        !isKubeError(error, "Forbidden")
      ) {
        throw error;
      }
      findings.push(...refusals(error));
    }
  }
  return { objects, findings, force };
}

/** Whoever wrote what cannot be read into the record owns the annotation, which is multinic's, and nothing else. */
function isOfUnreadableRecord(error: unknown, { record }: Facts): boolean {
  return (
    record.problem !== undefined &&
    isKubeError(error, "Conflict") &&
    error.causes.length > 0 &&
    error.causes.every(({ field }) => field === `.metadata.annotations.${specAnnotation}`)
  );
}

/** KubeVirt may write a VM many times in its first second. */
const attempts = 5;

/** The object as it is and as it would be. When somebody wrote between the reading and the dry run, both are done again. */
async function atOneMoment(
  client: KubeClient,
  { resource, object }: Write,
  known: KubernetesObject | undefined,
  options: ApplyOptions,
): Promise<Foreseen> {
  let live = known;
  for (let attempt = 1; ; attempt += 1) {
    const wanted = readObject(await client.apply(resource, object, { ...options, dryRun: true }));
    if (attempt === attempts || versionOf(wanted) === versionOf(live)) return { live, wanted };
    const found = await client.find(resource, object.metadata, signalOf(options));
    live = found && readObject(found);
  }
}

const signalOf = ({ signal }: CallOptions): CallOptions => (signal === undefined ? {} : { signal });

/** Of what is stored; a dry run keeps it, and a new object has none. */
function versionOf(object: KubernetesObject | undefined): string {
  return object?.metadata.resourceVersion ?? "";
}

const attachmentKind: NetworkAttachmentDefinition["kind"] = "NetworkAttachmentDefinition";

/** A shared NAD gets this VM's reference by a write of its own, which the dry run does not show. */
function ownedToo(nad: KubernetesObject, owner: OwnerReference): KubernetesObject {
  const references = nad.metadata.ownerReferences ?? [];
  if (references.some(({ uid }) => uid === owner.uid)) return nad;
  return { ...nad, metadata: { ...nad.metadata, ownerReferences: [...references, owner] } };
}

/** A VM that is not there yet has no uid, and will own what it uses all the same. */
function futureOwner({ virtualMachine: { apiVersion, kind, metadata } }: CompiledVm): OwnerReference {
  return { apiVersion, kind, name: metadata.name, uid: "" };
}

function ownedByAnother(object: KubernetesObject, error: KubeError, { vm }: Facts): PreconditionFailed {
  const { kind, metadata } = object;
  const canTake = kind === vm?.kind && isAdopted(vm);
  return new PreconditionFailed(
    "FIELD_OWNED_BY_OTHER_MANAGER",
    `${kind} ${metadata.namespace}/${metadata.name}`,
    canTake ? `${error.message}\nadopt the VM again to take these over` : error.message,
  );
}

/** Each cause at the field of the input that it comes from. */
function refusals(error: KubeError): readonly Finding[] {
  // "<nil>" is kube-apiserver's remark that the other causes kept it from looking further.
  const named = error.causes.filter(({ field }) => field !== "<nil>");
  const causes = named.length > 0 ? named : [{ field: "", message: error.message }];
  return causes.map(({ field, message }) =>
    finding("REFUSED_BY_CLUSTER", inputField(field), { message: message === "" ? error.message : message }),
  );
}

/** `spec.template.spec.domain.devices.interfaces[1].macAddress` is `networks[1].macAddress`; the rest stays as it is. */
export function inputField(field: string): string {
  const match =
    /^spec\.template\.spec\.(?:domain\.devices\.interfaces|networks)\[(\d+)\](?:\.(name|macAddress|state|multus)\b.*)?/.exec(
      field,
    );
  if (match === null) return field;
  const [, index, property] = match;
  const names: Record<string, string> = { state: "linkState", multus: "nadName" };
  return property === undefined ? `networks[${index}]` : `networks[${index}].${names[property] ?? property}`;
}
