/** The rows of a table that a condition picks. @throws if there are none, because their tests would silently be missing. */
export function someOf<T>(rows: readonly T[]): readonly T[] {
  if (rows.length === 0) throw new Error("no row of the table fits the condition, so nothing is tested");
  return rows;
}
