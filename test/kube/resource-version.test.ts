import { describe, it } from "vitest";
import { isLater } from "../../src/kube/watch/resource-version.ts";

describe("isLater()", () => {
  it.for([
    ["10", "9", true],
    ["9", "10", false],
    ["9", "9", false],
    ["18446744073709551617", "18446744073709551616", true],
    ["99999999999999999999", "100000000000000000000", false],
    ["opaque-b", "opaque-a", true],
    ["opaque-a", "opaque-b", true],
    ["opaque", "opaque", false],
  ] as const)("%s after %s: %s", ([one, other, later], { expect }) => {
    expect(isLater(one, other)).toBe(later);
  });
});
