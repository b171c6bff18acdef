// Fixes of the input as data: fields to set or remove, with paths as in findings.

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
