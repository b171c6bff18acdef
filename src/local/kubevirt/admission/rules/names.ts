// The guest's host name and its subdomain: vmi-create-admitter.go.
import { dnsLabelErrors, dnsSubdomainErrors } from "../../../api/dns-names.ts";
import { invalid } from "../cause.ts";
import type { SpecRule } from "../rule.ts";

/** Empty is not given. `rules` is KubeVirt's word for what the name must follow. */
function conforms(
  name: "hostname" | "subdomain",
  rules: string,
  errorsOf: (text: string) => string[],
): SpecRule {
  return ({ at, spec }) => {
    const given = spec[name] ?? "";
    const errors = given === "" ? [] : errorsOf(given);
    if (errors.length === 0) return [];
    const field = at.child(name);
    return [
      invalid(
        field,
        `${field.text} does not conform to the kubernetes ${rules} rules : ${errors.join(", ")}`,
      ),
    ];
  };
}

export const hostname = conforms("hostname", "DNS_LABEL", dnsLabelErrors);

export const subdomain = conforms("subdomain", "DNS_SUBDOMAIN", dnsSubdomainErrors);
