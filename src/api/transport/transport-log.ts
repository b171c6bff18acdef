// What the transport needs from a logger; pino fits.
/** Writes one structured line: the fields first, then a constant message without values. */
export type LogLine = (fields: object, message: string) => void;

/** debug: caused by a peer; info: calls; warn: an operator should look; error: an error of this process. */
export interface TransportLog {
  readonly debug: LogLine;
  readonly info: LogLine;
  readonly warn: LogLine;
  readonly error: LogLine;
}
