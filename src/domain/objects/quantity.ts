// Kubernetes quantities, exact: 1Gi, 100m, 1e3, 0.5 (k8s.io/apimachinery pkg/api/resource).

/** Kubernetes accepts strings and plain numbers. */
export type Quantity = string | number;

const form = /^([+-]?)(\d*)(?:\.(\d*))?([eEinumkKMGTP]*[-+]?\d*)$/;
const decimalSuffixes = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
const binarySuffixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/** Decimal places that are kept: the smallest suffix is nano. */
const scale = 9;

/** One whole unit, in the unit of `quantityValue`. */
export const one = 10n ** BigInt(scale);

/** Larger amounts are stored as this one, the maximum of int64. */
const largest = (2n ** 63n - 1n) * one;

interface Parsed {
  /** In units of 10⁻⁹, rounded up beyond that. */
  readonly value: bigint;
  readonly format: "binary" | "decimal" | "exponent";
}

function multiplier(suffix: string): (Pick<Parsed, "format"> & { base: bigint; power: number }) | undefined {
  const decimal = decimalSuffixes.indexOf(suffix);
  if (decimal >= 0) return { format: "decimal", base: 10n, power: decimal * 3 - scale };
  const binary = binarySuffixes.indexOf(suffix);
  if (binary >= 0) return { format: "binary", base: 2n, power: binary * 10 };
  const exponent = /^[eE]([-+]?\d+)$/.exec(suffix)?.[1];
  return exponent === undefined ? undefined : { format: "exponent", base: 10n, power: Number(exponent) };
}

/** The quantity, or Kubernetes' message on why it is invalid. Digits may be missing: `Gi` is zero. */
function parse(quantity: Quantity): Parsed | { readonly error: string } {
  const text = String(quantity).trim();
  const match = text === "" ? null : form.exec(text);
  if (match === null) {
    return {
      error: "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    };
  }
  const [, sign, whole = "", fraction = "", suffix = ""] = match;
  const times = multiplier(suffix);
  if (times === undefined) return { error: "unable to parse quantity's suffix" };
  // With other powers, every amount would be capped at the largest, or round up to the smallest.
  const power = Math.max(-1000, Math.min(times.power, 1000));
  const digits = BigInt(`0${whole}${fraction}`) * one * (power > 0 ? times.base ** BigInt(power) : 1n);
  const shift = 10n ** BigInt(fraction.length) * (power < 0 ? times.base ** BigInt(-power) : 1n);
  const exact = (digits + shift - 1n) / shift;
  const value = exact > largest ? largest : exact;
  return { value: sign === "-" ? -value : value, format: times.format };
}

/** Why the value is not a quantity; undefined if it is one. */
export function quantityError(quantity: Quantity): string | undefined {
  const parsed = parse(quantity);
  return "error" in parsed ? parsed.error : undefined;
}

/** The value in units of 10⁻⁹; an absent value is zero, as in KubeVirt. */
export function quantityValue(quantity: Quantity | undefined): bigint {
  const parsed = quantity === undefined ? undefined : parse(quantity);
  return parsed === undefined || "error" in parsed ? 0n : parsed.value;
}

/** The amount in bytes, exact up to 2⁵³; undefined for a text that is not a quantity of whole bytes. */
export function quantityInBytes(text: string): number | undefined {
  // Real quantities are shorter, and parsing takes time quadratic in the length.
  if (text.length > 64 || text !== text.trim()) return undefined;
  const parsed = parse(text);
  return "error" in parsed || parsed.value % one !== 0n ? undefined : Number(parsed.value / one);
}

/** The quantity as Kubernetes writes it back: `1024Mi` as `1Gi`, `0.5` as `500m`. An invalid one is returned unchanged. */
export function canonicalQuantity(quantity: Quantity): string {
  const parsed = parse(quantity);
  if ("error" in parsed) return String(quantity);
  const { value, format } = parsed;
  const units = value / one;
  const isBinary = format === "binary" && value % one === 0n && (units >= 1024n || units <= -1024n);
  const suffixes = isBinary ? binarySuffixes : decimalSuffixes;
  const step = isBinary ? 1024n : 1000n;
  let [rest, position] = [isBinary ? units : value, 0];
  while (rest !== 0n && rest % step === 0n && position < suffixes.length - 1) {
    rest /= step;
    position += 1;
  }
  if (rest === 0n) return "0";
  const exponent = position * 3 - scale;
  if (format === "exponent") return exponent === 0 ? String(rest) : `${rest}e${exponent}`;
  return `${rest}${suffixes[position]}`;
}
