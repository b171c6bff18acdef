import { array, assert, asyncProperty, nat, string } from "fast-check";
import { describe, it } from "vitest";
import { splitLines } from "../../src/kube/connection/lines.ts";

async function* cut(bytes: Uint8Array, places: readonly number[]): AsyncGenerator<Uint8Array> {
  let start = 0;
  for (const place of [...places].sort((one, other) => one - other)) {
    yield bytes.subarray(start, place);
    start = place;
  }
  yield bytes.subarray(start);
}

async function linesOf(chunks: AsyncIterable<Uint8Array>, maxBytes = 1_000): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of splitLines(chunks, maxBytes)) lines.push(line);
  return lines;
}

describe("splitLines()", () => {
  const line = string({ unit: "binary", minLength: 1 }).map((text) => text.replaceAll("\n", "x"));

  it("F3: gives the same lines wherever the bytes are split", async ({ expect }) => {
    await assert(
      asyncProperty(array(line), array(nat()), async (lines, places) => {
        const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(""));
        const within = places.map((place) => place % (bytes.length + 1));
        expect(await linesOf(cut(bytes, within))).toEqual(lines);
      }),
    );
  });

  it("F3: never gives an incomplete line", async ({ expect }) => {
    await assert(
      asyncProperty(line, line, async (whole, started) => {
        const seen: string[] = [];
        const read = async (): Promise<void> => {
          for await (const text of splitLines(cut(Buffer.from(`${whole}\n${started}`), []), 1_000))
            seen.push(text);
        };
        await expect(read()).rejects.toMatchObject({ reason: "Unreachable" });
        expect(seen).toEqual([whole]);
      }),
    );
  });

  it.for([
    ["at the limit", 10, true],
    ["over the limit", 11, false],
  ] as const)("accepts a line %s: %s", async ([, length, taken], { expect }) => {
    for (const places of [[], [3], [1, 2, 3, 9]]) {
      const reading = linesOf(cut(Buffer.from(`${"x".repeat(length)}\n`), places), 10);
      if (taken) expect(await reading).toEqual(["x".repeat(length)]);
      else await expect(reading).rejects.toMatchObject({ reason: "Undecodable" });
    }
  });
});
