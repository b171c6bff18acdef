// The way from kubectl's client-side apply to server-side apply: what the annotation of the former says was
// applied is no conflict for the latter (k8s.io/apimachinery managedfields lastAppliedManager).
import { type Json, asObject, asString, isObject } from "../json.ts";
import { type ApiObject, withMeta } from "../object.ts";
import type { Schema } from "../schemas.ts";
import { compare, fieldsOf } from "./compare.ts";
import { type FieldSet, difference, emptySet, union } from "./field-set.ts";
import { withoutManagers } from "./managers.ts";

const annotation = "kubectl.kubernetes.io/last-applied-configuration";

/** kubectl's own manager, the only one that this is for. */
const kubectlManager = "kubectl";

function lastApplied(object: ApiObject): Json | undefined {
  const text = asString(asObject(object.metadata["annotations"])[annotation]);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as Json;
  } catch {
    // Anybody may write this annotation; a text that is no JSON says nothing of what was applied.
    return undefined;
  }
}

/** Fields whose live value is still the one that kubectl applied from the client. */
export function appliedByClient(manager: string, live: ApiObject, schema: Schema): FieldSet {
  const config = manager === kubectlManager ? lastApplied(live) : undefined;
  if (!isObject(config)) return emptySet;
  const { modified, removed } = compare(config, withoutManagers(live), schema);
  return difference(fieldsOf(config, schema), union(modified, removed));
}

/** The object with the annotation brought up to date, when it has one and kubectl applied it. */
export function withLastApplied(manager: string, object: ApiObject, config: ApiObject): ApiObject {
  const annotations = asObject(object.metadata["annotations"]);
  if (manager !== kubectlManager || annotations[annotation] === undefined) return object;
  const text = `${JSON.stringify(config)}\n`;
  return withMeta(object, { annotations: { ...annotations, [annotation]: text } });
}
