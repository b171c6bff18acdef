// Who may import whom: the borders of the architecture, held by reading every import line.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "vitest";

const source = path.resolve(import.meta.dirname, "../src");

/** For each folder of src (or src/local/…): what of ours it may import. The composition root, main and serve, may import all. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  kube: ["domain"],
  config: ["domain"],
  app: ["domain", "kube"],
  api: ["app", "domain", "kube", "gen"],
  exporter: ["app", "domain", "kube"],
  cli: ["api", "domain", "gen"],
  "local/http": [],
  "local/api": ["domain", "local/http"],
  "local/kubevirt/admission": ["domain", "local/api", "local/kubevirt"],
  "local/kubevirt/controller": ["domain", "kube", "local/kubevirt"],
  "local/kubevirt/node": ["domain", "kube", "local/http", "local/kubevirt"],
  "local/kubevirt": ["domain", "kube", "local/api"],
  local: [
    "domain",
    "kube",
    "local/api",
    "local/kubevirt",
    "local/kubevirt/admission",
    "local/kubevirt/controller",
    "local/kubevirt/node",
  ],
};

/** Packages that only some folders may use, so that they can be replaced in one place. */
const reserved: Readonly<Record<string, readonly string[]>> = {
  "@kubernetes/client-node": ["kube"],
  undici: ["kube"],
  "prom-client": ["exporter"],
  commander: ["cli"],
  pino: ["root"],
};

/** What the pure core may use: libraries that compute, no I/O. */
const pureModules = new Set(["ipaddr.js", "yaml", "node:crypto", "node:util"]);

interface Import {
  readonly from: string;
  readonly folder: string;
  readonly specifier: string;
}

/** import and export … from, also over several lines, and import(…). */
const importLine = /^(?:import|export)\s(?:[^";]*\sfrom\s)?"([^"]+)"|\bimport\(\s*"([^"]+)"/gm;

function imports(): readonly Import[] {
  return readdirSync(source, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .flatMap((from) =>
      [...readFileSync(path.join(source, from), "utf8").matchAll(importLine)].map(([, named, loaded]) => ({
        from,
        folder: folderOf(from),
        specifier: named ?? loaded ?? "",
      })),
    );
}

function folderOf(file: string): string {
  if (file === "main.ts" || file.startsWith("serve/")) return "root";
  const known = Object.keys(allowed).toSorted((a, b) => b.length - a.length);
  return known.find((folder) => file.startsWith(`${folder}/`)) ?? file;
}

function targetOf({ from, specifier }: Import): string {
  const target = path.relative(source, path.resolve(source, path.dirname(from), specifier));
  return target.startsWith("../gen/") ? "gen" : folderOf(target);
}

describe("imports", () => {
  const all = imports();

  it("go along the borders of the architecture only", ({ expect }) => {
    const wrong = all
      .filter(({ specifier, folder }) => specifier.startsWith(".") && folder !== "root")
      .filter((line) => {
        const target = targetOf(line);
        return target !== line.folder && !(allowed[line.folder] ?? []).includes(target);
      });
    expect(wrong).toEqual([]);
  });

  it("reach reserved packages from their own folder only", ({ expect }) => {
    const wrong = all.filter(({ specifier, folder }) => {
      const owners = reserved[specifier];
      return owners !== undefined && !owners.includes(folder);
    });
    expect(wrong).toEqual([]);
  });

  it("bring no I/O, clock or client into the domain", ({ expect }) => {
    const wrong = all.filter(
      ({ specifier, folder }) =>
        folder === "domain" && !specifier.startsWith(".") && !pureModules.has(specifier),
    );
    expect(wrong).toEqual([]);
    const impure = readdirSync(path.join(source, "domain"), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .filter((file) =>
        /\b(?:Date\.now|new Date\(\)|Math\.random|randomUUID|randomBytes|process\.|console\.)/.test(
          readFileSync(path.join(source, "domain", file), "utf8"),
        ),
      );
    expect(impure).toEqual([]);
  });
});
