// Reads a CustomResourceDefinition as kubectl installs it, so that the embedded API serves exactly that kind.
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import type { PrinterColumn } from "./printer-column.ts";
import type { Schema } from "./schemas.ts";

interface Crd {
  readonly spec: {
    readonly group: string;
    readonly names: {
      readonly kind: string;
      readonly plural: string;
      readonly singular: string;
      readonly shortNames?: readonly string[];
      readonly categories?: readonly string[];
    };
    readonly scope: "Namespaced" | "Cluster";
    readonly versions: readonly {
      readonly name: string;
      readonly subresources?: { readonly status?: object };
      readonly additionalPrinterColumns?: readonly PrinterColumn[];
      readonly schema: { readonly openAPIV3Schema: Schema };
    }[];
  };
}

/** The kind of a manifest with one version. @throws Error if it has another number of them. */
export function readCrd(file: URL) {
  // The file is part of this repository, and kube-apiserver takes it.
  const { spec } = parse(readFileSync(file, "utf8")) as Crd;
  const { group, names, scope, versions } = spec;
  const [version, ...others] = versions;
  if (version === undefined || others.length > 0) throw new Error(`${file.pathname} must have one version`);
  const { kind, plural, singular, shortNames = [], categories = [] } = names;
  return {
    group,
    version: version.name,
    plural,
    singular,
    kind,
    namespaced: scope === "Namespaced",
    shortNames,
    categories,
    custom: true as const,
    status: version.subresources?.status !== undefined,
    schema: { manifest: version.schema.openAPIV3Schema },
    columns: version.additionalPrinterColumns ?? [],
  };
}
