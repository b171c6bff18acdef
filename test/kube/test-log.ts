// A log that a test reads.
import type { KubeLog } from "../../src/kube/log.ts";

export interface TestLog extends KubeLog {
  readonly lines: { readonly level: string; readonly message: string; readonly fields: object }[];
}

export function createTestLog(): TestLog {
  const lines: TestLog["lines"] = [];
  const write = (level: string) => (fields: object, message: string) => {
    lines.push({ level, message, fields });
  };
  return { lines, info: write("info"), warn: write("warn"), error: write("error") };
}
