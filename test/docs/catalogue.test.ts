// docs/catalogue.md names every field of the catalogue file with its default, and its example holds them all.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { catalogueFields, parseCatalogue } from "../../src/config/catalogue-file.ts";
import { SettingsError } from "../../src/config/settings.ts";

const page = readFileSync(new URL("../../docs/catalogue.md", import.meta.url), "utf8");
const example = /^```yaml\n(.*?)^```$/ms.exec(page)?.[1] ?? "";

interface Row {
  readonly field: string;
  /** As the page words it. */
  readonly otherwise: string;
}

/** The table under that heading. */
function rowsUnder(heading: string): readonly Row[] {
  const section = page.split(/^#+ /m).find((part) => part.startsWith(`${heading}\n`)) ?? "";
  return [...section.matchAll(/^\| `(\w+)` *\|[^|]*\| *(.*?) *\|/gm)].map(
    ([, field = "", otherwise = ""]) => ({
      field,
      otherwise: otherwise.replaceAll("`", ""),
    }),
  );
}

const { file, network, ofType, ofImplementation } = catalogueFields;
const tables: readonly (readonly [string, readonly string[]])[] = [
  ["The file", file],
  ["A physical network", network],
  ...Object.entries(ofType).map(([type, fields]) => [`Of type ${type}`, fields] as const),
  ...Object.entries(ofImplementation).map(
    ([kind, fields]) => [`With implementation ${kind}`, fields] as const,
  ),
];

/** Every kind of network with no more than it needs. */
const least: readonly (readonly [readonly string[], Readonly<Record<string, string>>])[] = [
  [["Of type bridge"], { type: "bridge", bridge: "br0" }],
  [["Of type ovs"], { type: "ovs", bridge: "br0" }],
  [["Of type sriov"], { type: "sriov", resourceName: "a/b" }],
  [["Of type macvlan", "With implementation macvtap"], { type: "macvlan", resourceName: "a/b" }],
  [["With implementation bridge"], { type: "macvlan", implementation: "bridge", bridge: "br0" }],
];

const read = (networks: readonly object[]) =>
  parseCatalogue(JSON.stringify({ physicalNetworks: networks }), "networks.yaml");

/** A value in the page's words. */
function inWords(field: string, value: unknown): string {
  if (value === undefined) return field === "namespaces" ? "all" : "none";
  if (Array.isArray(value) && value.length === 0) return "none";
  return typeof value === "string" ? value : JSON.stringify(value);
}

describe("docs/catalogue.md", () => {
  it.for(tables)("has every field: %s", ([heading, fields]) => {
    expect(rowsUnder(heading).map(({ field }) => field)).toEqual(fields);
  });

  it.for(least)("tells the defaults as they are: %s", ([headings, given]) => {
    const [parsed] = read([{ name: "net", ...given }]).physicalNetworks;
    const values = new Map(Object.entries(parsed ?? {}));
    for (const { field, otherwise } of ["A physical network", ...headings].flatMap(rowsUnder)) {
      if (otherwise !== "required") expect(otherwise, field).toBe(inWords(field, values.get(field)));
    }
  });

  it.for(least)("calls required what is: %s", ([headings, given]) => {
    const whole: Readonly<Record<string, string>> = { name: "net", ...given };
    for (const { field, otherwise } of ["A physical network", ...headings].flatMap(rowsUnder)) {
      if (otherwise !== "required") continue;
      const rest = Object.fromEntries(Object.entries(whole).filter(([name]) => name !== field));
      expect(() => read([rest]), field).toThrow(SettingsError);
    }
  });

  it("tells the defaults of the file as they are", () => {
    const values = new Map(Object.entries(parseCatalogue("{}", "networks.yaml")));
    for (const { field, otherwise } of rowsUnder("The file")) {
      expect(otherwise, field).toBe(inWords(field, values.get(field)));
    }
  });

  it("has an example that is read, with every field in it", () => {
    const { physicalNetworks } = parseCatalogue(example, "networks.yaml");
    expect(physicalNetworks.map(({ name }) => name)).toEqual([
      "office",
      "uplink",
      "uplink-by-bridge",
      "fast",
      "overlay",
    ]);
    const given = parse(example) as { readonly physicalNetworks: readonly object[] };
    const used = new Set([
      ...Object.keys(given),
      ...given.physicalNetworks.flatMap((item) => Object.keys(item)),
    ]);
    expect(tables.flatMap(([, fields]) => fields).filter((field) => !used.has(field))).toEqual([]);
  });
});
