// Suggests a known word for an unknown one.

/** Longer words are not typos, and comparing them would be slow. */
const longestCompared = 40;

/**
 * The word of `known` that is nearest to `given`, ignoring case, hyphens and underscores; undefined if all of them differ
 * by more than a third of its letters.
 */
export function nearest(given: string, known: readonly string[]): string | undefined {
  if (given.length > longestCompared) return undefined;
  const wanted = plain(given);
  let best: { readonly word: string; readonly distance: number } | undefined;
  for (const word of known) {
    const distance = editDistance(wanted, plain(word));
    if (distance < (best?.distance ?? Infinity)) best = { word, distance };
  }
  return best && best.distance <= Math.max(1, Math.floor(wanted.length / 3)) ? best.word : undefined;
}

const plain = (word: string): string => word.toLowerCase().replaceAll(/[-_ ]/g, "");

/** Optimal string alignment distance: insertions, deletions, replacements and swaps of neighbours. */
function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const at = (i: number, j: number): number => rows[i]?.[j] ?? Infinity;
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(i - 2, j - 2) + 1 : Infinity;
      row.push(Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + same, swapped));
    }
  }
  return at(a.length, b.length);
}
