// An apply of some fields only.
import type { VmSpec } from "./spec.ts";

/** Fields of the VM to apply. */
export type UpdateMask = ReadonlySet<keyof VmSpec>;

/** The fields of the mask from `asked`, absent ones included, and all others from `before`. Both are of the same VM. */
export function withMask(before: VmSpec, asked: VmSpec, mask: UpdateMask): VmSpec {
  const isMasked = ([field]: readonly [string, unknown]): boolean => mask.has(field as keyof VmSpec);
  const kept = Object.entries(before).filter((entry) => !isMasked(entry));
  const taken = Object.entries(asked).filter(isMasked);
  const { namespace, name } = asked;
  const networks = mask.has("networks") ? asked.networks : before.networks;
  return { ...Object.fromEntries([...kept, ...taken]), namespace, name, networks };
}
