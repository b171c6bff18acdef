// Applies a fix to the input that it is for, as a client of the API would.
import type { FieldPatch, Fix } from "../../src/domain/fix.ts";
import { pathSegments } from "../../src/domain/paths.ts";

/** A copy of `input` with the fix applied. Missing mappings on the path are created. @throws Error for a missing list element. */
export function applyFix<T extends object>(input: T, fix: Fix): T {
  const copy = structuredClone(input);
  for (const patch of fix.patches) applyPatch(copy, pathSegments(patch.field), patch);
  return copy;
}

function applyPatch(root: object, segments: readonly (string | number)[], patch: FieldPatch): void {
  let at: unknown = root;
  for (const [depth, segment] of segments.entries()) {
    if (typeof at !== "object" || at === null) throw new Error(`${patch.field} leads through a plain value`);
    const container = at as Record<string | number, unknown>;
    if (depth < segments.length - 1) {
      if (container[segment] === undefined) {
        if (typeof segment === "number") throw new Error(`${patch.field}: there is no element ${segment}`);
        container[segment] = {};
      }
      at = container[segment];
    } else if ("value" in patch) {
      container[segment] = patch.value;
    } else if (Array.isArray(at)) {
      at.splice(Number(segment), 1);
    } else {
      delete container[segment];
    }
  }
}
