// A plan as text: what is written, what changes, and what that does to a running VM.
import {
  Effect,
  type FieldChange,
  type PendingChange,
  type Plan,
  type PlannedObject,
} from "../../../gen/multinic/v1/virtual_machine_pb.ts";
import { effectToProto, objectActionToProto, wordOf } from "../../wire/enums.ts";
import { tableLines, type TableOptions } from "./table.ts";

const actionColours = { create: "green", update: "yellow", delete: "red", unchanged: "dim" } as const;

/** Unknown: an effect that only a newer service knows. */
type EffectWord = keyof typeof effectToProto | "unknown";

const effects: Readonly<Record<EffectWord, string>> = {
  none: "no effect on a running VM",
  live: "takes effect immediately, without interruption",
  "link-flap": "takes effect immediately; the NIC's link goes down for a moment",
  "live-migration": "takes effect with a live migration",
  restart: "takes effect when the VM is restarted",
  impossible: "KubeVirt rejects the change",
  unknown: "a newer multinic knows it; expect the worst",
};

/** Objects, changed fields, effect and fingerprint. */
export function planLines(plan: Plan, options: TableOptions): readonly string[] {
  const changes = plan.changes.map((change) => [
    change.path,
    change.oldValue,
    change.newValue,
    effectWord(change.effect),
    change.message,
  ]);
  return [
    ...objectLines(plan.objects, options),
    ...(changes.length > 0
      ? ["", ...tableLines(["PATH", "OLD", "NEW", "EFFECT", "WHY"], changes, options)]
      : []),
    ...otherVersions(plan.changes),
    "",
    `effect: ${effectWord(plan.effect)} (${effects[effectWord(plan.effect)]})`,
    `fingerprint: ${plan.fingerprint}`,
  ];
}

/** A row for each object. */
export function objectLines(objects: readonly PlannedObject[], options: TableOptions): readonly string[] {
  const rows = objects.map(({ action, kind, namespace, name, message }) => {
    const word = wordOf(objectActionToProto, action) ?? "update";
    return [{ text: word, format: actionColours[word] }, kind, `${namespace}/${name}`, message];
  });
  return tableLines(["ACTION", "KIND", "NAME", "WHY"], rows, options);
}

const effectWord = (effect: Effect): EffectWord => wordOf(effectToProto, effect) ?? "unknown";

/** A pending change in one line. */
export function pendingText({ path, oldValue, newValue, effect, message }: PendingChange): string {
  const values =
    oldValue === "" && newValue === "" ? "" : ` ${oldValue || "(none)"} -> ${newValue || "(none)"}`;
  return `${path === "" ? "unknown change" : path}${values}: ${waits[effectWord(effect)]}: ${message}`;
}

const waits: Readonly<Record<EffectWord, string>> = {
  none: "waits for nothing",
  live: "waits for KubeVirt",
  "link-flap": "waits for KubeVirt",
  "live-migration": "waits for a live migration",
  restart: "waits for a restart",
  impossible: "cannot take effect",
  unknown: "waits for something that only a newer multinic knows",
};

/** The effects with other KubeVirt versions, where they differ. */
function otherVersions(changes: readonly FieldChange[]): readonly string[] {
  const lines = changes.flatMap(({ path, effect, versions }) => {
    const others = versions
      .filter((version) => version.effect !== effect)
      .map(({ kubevirt, effect: other, proven }) => {
        const source = proven ? "" : " (from its documentation)";
        return `${kubevirt} ${effectWord(other)}${source}`;
      });
    return others.length === 0 ? [] : [`${path} with other KubeVirt versions: ${others.join("; ")}`];
  });
  return lines.length === 0 ? [] : ["", ...lines];
}
