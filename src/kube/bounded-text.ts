// Reads the body of a response as text, up to a limit.
import { KubeError } from "./errors.ts";

/** @throws KubeError "Undecodable" for a body over `maxBytes`; the rest of it is not read. */
export async function boundedText(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > maxBytes) {
      throw new KubeError("Undecodable", 200, `the answer is longer than ${maxBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length).toString("utf8");
}
