// A fix of the input as data: which fields to set or remove. Paths are those of findings.

/** A change of one field; without `value` the field is removed. */
export interface FieldPatch {
  readonly field: string;
  readonly value?: unknown;
}

/** Changes to make together, with a description for people. */
export interface Fix {
  readonly description: string;
  readonly patches: readonly FieldPatch[];
}

/** One patch that sets `field` to `value`. */
export function replaceWith(field: string, value: string | number | boolean): Fix {
  return { description: `set ${field} to ${value}`, patches: [{ field, value }] };
}

/** One patch that removes `field`. */
export function removeField(field: string): Fix {
  return { description: `remove ${field}`, patches: [{ field }] };
}

/** A copy of `input` with the fix applied. Missing mappings on the path are created. @throws Error for a missing list element. */
export function applyFix<T extends object>(input: T, fix: Fix): T {
  const copy = structuredClone(input);
  for (const patch of fix.patches) applyPatch(copy, pathSegments(patch.field), patch);
  return copy;
}

/** `networks[1].ipConfig.address` → ["networks", 1, "ipConfig", "address"]. */
export function pathSegments(field: string): readonly (string | number)[] {
  return [...field.matchAll(/([^.[\]]+)|\[(\d+)\]/g)].map(([, key, index]) =>
    index === undefined ? (key ?? "") : Number(index),
  );
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
