// Keys of objects in caches, indexes and work queues.

/** `namespace/name`. */
export function keyOf(object: { readonly namespace?: string | undefined; readonly name: string }): string {
  return `${object.namespace ?? ""}/${object.name}`;
}

/** The inverse of keyOf. */
export function refOf(key: string): { readonly namespace: string; readonly name: string } {
  const slash = key.indexOf("/");
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
