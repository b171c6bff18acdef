// Conditions and phases as virt-controller and virt-handler write them; what is given is not changed.
import type { Condition, VirtualMachineInstance, VmiPhase } from "../../domain/objects/kubernetes.ts";

/** The condition by which virt-controller asks for more memory; virt-handler removes it when the memory is there. */
export const memoryChangeType = "MemoryChange";

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

/** The VMI in that phase, with the time at which it first came to it (pkg/controller SetVMIPhaseTransitionTimestamp). */
export function withPhase<V extends VirtualMachineInstance>(vmi: V, phase: VmiPhase, now: string): V {
  const passed = vmi.status?.phaseTransitionTimestamps ?? [];
  const phaseTransitionTimestamps = passed.some((entry) => entry.phase === phase)
    ? passed
    : [...passed, { phase, phaseTransitionTimestamp: now }];
  return { ...vmi, status: { ...vmi.status, phase, phaseTransitionTimestamps } };
}
