// How long a message can become, from the value that it is made of: measuring must cost less than making the message.

/** A tag of two bytes and a length of four. */
const frameBytes = 6;
/** A tag and the longest varint. */
const numberBytes = 12;
/** What a message has besides, such as counts. */
const restBytes = 64;

/**
 * An upper bound of the bytes of the protobuf message of `value`, a domain object each of whose parts is at most one field.
 * For usual objects it is less than twice the length.
 */
export function maxBytesOf(value: object): number {
  return restBytes + boundOf(value);
}

function boundOf(value: unknown): number {
  if (typeof value === "string") return frameBytes + Buffer.byteLength(value);
  if (typeof value !== "object" || value === null) return numberBytes;
  let bytes = frameBytes;
  for (const part of Object.values(value)) if (part !== undefined) bytes += boundOf(part);
  return bytes;
}
