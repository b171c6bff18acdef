// docs/catalogue.md lists every field of the catalogue file with its default, and its example has them all.
import { readFileSync } from "node:fs";
import { describe, it } from "vitest";
import { parse } from "yaml";
import { parseCatalogue } from "../../src/config/catalogue-file.ts";
import { SettingsError } from "../../src/config/settings.ts";
import { catalogueFields, fieldsOfType, networkFields } from "../../src/domain/network/catalogue-document.ts";
import { carriedTypes, carriers, carriersOfType } from "../../src/domain/network/carriers/carriers.ts";

const page = readFileSync(new URL("../../docs/catalogue.md", import.meta.url), "utf8");
const example = /^```yaml\n(.*?)^```$/ms.exec(page)?.[1] ?? "";

interface Row {
  readonly field: string;
  /** As the page writes it. */
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

const severalCarriers = carriedTypes.filter((type) => carriersOfType[type].length > 1);
const tables: readonly (readonly [string, readonly string[]])[] = [
  ["The file", Object.keys(catalogueFields)],
  ["A physical network", Object.keys(networkFields)],
  ...carriedTypes.map(
    (type) =>
      [
        `Of type ${type}`,
        severalCarriers.includes(type) ? ["implementation"] : Object.keys(fieldsOfType(type, undefined)),
      ] as const,
  ),
  ...severalCarriers
    .flatMap((type) => carriersOfType[type])
    .map((name) => carriers[name])
    .map(
      ({ implementation, settings }) =>
        [`With implementation ${implementation}`, Object.keys(settings)] as const,
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

/** A value as the page writes it. */
function textOf(field: string, value: unknown): string {
  if (value === undefined) return field === "namespaces" ? "all" : "none";
  if (Array.isArray(value) && value.length === 0) return "none";
  return typeof value === "string" ? value : JSON.stringify(value);
}

describe("docs/catalogue.md", () => {
  it.for(tables)("has every field: %s", ([heading, fields], { expect }) => {
    expect(rowsUnder(heading).map(({ field }) => field)).toEqual(fields);
  });

  it.for(least)("gives the real defaults: %s", ([headings, given], { expect }) => {
    const [parsed] = read([{ name: "net", ...given }]).physicalNetworks;
    const implementation = parsed && carriers[parsed.carrier].implementation;
    const values = new Map<string, unknown>(Object.entries({ ...parsed, implementation }));
    for (const { field, otherwise } of ["A physical network", ...headings].flatMap(rowsUnder)) {
      if (otherwise !== "required") expect(otherwise, field).toBe(textOf(field, values.get(field)));
    }
  });

  it.for(least)("marks as required only what is required: %s", ([headings, given], { expect }) => {
    const whole: Readonly<Record<string, string>> = { name: "net", ...given };
    for (const { field, otherwise } of ["A physical network", ...headings].flatMap(rowsUnder)) {
      if (otherwise !== "required") continue;
      const rest = Object.fromEntries(Object.entries(whole).filter(([name]) => name !== field));
      expect(() => read([rest]), field).toThrow(SettingsError);
    }
  });

  it("gives the real defaults of the file", ({ expect }) => {
    const values = new Map(Object.entries(parseCatalogue("{}", "networks.yaml")));
    for (const { field, otherwise } of rowsUnder("The file")) {
      expect(otherwise, field).toBe(textOf(field, values.get(field)));
    }
  });

  it("has a valid example with every field", ({ expect }) => {
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
