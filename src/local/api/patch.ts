// PATCH: which type of patch it is, and the write that it leads to.
import { timestamp } from "../timestamp.ts";
import { decodeYaml, mediaType } from "./body.ts";
import { type Write, requireManager, requireNoForce } from "./context.ts";
import { decodeApplied, decodePatched } from "./decode.ts";
import { type Json, textAt } from "./json.ts";
import { jsonPatch } from "./json-patch.ts";
import { mergePatch, strategicMerge } from "./merge-patch.ts";
import { type ApiObject, meta } from "./object.ts";
import { getObject } from "./read.ts";
import type { ResourceRoute } from "./route.ts";
import { schemaOf } from "./schemas.ts";
import { applyConfig } from "./ssa/apply.ts";
import { badRequest, conflict, notFound, unsupportedMediaType } from "./status.ts";
import { keyOf } from "./store.ts";
import { createObject, inNamespace, updateObject } from "./write.ts";

/** The object after a patch, and whether an Apply created it. */
interface Patched {
  readonly object: ApiObject;
  readonly created: boolean;
}

const jsonPatchType = "application/json-patch+json";
const mergePatchType = "application/merge-patch+json";
const strategicType = "application/strategic-merge-patch+json";
const applyType = "application/apply-patch+yaml";
const applyTypes = [applyType, "application/apply-patch+json"];

interface PatchRequest {
  readonly contentType: string | undefined;
  readonly text: string;
  readonly query: URLSearchParams;
}

function requireName(value: Json, route: ResourceRoute): void {
  const given = textAt(value, "metadata", "name");
  if (given === "" || given === route.name) return;
  throw badRequest(
    `the name of the object (${given}) does not match the name on the URL (${route.name ?? ""})`,
  );
}

function parsePatch(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw badRequest("invalid JSON patch");
  }
}

function patchedValue(route: ResourceRoute, old: ApiObject, type: string, patch: Json): Json {
  if (type === jsonPatchType) return jsonPatch(old, patch);
  if (type === mergePatchType) return mergePatch(old, patch);
  return strategicMerge(old, patch, schemaOf(route.resource.schema));
}

function update(write: Write, { text, query }: PatchRequest, type: string): Patched {
  const { context, route, options } = write;
  requireNoForce(query);
  const old = getObject(context, route);
  const value = patchedValue(route, old, type, parsePatch(text));
  requireName(value, route);
  const patched = decodePatched(route.resource, value, options);
  return { object: updateObject(write, old, patched), created: false };
}

function apply(write: Write, { text, query }: PatchRequest): Patched {
  const { context, route, options } = write;
  requireManager(query);
  const { resource, name = "", subresource } = route;
  const value = decodeYaml(text, resource.kind);
  requireName(value, route);
  const config = inNamespace(route, decodeApplied(resource, value, name));
  const live = context.store.get(resource, keyOf(route.namespace, name));
  const writer = { manager: options.manager, subresource, time: timestamp(context.clock()) };
  if (live === undefined) {
    if (subresource !== undefined) throw notFound(resource, name);
    const uid = meta(config, "uid");
    if (uid !== "") {
      const why = `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`;
      throw conflict(resource, name, why);
    }
  }
  const object = applyConfig(resource, live, config, writer, options.force);
  if (live === undefined) return { object: createObject(write, object, "applied"), created: true };
  return { object: updateObject(write, live, object, "applied"), created: false };
}

/** @throws ApiError 400, 404, 409, 415 or 422, or a refusal of admission. */
export function patchObject(write: Write, request: PatchRequest): Patched {
  const type = mediaType(request.contentType);
  if (applyTypes.includes(type)) return apply(write, request);
  const strategic = write.route.resource.custom ? [] : [strategicType];
  const supported = [jsonPatchType, mergePatchType, ...strategic, applyType];
  if (!supported.includes(type)) throw unsupportedMediaType(supported);
  return update(write, request, type);
}
