// Who may import whom: the borders of the architecture, checked on every import line.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "vitest";

const source = path.resolve(import.meta.dirname, "../src");

/**
 * For each room of src: what of ours it may import, besides itself. A file is in the room with the longest name that its
 * path begins with. `domain` is the room of domain's own files, `domain/*` that and every room below it. The
 * composition root, main and serve, may import all.
 */
const allowed: Readonly<Record<string, readonly string[]>> = {
  "domain/objects": [],
  domain: ["domain/objects"],
  "domain/document": ["domain", "domain/objects"],
  "domain/routing": ["domain"],
  "domain/network": ["domain", "domain/objects", "domain/document"],
  "domain/guest": ["domain", "domain/objects", "domain/document", "domain/routing"],
  "domain/resolve": ["domain", "domain/network"],
  "domain/compare": ["domain", "domain/objects"],
  "domain/compile": [
    "domain",
    "domain/objects",
    "domain/network",
    "domain/routing",
    "domain/guest",
    "domain/compare",
  ],
  "domain/import": [
    "domain",
    "domain/objects",
    "domain/document",
    "domain/network",
    "domain/routing",
    "domain/resolve",
    "domain/compare",
    "domain/compile",
  ],
  "domain/plan": ["domain", "domain/objects", "domain/network", "domain/guest", "domain/compare"],
  "domain/adopt": ["domain", "domain/objects", "domain/compile", "domain/import", "domain/plan"],
  "domain/drift": [
    "domain",
    "domain/objects",
    "domain/network",
    "domain/resolve",
    "domain/guest",
    "domain/compare",
    "domain/compile",
    "domain/import",
  ],
  "domain/status": ["domain", "domain/objects", "domain/resolve", "domain/plan", "domain/drift"],
  "domain/validate": [
    "domain",
    "domain/objects",
    "domain/network",
    "domain/routing",
    "domain/guest",
    "domain/resolve",
    "domain/adopt",
  ],
  kube: ["domain/objects"],
  "kube/connection": ["kube", "domain/objects"],
  "kube/watch": ["kube", "domain/objects"],
  config: ["domain", "domain/network"],
  app: ["domain/*", "kube/*"],
  wire: ["app", "domain/*", "gen"],
  api: ["app", "wire", "domain/*", "kube", "gen"],
  exporter: ["app", "domain/*", "kube", "kube/watch"],
  controller: ["app", "domain/*", "kube", "kube/watch"],
  cli: ["wire", "config", "domain", "domain/document", "gen"],
  // The embedded cluster imports nothing of the service, so that it could be a separate package.
  local: ["local/*", "domain/objects", "kube/*"],
  "local/http": [],
  "local/api": ["local", "local/http", "local/api/cel", "domain/objects"],
  "local/api/cel": ["local/api"],
  "local/kubevirt": ["local", "local/api", "domain/objects", "kube/*"],
  "local/kubevirt/admission": ["local", "local/api", "local/kubevirt", "domain/objects"],
  "local/kubevirt/controller": ["local", "local/kubevirt", "domain/objects", "kube/*"],
  "local/kubevirt/node": ["local", "local/http", "local/kubevirt", "domain/objects", "kube/*"],
};

/** Packages that only some folders may use, so that they can be replaced in one place. */
const reserved: Readonly<Record<string, string>> = {
  "@kubernetes/client-node": "kube",
  undici: "kube",
  "prom-client": "exporter",
  commander: "cli",
  pino: "root",
};

/** What the pure core may use: libraries that compute, no I/O. */
const pureModules = new Set(["ipaddr.js", "yaml", "node:crypto", "node:util"]);

interface Import {
  readonly from: string;
  readonly room: string;
  readonly specifier: string;
  /** The imported file below src, or `gen`; undefined for a package. */
  readonly file: string | undefined;
}

