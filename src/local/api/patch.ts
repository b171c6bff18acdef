// PATCH: which kind of patch it is, and the write it comes to.
import { decodeJson, mediaType } from "./body.ts";
import type { Context, WriteOptions } from "./context.ts";
import { isObject } from "./json.ts";
import { mergePatch } from "./merge-patch.ts";
import type { ApiObject } from "./object.ts";
import { getObject } from "./read.ts";
import type { ResourceRoute } from "./route.ts";
import { badRequest, unsupportedMediaType } from "./status.ts";
import { updateObject } from "./write.ts";

/** The object after a patch, and whether an Apply made it. */
export interface Patched {
  readonly object: ApiObject;
  readonly created: boolean;
}

/** @throws ApiError 400, 404, 409, 415 or 422, or a judge's refusal. */
export function patchObject(
  context: Context,
  route: ResourceRoute,
  _query: URLSearchParams,
  contentType: string | undefined,
  text: string,
  options: WriteOptions,
): Patched {
  const type = mediaType(contentType);
  if (type !== "application/merge-patch+json") throw unsupportedMediaType(["application/merge-patch+json"]);
  const old = getObject(context, route);
  const patched = mergePatch(old, decodeJson(text));
  if (!isObject(patched) || !isObject(patched["metadata"])) throw badRequest("the patch leaves no object");
  return { object: updateObject(context, route, old, patched as ApiObject, options), created: false };
}
