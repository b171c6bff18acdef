// Writing conditions into a status list, without touching the list that was given.
import type { Condition } from "../../domain/objects/kubernetes.ts";

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