/** import and export … from, also of types and over several lines, and import(…). */
const importLine = /^(?:import|export)\s(?:[^";]*\sfrom\s)?"([^"]+)"|\bimport\(\s*"([^"]+)"/gm;

const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((file) =>
  file.endsWith(".ts"),
);

const imports: readonly Import[] = files.flatMap((from) =>
  [...readFileSync(path.join(source, from), "utf8").matchAll(importLine)].map(([, named, loaded]) => {
    const specifier = named ?? loaded ?? "";
    return { from, room: roomOf(from), specifier, file: fileOf(from, specifier) };
  }),
);

function roomOf(file: string): string {
  if (file === "main.ts" || file.startsWith("serve/")) return "root";
  const known = Object.keys(allowed).toSorted((a, b) => b.length - a.length);
  return known.find((room) => file.startsWith(`${room}/`)) ?? file;
}

function fileOf(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith(".")) return undefined;
  const file = path.relative(source, path.resolve(source, path.dirname(from), specifier));
  return file.startsWith("../gen/") ? "gen" : file;
}

function mayImport(room: string, target: string): boolean {
  if (room === target) return true;
  return (allowed[room] ?? []).some(
    (entry) =>
      entry === target || (entry.endsWith("/*") && `${target}/`.startsWith(entry.slice(0, -"*".length))),
  );
}

/** The files from which a walk along the imports comes back to where it began. */
function circles(): readonly string[] {
  const targets = Map.groupBy(imports, ({ from }) => from);
  const done = new Set<string>();
  const found: string[] = [];
  const walk = (file: string, trail: readonly string[]): void => {
    if (trail.includes(file)) found.push([...trail.slice(trail.indexOf(file)), file].join(" -> "));
    if (done.has(file) || trail.includes(file)) return;
    for (const next of targets.get(file) ?? [])
      if (next.file !== undefined) walk(next.file, [...trail, file]);
    done.add(file);
  };
  for (const file of files) walk(file, []);
  return found;
}

describe("imports", () => {
  it("are all found, in every room", ({ expect }) => {
    expect(new Set(files.map(roomOf))).toEqual(new Set(["root", ...Object.keys(allowed)]));
    const lines = files.flatMap((file) => readFileSync(path.join(source, file), "utf8").split("\n"));
    expect(imports).toHaveLength(
      lines.filter((line) => /^(?:[a-z}].* from|import) "|\bimport\("/.test(line)).length,
    );
    expect(
      imports.filter(({ file }) => file !== undefined && file !== "gen" && !files.includes(file)),
    ).toEqual([]);
  });

  it("respect the borders of the architecture", ({ expect }) => {
    const wrong = imports
      .filter(({ room, file }) => room !== "root" && file !== undefined)
      .filter(({ room, file = "" }) => !mayImport(room, roomOf(file)));
    expect(wrong).toEqual([]);
  });

  it("form no cycle, not even through types", ({ expect }) => {
    expect(circles()).toEqual([]);
  });

  it("use reserved packages in their own folder only", ({ expect }) => {
    const wrong = imports.filter(({ specifier, room }) => {
      const owner = reserved[specifier];
      return owner !== undefined && room !== owner && !room.startsWith(`${owner}/`);
    });
    expect(wrong).toEqual([]);
  });

  it("load the embedded cluster in the composition root only, and dynamically", ({ expect }) => {
    const wrong = imports.filter(
      ({ room, file = "" }) => file.startsWith("local/") && !room.startsWith("local"),
    );
    expect(wrong.map(({ from, file }) => `${from} -> ${file}`)).toEqual([
      "serve/serve.ts -> local/local-cluster.ts",
    ]);
    expect(readFileSync(path.join(source, "serve/serve.ts"), "utf8")).not.toMatch(/^import .*local-cluster/m);
  });

  it("limit the full client port to kube and the embedded cluster", ({ expect }) => {
    const wrong = files
      .filter((file) => !/^(?:kube|local)\//.test(file))
      .filter((file) => /\bFullKubeClient\b/.test(readFileSync(path.join(source, file), "utf8")));
    expect(wrong).toEqual([]);
  });

  it("bring no I/O, clock or client into the domain", ({ expect }) => {
    const wrong = imports.filter(
      ({ specifier, from, file }) =>
        from.startsWith("domain/") && file === undefined && !pureModules.has(specifier),
    );
    expect(wrong).toEqual([]);
    const impure = files
      .filter((file) => file.startsWith("domain/"))
      .filter((file) =>
        /\b(?:Date\.now|new Date\(\)|Math\.random|randomUUID|randomBytes|process\.|console\.)/.test(
          readFileSync(path.join(source, file), "utf8"),
        ),
      );
    expect(impure).toEqual([]);
  });
});
