// Texts of the cluster that no rule limits, such as messages of conditions and what a guest reports.

/** The text, or its first `max` - 1 UTF-16 units and an ellipsis. */
export function bounded(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max - 1).toWellFormed()}…`;
}
