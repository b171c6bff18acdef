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

/** An object at the API server, and as its dry run says it would be after the apply. */
export interface DryRunObject {
  readonly live: KubernetesObject | undefined;
  readonly wanted: KubernetesObject;
}

export interface PlanInput {
  /** The VM as it was, from asStored; undefined when it is new or its record cannot be read. */
  readonly before: ResolvedVm | undefined;
  readonly after: ResolvedVm;
  /** The NAD of each NIC of `after`, NAMESPACE/NAME; undefined for the pod network. */
  readonly attachmentNames: readonly (string | undefined)[];
  /** undefined: it does not run. */
  readonly running: RunningVm | undefined;
  /** In order of writing. */
  readonly objects: readonly DryRunObject[];
  /** NADs that are removed because this VM was the last to use them. */
  readonly released: readonly NetworkAttachmentDefinition[];
  /** Changes in addition to those of the spec's fields. */
  readonly moreChanges?: readonly FieldChange[];
}

export function planVm(input: PlanInput): Plan {
  const objects = [...input.objects.map(plannedObject), ...input.released.map(releasedObject)];
  const { before, after, attachmentNames, running, moreChanges = [] } = input;
  const fields = [...fieldChanges(before, after, attachmentNames, running), ...moreChanges];
  const changes = [
    ...fields,
    // Not explained by a field: the Secret was edited, or a newer multinic renders the same configuration differently.
    ...(fields.length > 0 ? [] : input.objects.flatMap((object) => networkDataChange(object, running))),
    ...input.objects.flatMap((object) => userDataChange(object, running)),
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

function plannedObject({ live, wanted }: DryRunObject): PlannedObject {
  const { kind, metadata } = wanted;
  const common = { kind, namespace: metadata.namespace ?? "", name: metadata.name };
  if (live === undefined) return { ...common, action: "create", reason: "does not exist yet" };
  return isDeepStrictEqual(comparable(live), comparable(wanted))
    ? { ...common, action: "unchanged", reason: "is up to date" }
    : { ...common, action: "update", reason: "differs from the requested state" };
}

function networkDataChange(object: DryRunObject, running: RunningVm | undefined): readonly FieldChange[] {
  const texts = secretTexts(object, "networkdata");
  return texts === undefined
    ? []
    : [{ field: "networks", nic: "", ...texts, ...judgeChange("guest", running) }];
}

/** Of the caller's own text: what NMState adds to it for the networks is a change of the networks. */
function userDataChange(object: DryRunObject, running: RunningVm | undefined): readonly FieldChange[] {
  const texts = secretTexts(object, "userdata", callersPart);
  return texts === undefined
    ? []
    : [{ field: "userData.text", nic: "", ...texts, ...judgeChange("user-data", running) }];
}

/** The values of a Secret's key that changes. The text itself may hold passwords: the plan says that it changes, not how. */
function secretTexts(
  { live, wanted }: DryRunObject,
  key: "networkdata" | "userdata",
  part: (text: string) => string = (text) => text,
): Pick<FieldChange, "oldValue" | "newValue"> | undefined {
  if (live === undefined || wanted.kind !== "Secret") return undefined;
  const textOf = (secret: Secret): string | undefined => {
    const data = secret.data?.[key];
    return data === undefined ? undefined : part(Buffer.from(data, "base64").toString());
  };
  const oldText = textOf(live as Secret);
  const newText = textOf(wanted as Secret);
  if (oldText === newText) return undefined;
  const shown = (text: string | undefined): string => (text === undefined ? "" : "text (not shown)");
  return { oldValue: shown(oldText), newValue: shown(newText) };
}

/** Without what only the API server and controllers write. */
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
    reason: "is no longer used by any VM",
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
