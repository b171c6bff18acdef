// A log that keeps its errors for the test to look at, and forgets the rest.
import type { KubeLog } from "../../../src/kube/log.ts";

export const logged: { readonly fields: Readonly<Record<string, unknown>>; readonly message: string }[] = [];

export const quiet: KubeLog = {
  info: () => undefined,
  warn: (fields, message) => logged.push({ fields, message }),
  error: (fields, message) => logged.push({ fields, message }),
};
