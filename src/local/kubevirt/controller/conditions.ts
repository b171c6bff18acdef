// Conditions in a status list: set, remove, look up, without touching the list that was given.
import type { Condition } from "../../../domain/objects.ts";

/** Kubernetes writes times to the second. */
export function timestamp(now: Date): string {
  return `${now.toISOString().slice(0, 19)}Z`;
}

/** The condition of a type, if it is there. */
export function findCondition(
  conditions: readonly Condition[] | undefined,
  type: string,
): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/** True when the condition is there and True. */
export function isTrue(conditions: readonly Condition[] | undefined, type: string): boolean {
  return findCondition(conditions, type)?.status === "True";
}

/** The list with the condition; the transition time stays while status and reason stay. */
export function withCondition(
  conditions: readonly Condition[] | undefined,
  condition: Condition,
): Condition[] {
  const list = [...(conditions ?? [])];
  const at = list.findIndex(({ type }) => type === condition.type);
  const known = at < 0 ? undefined : list[at];
  if (known === undefined) return [...list, condition];
  const sameState = known.status === condition.status && known.reason === condition.reason;
  if (sameState && known.message === condition.message) return list;
  list[at] =
    known.status === condition.status && known.lastTransitionTime !== undefined
      ? { ...condition, lastTransitionTime: known.lastTransitionTime }
      : condition;
  return list;
}

/** The list without conditions of that type. */
export function withoutCondition(conditions: readonly Condition[] | undefined, type: string): Condition[] {
  return (conditions ?? []).filter((condition) => condition.type !== type);
}
