// Times as Kubernetes writes them.

/** RFC 3339 in UTC with whole seconds, like metav1.Time. */
export function timestamp(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}
