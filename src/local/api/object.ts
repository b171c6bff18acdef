// Objects as the embedded API stores them, and the metadata that it reads itself.
import { type Json, type JsonObject, asList, asObject, asString, isObject } from "./json.ts";

/** A stored or decoded object. Stored ones are never changed in place. */
export interface ApiObject extends JsonObject {
  apiVersion: string;
  kind: string;
  metadata: JsonObject;
}

/** One entry of metadata.ownerReferences. */
export interface Owner {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly blockOwnerDeletion: boolean;
}

/** A text field of the metadata, or "" when it is absent. */
export function meta(object: ApiObject, field: string): string {
  return asString(object.metadata[field]) ?? "";
}

/** The object with some metadata fields replaced; undefined removes a field. */
export function withMeta(object: ApiObject, fields: Readonly<Record<string, Json | undefined>>): ApiObject {
  const metadata = { ...object.metadata };
  for (const [key, value] of Object.entries(fields)) {
    if (value === undefined) delete metadata[key];
    else metadata[key] = value;
  }
  return { ...object, metadata };
}

/** The object with a list of its metadata replaced; an empty list removes the field. */
export function withMetaList(
  object: ApiObject,
  field: "finalizers" | "ownerReferences",
  list: readonly Json[],
): ApiObject {
  return withMeta(object, { [field]: list.length > 0 ? list : undefined });
}

export function isDeleting(object: ApiObject): boolean {
  return object.metadata["deletionTimestamp"] !== undefined;
}

export function labelsOf(object: ApiObject): JsonObject {
  return asObject(object.metadata["labels"]);
}

export function finalizersOf(object: ApiObject): readonly string[] {
  return asList(object.metadata["finalizers"]).filter((item) => typeof item === "string");
}

export function ownersOf(object: ApiObject): readonly Owner[] {
  return asList(object.metadata["ownerReferences"])
    .filter(isObject)
    .map((owner) => ({
      apiVersion: asString(owner["apiVersion"]) ?? "",
      kind: asString(owner["kind"]) ?? "",
      name: asString(owner["name"]) ?? "",
      uid: asString(owner["uid"]) ?? "",
      blockOwnerDeletion: owner["blockOwnerDeletion"] === true,
    }));
}

const encodings = new WeakMap<ApiObject, string>();

/** The JSON text of a stored object, computed once for all watchers and lists. */
export function encoded(object: ApiObject): string {
  const text = encodings.get(object) ?? JSON.stringify(object);
  encodings.set(object, text);
  return text;
}
