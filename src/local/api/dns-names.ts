// Kubernetes' rules for names, with their messages (k8s.io/apimachinery pkg/util/validation).

const label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const labelForm = new RegExp(`^${label}$`);
const subdomain = `${label}(\\.${label})*`;
export const subdomainForm = new RegExp(`^${subdomain}$`);

/** Why a text is not an RFC 1123 label; empty when it is one. */
export function dnsLabelErrors(text: string): string[] {
  const errors: string[] = [];
  if (text.length > 63) errors.push("must be no more than 63 characters");
  // A valid subdomain is an invalid label only because of its dots.
  if (!labelForm.test(text)) errors.push(subdomainForm.test(text) ? "must not contain dots" : labelText);
  return errors;
}

const labelText = `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '${label}')`;

/** Why a text is not an RFC 1123 subdomain; empty when it is one. */
export function dnsSubdomainErrors(text: string): string[] {
  const errors: string[] = [];
  if (text.length > 253) errors.push("must be no more than 253 characters");
  if (!subdomainForm.test(text)) errors.push(subdomainText);
  return errors;
}

export const subdomainText = `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${subdomain}')`;

/** Whether a text is an IANA service name, as ports use it: at most 15 of a-z, 0-9 and single inner dashes, one a letter. */
export function isPortName(text: string): boolean {
  return text.length <= 15 && /^[-a-z0-9]+$/.test(text) && /[a-z]/.test(text) && !/--|^-|-$/.test(text);
}
