// The body of the response to a scrape: compressed if the scraper accepts gzip, as Prometheus does.
import { Readable } from "node:stream";
import { constants, createGzip } from "node:zlib";

export interface EncodedBody {
  readonly headers: Readonly<Record<string, string>>;
  /** In the order of sending. */
  readonly parts: readonly Buffer[];
}

/** Compresses off the main thread, as a single gzip member, because curl reads only the first. */
export async function encodeBody(
  parts: readonly Buffer[],
  acceptEncoding: string | undefined,
): Promise<EncodedBody> {
  if (!takesGzip(acceptEncoding)) return { headers: { vary: "accept-encoding" }, parts };
  // For 100,000 series: 2.4 MB in 60 ms. The default level gives 1.9 MB in 145 ms.
  const gzip = createGzip({ level: constants.Z_BEST_SPEED });
  const compressed: Buffer[] = [];
  for await (const chunk of Readable.from(parts).pipe(gzip)) compressed.push(chunk as Buffer);
  return { headers: { vary: "accept-encoding", "content-encoding": "gzip" }, parts: compressed };
}

/** RFC 9110 section 12.5.3, for gzip only. */
function takesGzip(acceptEncoding = ""): boolean {
  return acceptEncoding.split(",").some((coding) => {
    const [name = "", ...parameters] = coding.split(";").map((part) => part.trim().toLowerCase());
    return (name === "gzip" || name === "x-gzip") && !parameters.some((each) => /^q=0(?:\.0*)?$/.test(each));
  });
}
