// Which clients get a compressed scrape, and that it is complete.
import { gunzipSync } from "node:zlib";
import { describe, it } from "vitest";
import { encodeBody } from "../../src/exporter/encode.ts";

const parts = [Buffer.from("one\n"), Buffer.from(""), Buffer.from("two\n".repeat(50_000))];
const whole = Buffer.concat(parts);

describe("the body of a scrape", () => {
  it.for([["gzip"], ["deflate, gzip;q=0.5"], ["x-gzip, br"], ["GZIP"]] as const)(
    "is one gzip member for Accept-Encoding: %s",
    async ([accept], { expect }) => {
      const { headers, parts: sent } = await encodeBody(parts, accept);
      expect(headers["content-encoding"]).toBe("gzip");
      const bytes = Buffer.concat(sent);
      expect(bytes.length).toBeLessThan(whole.length / 100);
      expect(gunzipSync(bytes)).toEqual(whole);
      const header = Buffer.from([0x1f, 0x8b, 0x08]);
      expect(bytes.lastIndexOf(header)).toBe(0);
    },
  );

  it.for([[undefined], [""], ["identity"], ["br"], ["gzip;q=0"], ["deflate, gzip; q=0.0"]] as const)(
    "is plain for Accept-Encoding: %s",
    async ([accept], { expect }) => {
      const { headers, parts: sent } = await encodeBody(parts, accept);
      expect(headers).toEqual({ vary: "accept-encoding" });
      expect(sent).toBe(parts);
    },
  );
});
