// Quantities are parsed and formatted as in Kubernetes.
import { it } from "vitest";
import { canonicalQuantity, one, quantityValue } from "../../../src/domain/objects/quantity.ts";

it.for([
  ["1024Mi", "1Gi", 2n ** 30n],
  ["1.5Gi", "1536Mi", 3n * 2n ** 29n],
  ["512Ki", "512Ki", 2n ** 19n],
  ["1023", "1023", 1023n],
  ["2000M", "2G", 2_000_000_000n],
  ["1e3", "1e3", 1000n],
  ["-1Gi", "-1Gi", -(2n ** 30n)],
  ["0", "0", 0n],
  [1_073_741_824, "1073741824", 2n ** 30n],
] as const)("%s is %s", ([given, canonical, units], { expect }) => {
  expect(canonicalQuantity(given)).toBe(canonical);
  expect(quantityValue(given)).toBe(units * one);
});

it("fractions are kept", ({ expect }) => {
  expect(canonicalQuantity("0.5")).toBe("500m");
  expect(quantityValue("100m") * 10n).toBe(one);
});

it("a text that is not a quantity is not changed and counts as zero", ({ expect }) => {
  expect(canonicalQuantity("lots")).toBe("lots");
  expect(quantityValue("lots")).toBe(0n);
});
