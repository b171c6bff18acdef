// Paths of the input's fields: networks[1].ipConfig.address, and labels["example.org/team"] for an entry of a mapping.

/** The path of an entry of the mapping at `path`. Very long keys are cut off. */
export function entryPath(path: string, key: string): string {
  const shown = key.length > longestShown ? `${key.slice(0, longestShown)}…` : key;
  return `${path}[${JSON.stringify(shown)}]`;
}

/** No label key is longer. */
const longestShown = 317;

/** `networks[1].ipConfig.address` → ["networks", 1, "ipConfig", "address"]; `labels["a/b"]` → ["labels", "a/b"]. */
export function pathSegments(field: string): readonly (string | number)[] {
  return [...field.matchAll(/([^.[\]]+)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]/g)].map(([, name, index, key]) => {
    if (key !== undefined) return JSON.parse(key) as string;
    return index === undefined ? (name ?? "") : Number(index);
  });
}
