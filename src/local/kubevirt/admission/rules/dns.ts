// The pod's name resolution: vmi-create-admitter.go (validatePodDNSConfig). The policy itself is in the schema.
import { type Cause, cause, invalid } from "../cause.ts";
import { dnsSubdomainErrors } from "../../../api/dns-names.ts";
import { isIPAddress } from "../addresses.ts";
import type { SpecRule } from "../rule.ts";
import type { DnsConfig } from "../template-spec.ts";

const maxNameservers = 3;
const maxSearches = 6;
const maxSearchCharacters = 256;

function nameserverFaults(nameservers: readonly string[]): Cause[] {
  const faults: Cause[] = [];
  if (nameservers.length > maxNameservers) {
    const message = `must not have more than ${maxNameservers} nameservers: [${nameservers.join(" ")}]`;
    faults.push(invalid("nameservers", message));
  }
  for (const server of nameservers) {
    if (!isIPAddress(server)) faults.push(invalid("nameservers", `must be valid IP address: ${server}`));
  }
  return faults;
}

function searchFaults(searches: readonly string[]): Cause[] {
  const faults: Cause[] = [];
  if (searches.length > maxSearches) {
    faults.push(invalid("searchDomains", `must not have more than ${maxSearches} search paths`));
  }
  if (searches.join(" ").length > maxSearchCharacters) {
    const message = `must not have more than ${maxSearchCharacters} characters (including spaces) in the search list`;
    faults.push(invalid("searchDomains", message));
  }
  const names = searches.flatMap((search) => dnsSubdomainErrors(search));
  return [...faults, ...names.map((error) => invalid("searchDomains", error))];
}

function configFaults({ nameservers = [], searches = [], options = [] }: DnsConfig): Cause[] {
  return [
    ...nameserverFaults(nameservers),
    ...searchFaults(searches),
    ...options
      .filter(({ name = "" }) => name === "")
      .map(() => invalid("options", "Option.Name must not be empty")),
  ];
}

/** With policy None the configuration is all there is, so it must name a server. */
export const dnsConfig: SpecRule = ({ at, spec: { dnsPolicy: policy, dnsConfig: config } }) => {
  if (policy === "None" && config === undefined) {
    const message = "must provide `dnsConfig` when `dnsPolicy` is None";
    return [cause("FieldValueRequired", at.child("dnsConfig"), message)];
  }
  if (policy === "None" && (config?.nameservers ?? []).length === 0) {
    const message = "must provide at least one DNS nameserver when `dnsPolicy` is None";
    return [cause("FieldValueRequired", "nameservers", message)];
  }
  return config === undefined ? [] : configFaults(config);
};
