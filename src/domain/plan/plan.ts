// The plan of an apply: the action for each object, the changes of fields, and their effect on a running VM.
import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { callersPart } from "../guest/boothook.ts";
import type { ResolvedVm } from "../nic.ts";
import { secretText } from "../objects/cloud-init.ts";
import type { KubernetesObject, Secret } from "../objects/kubernetes.ts";
import { type Effect, worst } from "./effects.ts";
import { type FieldChange, fieldChanges } from "./field-changes.ts";
import type { Release } from "./releases.ts";
import { judgeChange, type RunningVm } from "./running-vm.ts";

export type ObjectAction = "create" | "update" | "delete" | "unchanged";

export interface PlannedObject {
  readonly action: ObjectAction;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly message: string;
}

export interface Plan {
  readonly objects: readonly PlannedObject[];
  readonly changes: readonly FieldChange[];
  readonly effect: Effect;
  /** Equal plans have the same fingerprint; any difference changes it. */
  readonly fingerprint: string;
}

/** An object at the API server, and the result of the dry run of its apply. */
export interface DryRunObject {
  readonly live: KubernetesObject | undefined;
  readonly wanted: KubernetesObject;
}

export interface PlanInput {
  /** The VM as it was, from asStored; undefined if it is new or its record cannot be read. */
  readonly before: ResolvedVm | undefined;
  readonly after: ResolvedVm;
  /** The NAD of each NIC of `after`, NAMESPACE/NAME; undefined for the pod network. */
  readonly attachmentNames: readonly (string | undefined)[];
  /** undefined: the VM does not run. */
  readonly running: RunningVm | undefined;
  /** In order of writing. */
  readonly objects: readonly DryRunObject[];
  readonly released: readonly Release[];
  /** Changes in addition to those of the spec's fields. */
  readonly moreChanges?: readonly FieldChange[];
}

export function planVm(input: PlanInput): Plan {
  const objects = [...input.objects.map(plannedObject), ...input.released.map(releasedObject)];
  const { before, after, attachmentNames, running, moreChanges = [] } = input;
  const fields = [...fieldChanges(before, after, attachmentNames, running), ...moreChanges];
  const changes = [
    ...fields,
    // Without a changed field: the Secret was edited, or a newer multinic renders the same configuration differently.
    ...(fields.length > 0
      ? []
      : input.objects.flatMap((object) => secretChange(object, "networkdata", running))),
    ...input.objects.flatMap((object) => secretChange(object, "userdata", running)),
  ];
  const effect = worst(changes.map((change) => change.effect));
  const uid = input.objects.find(({ live }) => live?.kind === "VirtualMachine")?.live?.metadata.uid;
  const fingerprint = createHash("sha256")
    .update(JSON.stringify([uid ?? null, objects, changes]))
    .digest("hex");
  return { objects, changes, effect, fingerprint };
}

/** True if the plan writes nothing. */
export function isUnchanged({ objects }: Plan): boolean {
  return objects.every(({ action }) => action === "unchanged");
}

function plannedObject({ live, wanted }: DryRunObject): PlannedObject {
  const { kind, metadata } = wanted;
  const common = { kind, namespace: metadata.namespace ?? "", name: metadata.name };
  if (live === undefined) return { ...common, action: "create", message: "does not exist yet" };
  return isDeepStrictEqual(comparable(live), comparable(wanted))
    ? { ...common, action: "unchanged", message: "is up to date" }
    : { ...common, action: "update", message: "differs from the requested state" };
}

/**
 * The change of a Secret's key. The text itself may hold passwords: the plan says that it changes, not how. Of the
 * user-data only the caller's own text counts: what NMState adds to it is a change of the networks.
 */
function secretChange(
  { live, wanted }: DryRunObject,
  key: "networkdata" | "userdata",
  running: RunningVm | undefined,
): readonly FieldChange[] {
  if (live === undefined || wanted.kind !== "Secret") return [];
  const isUserData = key === "userdata";
  const textOf = (secret: Secret): string | undefined => {
    const text = secretText(secret, key);
    return text !== undefined && isUserData ? callersPart(text) : text;
  };
  const oldText = textOf(live as Secret);
  const newText = textOf(wanted as Secret);
  if (oldText === newText) return [];
  const shown = (text: string | undefined): string => (text === undefined ? "" : "text (not shown)");
  return [
    {
      path: isUserData ? "userData.text" : "networks",
      nic: "",
      oldValue: shown(oldText),
      newValue: shown(newText),
      ...judgeChange(isUserData ? "user-data" : "guest", running),
    },
  ];
}

/** Without fields that only the API server and controllers write. */
function comparable(object: KubernetesObject): object {
  const { metadata, status: _, ...content } = object as KubernetesObject & { readonly status?: unknown };
  const { resourceVersion: _rv, generation: _generation, managedFields: _managed, ...kept } = metadata;
  return { ...content, metadata: kept };
}

function releasedObject({ nad: { kind, metadata }, isShared }: Release): PlannedObject {
  return {
    kind,
    namespace: metadata.namespace ?? "",
    name: metadata.name,
    action: isShared ? "update" : "delete",
    message: isShared ? "is no longer used by this VM" : "is no longer used by any VM",
  };
}
