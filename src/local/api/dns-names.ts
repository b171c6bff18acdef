// Kubernetes' name rules with the words in which they refuse (k8s.io/apimachinery pkg/util/validation).

const label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const labelForm = new RegExp(`^${label}$`);
const subdomain = `${label}(\\.${label})*`;
const subdomainForm = new RegExp(`^${subdomain}$`);

/** What is wrong with the text as an RFC 1123 label; empty when nothing is. */
export function dnsLabelErrors(text: string): string[] {
  const errors: string[] = [];
  if (text.length > 63) errors.push("must be no more than 63 characters");
  if (!labelForm.test(text)) {
    errors.push(
      dotsOnly(text)
        ? "must not contain dots"
        : `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '${label}')`,
    );
  }
  return errors;
}

/** A subdomain is told apart, for its only fault as a label is the dots. */
function dotsOnly(text: string): boolean {
  return subdomainForm.test(text);
}

/** What is wrong with the text as an RFC 1123 subdomain; empty when nothing is. */
export function dnsSubdomainErrors(text: string): string[] {
  const errors: string[] = [];
  if (text.length > 253) errors.push("must be no more than 253 characters");
  if (!subdomainForm.test(text)) {
    errors.push(
      `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${subdomain}')`,
    );
  }
  return errors;
}

/** Whether the text is an IANA service name as ports use it: at most 15 of a-z, 0-9 and single inner dashes, one a letter. */
export function isPortName(text: string): boolean {
  return text.length <= 15 && /^[-a-z0-9]+$/.test(text) && /[a-z]/.test(text) && !/--|^-|-$/.test(text);
}
