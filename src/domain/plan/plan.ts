// The plan: what happens to each object and each field, and what that does to a running VM.
import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { callersPart } from "../guest/boothook.ts";
import type { ResolvedVm } from "../nic.ts";
import type { KubernetesObject, NetworkAttachmentDefinition, Secret } from "../objects/kubernetes.ts";
import { isManaged } from "../objects/ownership.ts";
import { type Effect, worst } from "./effects.ts";
import { type FieldChange, fieldChanges } from "./field-changes.ts";
import { judgeChange, type RunningVm } from "./running-vm.ts";

export type ObjectAction = "create" | "update" | "delete" | "unchanged";

export interface PlannedObject {
  readonly action: ObjectAction;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly reason: string;
}

export interface Plan {
  readonly objects: readonly PlannedObject[];
  readonly changes: readonly FieldChange[];
  readonly effect: Effect;
  /** The same plan has the same fingerprint; any difference in what would happen changes it. */
  readonly fingerprint: string;
}

/** An object as it is, and as the API server says it would be after the apply (its dry run). */
export interface Foreseen {
  readonly live: KubernetesObject | undefined;
  readonly wanted: KubernetesObject;
}

export interface PlanInput {
  /** What the VM was before, by the same resolution; undefined when it is new or was not made here. */
  readonly before: ResolvedVm | undefined;
  readonly after: ResolvedVm;
  /** The NAD of each NIC of `after`, NAMESPACE/NAME; undefined for the pod network. */
  readonly attachmentNames: readonly (string | undefined)[];
  /** undefined: it does not run. */
  readonly running: RunningVm | undefined;
  /** In order of writing. */
  readonly objects: readonly Foreseen[];
  /** NADs that go because this VM was the last to use them. */
  readonly released: readonly NetworkAttachmentDefinition[];
  /** What changes besides the fields of the spec. */
  readonly besides?: readonly FieldChange[];
}

export function planVm(input: PlanInput): Plan {
  const objects = [...input.objects.map(plannedObject), ...input.released.map(releasedObject)];
  const { before, after, attachmentNames, running, besides = [] } = input;
  const fields = [...fieldChanges(before, after, attachmentNames, running), ...besides];
  const changes = [
    ...fields,
    // What the fields do not explain: somebody wrote into the Secret, or an update of this program says the same otherwise.
    ...(fields.length > 0 ? [] : input.objects.flatMap((object) => networkDataChange(object, input.running))),
    ...input.objects.flatMap((object) => userDataChange(object, input.running)),
  ];
  const effect = worst(changes.map((change) => change.effect));
  const uid = input.objects.find(({ live }) => live?.kind === "VirtualMachine")?.live?.metadata.uid;
  const fingerprint = createHash("sha256")
    .update(JSON.stringify([uid ?? null, objects, changes]))
    .digest("hex");
  return { objects, changes, effect, fingerprint };
}

/** True when carrying out the plan writes nothing. */
export function isUnchanged({ objects }: Plan): boolean {
  return objects.every(({ action }) => action === "unchanged");
}

function plannedObject({ live, wanted }: Foreseen): PlannedObject {
  const { kind, metadata } = wanted;
  const common = { kind, namespace: metadata.namespace ?? "", name: metadata.name };
  if (live === undefined) return { ...common, action: "create", reason: "it does not exist" };
  return isDeepStrictEqual(comparable(live), comparable(wanted))
    ? { ...common, action: "unchanged", reason: "it is as wanted" }
    : { ...common, action: "update", reason: "it differs from what is wanted" };
}

function networkDataChange(object: Foreseen, running: RunningVm | undefined): readonly FieldChange[] {
  const texts = secretTexts(object, "networkdata");
  return texts === undefined
    ? []
    : [{ field: "networks", nic: "", ...texts, ...judgeChange("guest", running) }];
}

/** Of the caller's own text: networks that NMState brings beside it are changes of the networks. */
function userDataChange(object: Foreseen, running: RunningVm | undefined): readonly FieldChange[] {
  const texts = secretTexts(object, "userdata", callersPart);
  return texts === undefined
    ? []
    : [{ field: "userData.text", nic: "", ...texts, ...judgeChange("user-data", running) }];
}

/** Of a stored Secret's key that changes. The text itself may hold passwords: the plan says that it changes, not how. */
function secretTexts(
  { live, wanted }: Foreseen,
  key: "networkdata" | "userdata",
  part: (text: string) => string = (text) => text,
): Pick<FieldChange, "oldValue" | "newValue"> | undefined {
  if (live === undefined || wanted.kind !== "Secret") return undefined;
  const textOf = (secret: Secret): string | undefined => {
    const data = secret.data?.[key];
    return data === undefined ? undefined : part(Buffer.from(data, "base64").toString());
  };
  const before = textOf(live as Secret);
  const after = textOf(wanted as Secret);
  if (before === after) return undefined;
  const words = (data: string | undefined): string => (data === undefined ? "" : "a text of its own");
  return { oldValue: words(before), newValue: words(after) };
}

/** Without what the API server and controllers keep for themselves. */
function comparable(object: KubernetesObject): object {
  const { metadata, status: _, ...content } = object as KubernetesObject & { readonly status?: unknown };
  const { resourceVersion: _rv, generation: _generation, managedFields: _managed, ...kept } = metadata;
  return { ...content, metadata: kept };
}

function releasedObject({ kind, metadata }: NetworkAttachmentDefinition): PlannedObject {
  return {
    kind,
    namespace: metadata.namespace ?? "",
    name: metadata.name,
    action: "delete",
    reason: "no VM uses it any more",
  };
}

/** Generated NADs that only this VM owns and that are not in `used` (what the VM wants, and what its running instance has). */
export function releasedBy(
  vmUid: string,
  nads: Iterable<NetworkAttachmentDefinition>,
  used: ReadonlySet<string>,
): readonly NetworkAttachmentDefinition[] {
  return [...nads].filter((nad) => {
    const owners = nad.metadata.ownerReferences ?? [];
    const isOnlyOwner = owners.length > 0 && owners.every(({ uid }) => uid === vmUid);
    return isManaged(nad) && isOnlyOwner && !used.has(nad.metadata.name);
  });
}
