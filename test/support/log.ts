// Logs for tests: one that drops every line, and one that keeps them.
import type { LogLine, TransportLog } from "../../src/api/transport/transport-log.ts";
import type { KubeLog } from "../../src/kube/log.ts";

const drop = (): void => undefined;

export const silentLog: KubeLog & TransportLog = { debug: drop, info: drop, warn: drop, error: drop };

export interface LoggedLine {
  readonly level: keyof TransportLog;
  readonly fields: Record<string, unknown>;
  readonly message: string;
}

export interface RecordedLog extends KubeLog, TransportLog {
  readonly debug: LogLine;
  readonly info: LogLine;
  readonly warn: LogLine;
  readonly error: LogLine;
  readonly lines: readonly LoggedLine[];
}

/** A log that keeps its lines in order. */
export function recordLog(): RecordedLog {
  const lines: LoggedLine[] = [];
  const at =
    (level: LoggedLine["level"]): LogLine =>
    (fields, message) =>
      lines.push({ level, fields: { ...fields }, message });
  return { lines, debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
