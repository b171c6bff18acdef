// What the transport needs of a logger; pino fits as it is.

/** Writes one structured line: the fields first, then a constant message without values. */
export type LogLine = (fields: object, message: string) => void;

/** The levels the transport uses: debug = a peer's doing, info = calls, warn = an operator should look, error = our fault. */
export interface TransportLog {
  readonly debug: LogLine;
  readonly info: LogLine;
  readonly warn: LogLine;
  readonly error: LogLine;
}
