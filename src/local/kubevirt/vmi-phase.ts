// The phases of a VMI as both of its keepers write them.
import type { VirtualMachineInstance, VmiPhase } from "../../domain/objects/kubernetes.ts";

/** The VMI in that phase, with the time at which it first came to it (pkg/controller SetVMIPhaseTransitionTimestamp). */
export function withPhase<V extends VirtualMachineInstance>(vmi: V, phase: VmiPhase, now: string): V {
  const passed = vmi.status?.phaseTransitionTimestamps ?? [];
  const phaseTransitionTimestamps = passed.some((entry) => entry.phase === phase)
    ? passed
    : [...passed, { phase, phaseTransitionTimestamp: now }];
  return { ...vmi, status: { ...vmi.status, phase, phaseTransitionTimestamps } };
}
