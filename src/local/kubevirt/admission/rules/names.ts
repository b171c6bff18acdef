// Host name, subdomain and DNS configuration: vmi-create-admitter.go (validatePodDNSConfig). The schema checks the policy.
import { type Cause, cause, invalid } from "../cause.ts";
import { dnsLabelErrors, dnsSubdomainErrors } from "../../../api/dns-names.ts";
import { isIPAddress } from "../addresses.ts";
import type { SpecRule } from "../rule.ts";
import type { DnsConfig } from "../template-spec.ts";

/** An empty name is treated as not given. `rules` is KubeVirt's name for the form. */
function conforms(
  name: "hostname" | "subdomain",
  rules: string,
  errorsOf: (text: string) => string[],
): SpecRule {
  return ({ at, spec }) => {
    const given = spec[name] ?? "";
    const errors = given === "" ? [] : errorsOf(given);
    if (errors.length === 0) return undefined;
    const field = at.child(name);
    const message = `${field.text} does not conform to the kubernetes ${rules} rules : ${errors.join(", ")}`;
    return invalid(field, message);
  };
}

export const hostname = conforms("hostname", "DNS_LABEL", dnsLabelErrors);

export const subdomain = conforms("subdomain", "DNS_SUBDOMAIN", dnsSubdomainErrors);

const maxNameservers = 3;
const maxSearches = 6;
const maxSearchCharacters = 256;

function configFaults({ nameservers = [], searches = [], options = [] }: DnsConfig): Cause[] {
  const faults: Cause[] = [];
  if (nameservers.length > maxNameservers) {
    const message = `must not have more than ${maxNameservers} nameservers: [${nameservers.join(" ")}]`;
    faults.push(invalid("nameservers", message));
  }
  for (const server of nameservers) {
    if (!isIPAddress(server)) faults.push(invalid("nameservers", `must be valid IP address: ${server}`));
  }
  if (searches.length > maxSearches) {
    faults.push(invalid("searchDomains", `must not have more than ${maxSearches} search paths`));
  }
  if (searches.join(" ").length > maxSearchCharacters) {
    const message = `must not have more than ${maxSearchCharacters} characters (including spaces) in the search list`;
    faults.push(invalid("searchDomains", message));
  }
  const searchErrors = searches.flatMap((search) => dnsSubdomainErrors(search));
  faults.push(...searchErrors.map((error) => invalid("searchDomains", error)));
  for (const { name = "" } of options) {
    if (name === "") faults.push(invalid("options", "Option.Name must not be empty"));
  }
  return faults;
}

/** Under policy None the pod has no other nameservers, so the configuration must give one. */
export const dnsConfig: SpecRule = ({ at, spec: { dnsPolicy: policy, dnsConfig: config } }) => {
  if (policy === "None" && config === undefined) {
    const message = "must provide `dnsConfig` when `dnsPolicy` is None";
    return cause("FieldValueRequired", at.child("dnsConfig"), message);
  }
  if (policy === "None" && (config?.nameservers ?? []).length === 0) {
    const message = "must provide at least one DNS nameserver when `dnsPolicy` is None";
    return cause("FieldValueRequired", "nameservers", message);
  }
  return config === undefined ? undefined : configFaults(config);
};
