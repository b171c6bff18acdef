// Splits cloud-init user-data as a guest does: a single text, or a MIME multipart of several. Pure. Parts are plain text or
// base64; of boothooks, only the files that here-documents write are simulated.

/** The texts that cloud-init handles one by one. */
export function userDataParts(userData: string): readonly string[] {
  const { headers, body } = readEntity(userData);
  const boundary = /^multipart\/[^;]+;.*boundary="?([^";]+)"?/i.exec(headers.get("content-type") ?? "")?.[1];
  if (boundary === undefined) return [userData];
  return body
    .split(/\r?\n/)
    .reduce<string[][]>(
      (parts, line) => {
        if (line === `--${boundary}` || line === `--${boundary}--`) parts.push([]);
        else parts.at(-1)?.push(line);
        return parts;
      },
      [[]],
    )
    .slice(1, -1)
    .flatMap((lines) => {
      const text = lines.join("\n");
      const part = readEntity(text);
      if (part.headers.get("content-type")?.startsWith("multipart/") === true) return userDataParts(text);
      return part.headers.get("content-transfer-encoding") === "base64"
        ? [Buffer.from(part.body, "base64").toString("utf8")]
        : [part.body];
    });
}

/** Headers end at the first empty line; a text that does not begin with a MIME header has none. */
function readEntity(text: string): { readonly headers: ReadonlyMap<string, string>; readonly body: string } {
  if (!/^(?:content-|mime-)[\w-]+:/i.test(text)) return { headers: new Map(), body: text };
  const [head = "", ...rest] = text.split(/\r?\n\r?\n/);
  const headers = head.split(/\r?\n/).map((line): [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return { headers: new Map(headers), body: rest.join("\n\n") };
}

/** The last file with this folder and ending that a boothook writes; boothooks run at every boot. */
export function fileOfBoothook(parts: readonly string[], folder: string, ending: string): string | undefined {
  return parts
    .filter((part) => part.startsWith("#cloud-boothook"))
    .flatMap((part) => [...part.matchAll(/^cat >(\S+) <<'(\w+)'\n([\s\S]*?)\n\2$/gm)])
    .filter(([, path = ""]) => path.startsWith(`${folder}/`) && path.endsWith(ending))
    .map(([, , , content = ""]) => content)
    .at(-1);
}
