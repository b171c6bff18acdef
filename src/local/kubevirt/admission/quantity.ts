// Kubernetes quantities, exact: 1Gi, 100m, 1e3, 0.5 (k8s.io/apimachinery pkg/api/resource).
import type { Quantity } from "./template-spec.ts";

const form = /^([+-]?)(\d+\.?\d*|\.\d+)(?:([KMGTPE]i)|([numkMGTPE])|[eE]([+-]?\d+))?$/;

/** The words in which a value that is no quantity is refused. */
export const quantityError =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

const binaryPowers = { Ki: 10n, Mi: 20n, Gi: 30n, Ti: 40n, Pi: 50n, Ei: 60n } as const;
const decimalPowers = { n: -9, u: -6, m: -3, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 } as const;

/** Digits after the point that are kept: quantities go down to nano. */
const scale = 9;

/** The value in units of 10⁻⁹, rounded away from zero beyond that; undefined when the text is no quantity. */
export function parseQuantity(quantity: Quantity): bigint | undefined {
  const match = form.exec(String(quantity));
  if (match === null) return undefined;
  const [, sign, number = "", binary, decimal, exponent] = match;
  const [whole = "", fraction = ""] = number.split(".");
  const power =
    decimal === undefined ? Number(exponent ?? 0) : decimalPowers[decimal as keyof typeof decimalPowers];
  const shift = scale + power - fraction.length;
  let value = BigInt(whole + fraction);
  if (binary !== undefined) value <<= binaryPowers[binary as keyof typeof binaryPowers];
  value = shift >= 0 ? value * 10n ** BigInt(shift) : ceilDivide(value, 10n ** BigInt(-shift));
  return sign === "-" ? -value : value;
}

/** The value in units of 10⁻⁹; what is absent (or no quantity, which the schema refuses) counts as zero, as in KubeVirt. */
export function quantityValue(quantity: Quantity | undefined): bigint {
  return quantity === undefined ? 0n : (parseQuantity(quantity) ?? 0n);
}

/** One whole unit in the terms of `quantityValue`. */
export const one = 10n ** BigInt(scale);

function ceilDivide(value: bigint, by: bigint): bigint {
  return (value + by - 1n) / by;
}
