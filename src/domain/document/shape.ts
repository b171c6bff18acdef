// The shape of a document as data: types of values and fields of mappings. read-value.ts reads by it.

/** A value of a document: one of the kinds that YAML and JSON share. */
export type Shape =
  | { readonly kind: "text" }
  /** A string, or a plain number read as a string: 4Gi, 1073741824. */
  | { readonly kind: "quantity" }
  | { readonly kind: "flag" }
  | { readonly kind: "integer"; readonly min: number; readonly max: number }
  /** One of `words`; the API's own form spells them `${prefix}_RERUN_ON_FAILURE`, and `${prefix}_UNSPECIFIED` for none. */
  | { readonly kind: "word"; readonly words: readonly string[]; readonly prefix: string }
  | { readonly kind: "list"; readonly of: Shape }
  | MappingShape
  /** A mapping of any keys to texts. */
  | { readonly kind: "texts" }
  /** The result of `parse`; undefined for a value that is not as `expected` says. */
  | { readonly kind: "parsed"; readonly expected: string; readonly parse: (value: unknown) => unknown }
  /** The shape depends on the value. */
  | { readonly kind: "chosen"; readonly of: (value: unknown) => Shape }
  /** Accepted and ignored. */
  | { readonly kind: "unread" };

/** A mapping with a fixed set of fields. */
export interface MappingShape {
  readonly kind: "mapping";
  readonly fields: Readonly<Record<string, Field>>;
  /** Fields of which at most one may be given, and the finding if there are more. */
  readonly oneOf?: {
    readonly fields: readonly string[];
    readonly code: "DISK_SOURCE_INVALID" | "USER_DATA_SOURCE_INVALID";
  };
}

/** A field of a mapping. */
export interface Field {
  readonly shape: Shape;
  readonly required?: true;
  /** The value of a field that is not given. */
  readonly otherwise?: unknown;
}

/** Exactly the fields of `T`: the compiler reports a field that was added to the model and is missing here. */
export type FieldsOf<T> = Readonly<Record<keyof T & string, Field>>;

export const text: Field = { shape: { kind: "text" } };
export const requiredText: Field = { shape: { kind: "text" }, required: true };
export const quantity: Field = { shape: { kind: "quantity" } };
export const texts: Field = { shape: { kind: "texts" } };
export const flag: Field = { shape: { kind: "flag" } };
export const unread: Field = { shape: { kind: "unread" } };
/** A signed 32-bit integer, the API's int32. */
export const int32: Field = { shape: { kind: "integer", min: -2_147_483_648, max: 2_147_483_647 } };
/** An unsigned 32-bit integer, the API's uint32. */
export const uint32: Field = { shape: { kind: "integer", min: 0, max: 4_294_967_295 } };

/** One of `words`, spelled `PREFIX_WORD` in the API's own form. */
export function word(words: readonly string[], prefix = ""): Field {
  return { shape: { kind: "word", words, prefix } };
}

/** A list of values of one shape. */
export function list(of: Shape): Field {
  return { shape: { kind: "list", of } };
}
