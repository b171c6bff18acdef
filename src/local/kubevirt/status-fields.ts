// Conditions and phases as virt-controller and virt-handler write them; arguments are not changed.
import type { Condition, VirtualMachineInstance, VmiPhase } from "../../domain/objects/kubernetes.ts";
import { timestamp } from "../timestamp.ts";

/** The condition by which virt-controller requests more memory; virt-handler removes it when the guest has it. */
export const memoryChangeType = "MemoryChange";

/**
 * The condition by which virt-controller requests a migration for changed NICs; virt-handler of the target removes it when
 * the guest has arrived, and virt-controller sets it again for what has changed since.
 */
export const migrationRequiredType = "MigrationRequired";

/** A condition with `now` as its transition time. */
export function newCondition(
  type: string,
  status: Condition["status"],
  now: Date,
  rest: { readonly reason?: string; readonly message?: string } = {},
): Condition {
  return { type, status, ...rest, lastProbeTime: null, lastTransitionTime: timestamp(now) };
}

/** The list with the condition; the transition time is kept while the status stays the same. */
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

/** The list without conditions of this type. */
export function withoutCondition(conditions: readonly Condition[] | undefined, type: string): Condition[] {
  return (conditions ?? []).filter((condition) => condition.type !== type);
}

/** The VMI in this phase, with the time at which it first had it (pkg/controller SetVMIPhaseTransitionTimestamp). */
export function withPhase<V extends VirtualMachineInstance>(vmi: V, phase: VmiPhase, now: string): V {
  const passed = vmi.status?.phaseTransitionTimestamps ?? [];
  const phaseTransitionTimestamps = passed.some((entry) => entry.phase === phase)
    ? passed
    : [...passed, { phase, phaseTransitionTimestamp: now }];
  return { ...vmi, status: { ...vmi.status, phase, phaseTransitionTimestamps } };
}
