// Names of objects: what is allowed, and generateName.
import { randomInt } from "node:crypto";
import type { ResourceType } from "./resources.ts";
import type { Cause } from "./status.ts";

const label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const dnsLabel = new RegExp(`^${label}$`);
const dnsSubdomain = new RegExp(`^${label}(\\.${label})*$`);

const subdomainText =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const labelText =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

/** What is wrong with a name of this kind; nothing when it is right (RFC 1123 as Kubernetes applies it). */
export function nameCauses(resource: ResourceType, name: string): readonly Cause[] {
  const isLabel = resource.kind === "Namespace";
  const limit = isLabel ? 63 : 253;
  const causes: Cause[] = [];
  const add = (text: string): void => {
    const message = `Invalid value: ${JSON.stringify(name)}: ${text}`;
    causes.push({ reason: "FieldValueInvalid", message, field: "metadata.name" });
  };
  if (name.length > limit) add(`must be no more than ${limit} characters`);
  if (isLabel && name.includes(".")) {
    add("must not contain dots");
    return causes;
  }
  if (!(isLabel ? dnsLabel : dnsSubdomain).test(name)) add(isLabel ? labelText : subdomainText);
  return causes;
}

const alphabet = "bcdfghjklmnpqrstvwxz2456789";

/** The prefix, cut to leave room, and five characters that spell no words (k8s.io/apiserver names.SimpleNameGenerator). */
export function generateName(prefix: string): string {
  const suffix = Array.from({ length: 5 }, () => alphabet[randomInt(alphabet.length)]).join("");
  return prefix.slice(0, 58) + suffix;
}
