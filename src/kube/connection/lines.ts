// Splits the bytes of a stream into lines. A chunk may end anywhere, even inside a UTF-8 character.
import { KubeError } from "../errors.ts";

const newline = 0x0a;
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decode(pieces: readonly Uint8Array[], length: number): string {
  try {
    return decoder.decode(pieces.length === 1 ? pieces[0] : Buffer.concat(pieces, length));
  } catch (cause) {
    throw new KubeError("Undecodable", 200, "the stream holds bytes that are not UTF-8", { cause });
  }
}

/**
 * The lines without their newline; empty lines are skipped.
 * @throws KubeError "Undecodable" for a line over `maxBytes`; "Unreachable" when the stream ends inside a line.
 */
export async function* splitLines(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<string, void, undefined> {
  let pieces: Uint8Array[] = [];
  let length = 0;
  const keep = (piece: Uint8Array): void => {
    if (length + piece.length > maxBytes) {
      throw new KubeError("Undecodable", 200, `a line of the stream is longer than ${maxBytes} bytes`);
    }
    if (piece.length > 0) pieces.push(piece);
    length += piece.length;
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      keep(chunk.subarray(start, end));
      start = end + 1;
      if (length === 0) continue;
      const line = decode(pieces, length);
      pieces = [];
      length = 0;
      yield line;
    }
    keep(chunk.subarray(start));
  }
  if (length > 0) throw new KubeError("Unreachable", 200, "the stream ended in the middle of a line");
}
