// Labels of the VirtualMachine object: Kubernetes' syntax, which keys are reserved, and labels as text and as paths.
import { managedByLabel, objectDomain } from "./objects/ownership.ts";

export type Labels = Readonly<Record<string, string>>;

const name = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
/** RFC 1123 subdomain, at most 253 characters. */
const prefix = /^(?=.{1,253}$)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;

/** Why the key is not a label key (apimachinery IsQualifiedName); undefined if it is one. */
export function labelKeyProblem(key: string): string | undefined {
  const slash = key.indexOf("/");
  if (slash !== -1 && !prefix.test(key.slice(0, slash)))
    return "the part before / must be a DNS subdomain of lower-case letters, digits, - and .";
  return name.test(key.slice(slash + 1))
    ? undefined
    : "a key is [PREFIX/]NAME, and NAME has 1 to 63 letters, digits, -, _ and ., with a letter or digit first and last";
}

/** Why the value is not a label value (apimachinery IsValidLabelValue); undefined if it is one. */
export function labelValueProblem(value: string): string | undefined {
  return value === "" || name.test(value)
    ? undefined
    : "a value is empty or has at most 63 letters, digits, -, _ and ., with a letter or digit first and last";
}

const reservedDomains = ["kubevirt.io", "kubernetes.io", "k8s.io", objectDomain];
/** Of Kubernetes' recommended labels. */
const recommendedDomain = "app.kubernetes.io";

/**
 * True for a key that is not for callers: below the domains of KubeVirt, Kubernetes and multinic. Of Kubernetes' recommended
 * labels, which are for users, only the one that marks what multinic created is reserved.
 */
export function isReservedLabel(key: string): boolean {
  const slash = key.indexOf("/");
  if (slash === -1) return false;
  const domain = key.slice(0, slash);
  if (domain === recommendedDomain) return key === managedByLabel;
  return reservedDomains.some((reserved) => domain === reserved || domain.endsWith(`.${reserved}`));
}

/** `app=web, tier=front`, in the order of the keys. */
export function labelsText(labels: Labels): string {
  return Object.entries(labels)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`)
    .join(", ");
}

/** The value of a label; undefined also for names that every object inherits, such as constructor. */
export function labelOf(labels: Labels | undefined, key: string): string | undefined {
  return labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined;
}
