// Pages of a list that changes between them.
import { array, assert, constantFrom, integer, property, record, uniqueArray } from "fast-check";
import { describe, it } from "vitest";
import { BadPageSize, BadPageToken } from "../../src/app/errors.ts";
import { maxMessageBytes } from "../../src/app/message-room.ts";
import { byKey, type Page, pageOf } from "../../src/app/pages.ts";

const letters = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
const sizes = { default: 4, max: 6 };
const page = (
  items: readonly string[],
  size: number,
  token = "",
  filter = "all",
  bytesOf: (item: string) => number = () => 1,
): Page<string> => {
  const list = byKey(items.toSorted(), (item) => [item]);
  return pageOf({ ...list, bytesOf, filter, sizes }, { size, token });
};

describe("a page", () => {
  it.for([
    ["of the default size when none is asked for", 0, 4],
    ["of the size asked for", 3, 3],
    ["of the largest size when more is asked for", 100, 6],
  ] as const)("is %s", ([, size, length], { expect }) => {
    expect(page(letters, size).items).toEqual(letters.slice(0, length));
  });

  it.for([
    ["shorter than the page", letters.slice(0, 2), 3],
    ["as long as the page", letters.slice(0, 3), 3],
    ["empty", [], 3],
  ] as const)("has no next page when the list is %s", ([, list, size], { expect }) => {
    expect(page(list, size)).toEqual({ items: list, nextToken: "" });
  });

  it("continues after the last element, even if that element is gone", ({ expect }) => {
    const { nextToken } = page(letters, 3);
    const without = letters.filter((letter) => letter !== "c");
    expect(page(without, 3, nextToken).items).toEqual(["d", "e", "f"]);
  });

  it("is empty when all later elements are gone", ({ expect }) => {
    const { nextToken } = page(letters, 3);
    expect(page(["a"], 3, nextToken)).toEqual({ items: [], nextToken: "" });
  });

  it.for([
    ["of other filters", page(letters, 3, "", "others").nextToken],
    ["that is not JSON", "bm9uc2Vuc2U"],
    ["that is JSON of another kind", Buffer.from("null").toString("base64url")],
    ["whose key is not a text", Buffer.from('["all",1]').toString("base64url")],
    ["without a key", Buffer.from('["all"]').toString("base64url")],
    ["of nothing readable", "%%%"],
  ] as const)("is refused for a token %s", ([, token], { expect }) => {
    expect(() => page(letters, 3, token)).toThrow(BadPageToken);
  });
});

describe("a page whose elements are large", () => {
  const half = maxMessageBytes / 2;

  it.for([
    ["ends before 2 MiB", half * 0.6, 3],
    ["has one element that is larger than 2 MiB", half * 3, 1],
    ["has as many as asked for if they fit", 10, 6],
  ] as const)("%s", ([, bytes, length], { expect }) => {
    expect(page(letters, 6, "", "all", () => bytes).items).toHaveLength(length);
  });

  it("leaves no element out of the pages", ({ expect }) => {
    const bytesOf = (letter: string): number => half * (letter.charCodeAt(0) % 4);
    const seen: string[] = [];
    let token = "";
    do {
      const { items, nextToken } = page(letters, 6, token, "all", bytesOf);
      seen.push(...items);
      token = nextToken;
    } while (token !== "");
    expect(seen).toEqual(letters);
  });
});

describe("a page of negative size", () => {
  it("is refused", ({ expect }) => {
    expect(() => page(letters, -1)).toThrow(BadPageSize);
  });
});

describe("pages of a changing list", () => {
  const edit = record({ letter: constantFrom(...letters), there: constantFrom(true, false) });

  it("show each element that stays exactly once and in order, and no element twice", ({ expect }) => {
    assert(
      property(
        uniqueArray(constantFrom(...letters)),
        array(array(edit, { maxLength: 3 }), { minLength: 12, maxLength: 12 }),
        integer({ min: 1, max: 6 }),
        (start, edits, size) => {
          const list = new Set(start);
          const stayed = new Set(start);
          const seen: string[] = [];
          let token = "";
          for (const changes of edits) {
            const { items, nextToken } = page([...list], size, token);
            seen.push(...items);
            token = nextToken;
            if (token === "") break;
            for (const { letter, there } of changes) {
              if (there) list.add(letter);
              else {
                list.delete(letter);
                stayed.delete(letter);
              }
            }
          }
          expect(token).toBe("");
          expect(seen).toEqual([...new Set(seen)].toSorted());
          for (const letter of stayed) expect(seen).toContain(letter);
        },
      ),
    );
  });
});
