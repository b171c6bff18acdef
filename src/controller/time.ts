// Times in the form of metav1.Time.

/** RFC 3339 with whole seconds. */
export function wholeSeconds(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, "Z");
}
