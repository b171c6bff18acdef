// Decodes the body of a successful response: a JSON object, or a page of a list.
import type { KubernetesObject } from "../../domain/objects/kubernetes.ts";
import { parseMapping } from "../../domain/objects/mapping.ts";
import { KubeError } from "../errors.ts";
import type { ObjectPage } from "../kube-client.ts";
import type { Resource } from "../resource.ts";

/**
 * Items of a list have no apiVersion and kind; they are added. A response without items or resourceVersion is an error:
 * read as an empty list, it would empty a cache.
 */
export function toPage<T extends KubernetesObject>(resource: Resource<T>, body: object): ObjectPage<T> {
  const { items, metadata } = body as {
    items?: T[] | null;
    metadata?: { resourceVersion?: string; continue?: string };
  };
  if (items === undefined || !metadata?.resourceVersion) {
    throw new KubeError("Undecodable", 200, `the answer is not a list of ${resource.plural}`);
  }
  const apiVersion = resource.group === "" ? resource.version : `${resource.group}/${resource.version}`;
  for (const item of items ?? []) {
    item.apiVersion ??= apiVersion;
    item.kind ??= resource.kind;
  }
  return {
    items: items ?? [],
    resourceVersion: metadata.resourceVersion,
    continueToken: metadata.continue === "" ? undefined : metadata.continue,
  };
}

/** @throws KubeError "Undecodable" for anything but a JSON object. */
export function decode(text: string): object {
  const value = parseMapping(text);
  if (value !== undefined) return value;
  const message = "the answer is not a JSON object; is this the URL of an API server?";
  throw new KubeError("Undecodable", 200, message);
}
