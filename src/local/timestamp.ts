// Kubernetes' form of a time.

/** RFC 3339 in UTC with whole seconds, as metav1.Time is written. */
export function timestamp(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}
