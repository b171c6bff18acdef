// Names that Kubernetes accepts, and names of NADs.
import type { VirtualMachine } from "./objects/kubernetes.ts";

/** True for a valid name of a VM or a namespace (RFC 1123 label). */
export const isDnsLabel = (text: string): boolean => /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(text);

/** True for a valid name of most objects (RFC 1123 subdomain). */
export const isDnsSubdomain = (text: string): boolean =>
  text.length <= 253 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(text);

/**
 * The order of names of several parts, such as namespace and name: by the first part that differs, byte by byte for the ASCII
 * of Kubernetes names. Negative if `a` comes first. So everything of namespace `a` comes before `a-b`, unlike in `a/…`.
 */
export function compareParts(a: readonly string[], b: readonly string[]): number {
  for (const [index, part] of a.entries()) {
    const other = b[index];
    if (other === undefined) return 1;
    if (part !== other) return part < other ? -1 : 1;
  }
  return a.length - b.length;
}

/** NAME or NAMESPACE/NAME of a NAD: a DNS subdomain, and a DNS label before it. */
const nadReference =
  /^(?:([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)\/)?([a-z0-9](?:[-.a-z0-9]{0,251}[a-z0-9])?)$/;

export interface NadName {
  readonly namespace: string;
  readonly name: string;
}

/** The NAD that a VM of `namespace` refers to by `text`; undefined for an invalid name. */
export function parseNadName(text: string, namespace: string): NadName | undefined {
  const match = nadReference.exec(text);
  if (match === null) return undefined;
  const [, given = namespace, name = ""] = match;
  return { namespace: given, name };
}

/** NAMESPACE/NAME of a NAD, from the name that a VM of `namespace` uses. */
export function fullNadName(networkName: string, namespace: string): string {
  return networkName.includes("/") ? networkName : `${namespace}/${networkName}`;
}

/** NAMESPACE/NAME of the NAD of each network of the VM, except the pod network; duplicates are kept. */
export function nadNamesOf({ metadata, spec }: VirtualMachine): readonly string[] {
  return (spec.template.spec.networks ?? []).flatMap(({ multus }) =>
    multus === undefined ? [] : fullNadName(multus.networkName, metadata.namespace ?? ""),
  );
}
