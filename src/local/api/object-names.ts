// Names of objects: what is allowed, and generateName.
import { randomInt } from "node:crypto";
import { dnsLabelErrors, dnsSubdomainErrors } from "./dns-names.ts";
import type { ResourceType } from "./resource-types.ts";
import type { Cause } from "./status.ts";

/** What is wrong with a name of this kind; nothing when it is right (RFC 1123 as Kubernetes applies it). */
export function nameCauses(resource: ResourceType, name: string): readonly Cause[] {
  const errors = resource.kind === "Namespace" ? dnsLabelErrors(name) : dnsSubdomainErrors(name);
  return errors.map((error) => ({
    reason: "FieldValueInvalid",
    message: `Invalid value: ${JSON.stringify(name)}: ${error}`,
    field: "metadata.name",
  }));
}

const alphabet = "bcdfghjklmnpqrstvwxz2456789";

/** The prefix, cut to leave room, and five characters that spell no words (k8s.io/apiserver names.SimpleNameGenerator). */
export function generateName(prefix: string): string {
  const suffix = Array.from({ length: 5 }, () => alphabet[randomInt(alphabet.length)]).join("");
  return prefix.slice(0, 58) + suffix;
}
