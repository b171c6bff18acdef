// PATCH: which kind of patch it is, and the write it comes to.
import { timestamp } from "../timestamp.ts";
import { decodeJson, decodeYaml, mediaType } from "./body.ts";
import { type Context, type WriteOptions, requireManager, requireNoForce } from "./context.ts";
import { decodeApplied, decodePatched } from "./decode.ts";
import { asObject, asString } from "./json.ts";
import { jsonPatch } from "./json-patch.ts";
import { mergePatch } from "./merge-patch.ts";
import { type ApiObject, meta } from "./object.ts";
import { getObject } from "./read.ts";
import type { ResourceRoute } from "./route.ts";
import { schemaOf } from "./schemas.ts";
import { applyConfig } from "./ssa/apply.ts";
import { ApiError, badRequest, conflict, notFound, unsupportedMediaType } from "./status.ts";
import { keyOf } from "./store.ts";
import { strategicMerge } from "./strategic-merge.ts";
import { createObject, inNamespace, updateObject } from "./write.ts";

/** The object after a patch, and whether an Apply made it. */
export interface Patched {
  readonly object: ApiObject;
  readonly created: boolean;
}

const jsonPatchType = "application/json-patch+json";
const mergePatchType = "application/merge-patch+json";
const strategicType = "application/strategic-merge-patch+json";
const applyTypes = ["application/apply-patch+yaml", "application/apply-patch+json"];

/** A PATCH request's parts. */
export interface PatchRequest {
  readonly contentType: string | undefined;
  readonly text: string;
  readonly query: URLSearchParams;
}

function requireName(given: string, route: ResourceRoute): void {
  if (given === "" || given === route.name) return;
  throw badRequest(
    `the name of the object (${given}) does not match the name on the URL (${route.name ?? ""})`,
  );
}

function patchedValue(
  route: ResourceRoute,
  old: ApiObject,
  type: string,
  text: string,
): ReturnType<typeof mergePatch> {
  const patch = parsePatch(text);
  if (type === jsonPatchType) return jsonPatch(old, patch);
  if (type === mergePatchType) return mergePatch(old, patch);
  return strategicMerge(old, patch, schemaOf(route.resource.schema));
}

function parsePatch(text: string): ReturnType<typeof decodeJson> {
  try {
    return decodeJson(text, "Patch");
  } catch (error) {
    throw error instanceof ApiError
      ? Object.assign(badRequest("invalid JSON patch"), { cause: error })
      : error;
  }
}

function update(
  context: Context,
  route: ResourceRoute,
  { text, query }: PatchRequest,
  type: string,
  options: WriteOptions,
): Patched {
  requireNoForce(query);
  const old = getObject(context, route);
  const value = patchedValue(route, old, type, text);
  requireName(asString(asObject(asObject(value)["metadata"])["name"]) ?? "", route);
  const patched = decodePatched(route.resource, value, options);
  return { object: updateObject(context, route, old, patched, options), created: false };
}

function apply(
  context: Context,
  route: ResourceRoute,
  request: PatchRequest,
  options: WriteOptions,
): Patched {
  requireManager(request.query);
  const { resource, name = "", subresource } = route;
  const value = decodeYaml(request.text, resource.kind);
  requireName(asString(asObject(asObject(value)["metadata"])["name"]) ?? "", route);
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
    const object = applyConfig(resource, undefined, config, writer, options.force);
    return { object: createObject(context, route, object, options, "applied"), created: true };
  }
  const object = applyConfig(resource, live, config, writer, options.force);
  return { object: updateObject(context, route, live, object, options, "applied"), created: false };
}

/** @throws ApiError 400, 404, 409, 415 or 422, or a judge's refusal. */
export function patchObject(
  context: Context,
  route: ResourceRoute,
  request: PatchRequest,
  options: WriteOptions,
): Patched {
  const type = mediaType(request.contentType);
  const supported = [
    jsonPatchType,
    mergePatchType,
    ...(route.resource.custom ? [] : [strategicType]),
    applyTypes[0] ?? "",
  ];
  if (applyTypes.includes(type)) return apply(context, route, request, options);
  if (!supported.includes(type)) throw unsupportedMediaType(supported);
  return update(context, route, request, type, options);
}
