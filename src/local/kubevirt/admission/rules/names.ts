// The guest's host name and its subdomain: vmi-create-admitter.go.
import { invalid } from "../cause.ts";
import { dnsLabelErrors, dnsSubdomainErrors } from "../../../api/dns-names.ts";
import type { SpecRule } from "../rule.ts";

export const hostname: SpecRule = ({ at, spec: { hostname: name = "" } }) => {
  const errors = name === "" ? [] : dnsLabelErrors(name);
  const field = at.child("hostname");
  return errors.length === 0
    ? []
    : [
        invalid(
          field,
          `${field.text} does not conform to the kubernetes DNS_LABEL rules : ${errors.join(", ")}`,
        ),
      ];
};

export const subdomain: SpecRule = ({ at, spec: { subdomain: name = "" } }) => {
  const errors = name === "" ? [] : dnsSubdomainErrors(name);
  const field = at.child("subdomain");
  return errors.length === 0
    ? []
    : [
        invalid(
          field,
          `${field.text} does not conform to the kubernetes DNS_SUBDOMAIN rules : ${errors.join(", ")}`,
        ),
      ];
};
