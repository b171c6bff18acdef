// What a check sees: the VM as asked and as resolved, and the world around it. A check returns what it found.
import type { Catalogue } from "../catalogue.ts";
import type { Facts } from "../facts.ts";
import type { Finding } from "../findings.ts";
import type { Nic, ResolvedVm } from "../nic.ts";
import type { NetworkConfig, VmSpec } from "../spec.ts";

export interface VmContext {
  readonly spec: VmSpec;
  readonly vm: ResolvedVm;
  readonly catalogue: Catalogue;
  readonly facts: Facts;
}

export interface NicContext extends VmContext {
  readonly nic: Nic;
  readonly config: NetworkConfig;
}

type Found = Finding | readonly (Finding | undefined)[] | undefined;
export type VmCheck = (context: VmContext) => Found;
export type NicCheck = (context: NicContext) => Found;

/** Runs the checks in order and keeps what they found. */
export function runChecks<C>(checks: readonly ((context: C) => Found)[], context: C): Finding[] {
  return checks.flatMap((check) => check(context)).filter((found) => found !== undefined);
}

/** The NICs before this one, for rules where the later of two is at fault. */
export function nicsBefore({ vm, nic }: NicContext): readonly Nic[] {
  return vm.nics.slice(0, nic.index);
}
