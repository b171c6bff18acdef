// The order of resourceVersions.

const decimal = /^[0-9]+$/;

/** True only if `now` is surely earlier than `before`: a store that goes back was reset or restored from a backup. */
export function wentBack(before: string, now: string): boolean {
  return decimal.test(before) && decimal.test(now) && isLater(before, now);
}

/**
 * True if `one` is later than `other`. Both must be from the same resource of the same API server. They are decimal
 * numbers of any length (KEP-5504, stable in Kubernetes 1.35); anything else is only compared for equality.
 */
export function isLater(one: string, other: string): boolean {
  if (!decimal.test(one) || !decimal.test(other)) return one !== other;
  if (one.length !== other.length) return one.length > other.length;
  return one > other;
}
