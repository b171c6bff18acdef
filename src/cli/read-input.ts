// The document of a command, from a file or standard input; reading stops at the size limit of documents.
import { createReadStream } from "node:fs";
import { readDocument, type ReadDocument } from "../domain/document/read-document.ts";
import { maxDocumentBytes } from "../domain/document/yaml.ts";
import { finding } from "../domain/findings.ts";
import { CliError, exitCode, type CliIo } from "./io.ts";

/** Reads FILE, or standard input for `-`. @throws CliError for a file that cannot be read. */
export async function readInput(file: string, namespace: string, io: CliIo): Promise<ReadDocument> {
  const bytes = await readBytes(file, io);
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return readDocument(text, { namespace });
  } catch (reason) {
    if (!(reason instanceof TypeError)) throw reason;
    // Reading stopped at the limit, maybe within a character: the document is too large, not badly encoded.
    if (bytes.length > maxDocumentBytes) return readDocument(" ".repeat(maxDocumentBytes + 1), { namespace });
    return { findings: [finding("DOCUMENT_INVALID", "", { problem: "the document is not UTF-8 text" })] };
  }
}

async function readBytes(file: string, io: CliIo): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of file === "-" ? io.stdin : (createReadStream(file) as AsyncIterable<Buffer>)) {
      const bytes = Buffer.from(chunk);
      chunks.push(bytes);
      length += bytes.length;
      if (length > maxDocumentBytes) break;
    }
  } catch (reason) {
    throw new CliError(
      `cannot read ${file}: ${whyNot(reason)}`,
      exitCode.usage,
      "pass the path of a file, or - for standard input",
    );
  }
  return Buffer.concat(chunks);
}

function whyNot(reason: unknown): string {
  const code = (reason as NodeJS.ErrnoException).code;
  const words: Readonly<Record<string, string>> = {
    ENOENT: "no such file",
    EACCES: "permission denied",
    EISDIR: "it is a directory",
  };
  return words[code ?? ""] ?? String(reason);
}
