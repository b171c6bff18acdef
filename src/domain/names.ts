// Names as Kubernetes takes them.
import type { VirtualMachine } from "./objects/kubernetes.ts";

/** True for what may name a VM and a namespace (RFC 1123 label). */
export const isDnsLabel = (text: string): boolean => /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(text);

/** NAME or NAMESPACE/NAME of a NAD: a DNS subdomain, and a DNS label before it. */
const nadReference =
  /^(?:([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)\/)?([a-z0-9](?:[-.a-z0-9]{0,251}[a-z0-9])?)$/;

export interface NadName {
  readonly namespace: string;
  readonly name: string;
}

/** The NAD that a VM of `namespace` means by `text`; undefined for a text that cannot be a name. */
export function parseNadName(text: string, namespace: string): NadName | undefined {
  const match = nadReference.exec(text);
  if (match === null) return undefined;
  const [, given = namespace, name = ""] = match;
  return { namespace: given, name };
}

/** NAMESPACE/NAME of a NAD as a VM of `namespace` names it. */
export function fullNadName(networkName: string, namespace: string): string {
  return networkName.includes("/") ? networkName : `${namespace}/${networkName}`;
}

/** NAMESPACE/NAME of the NADs that the VM names, in its order; one that it names twice is there twice. */
export function nadNamesOf({ metadata, spec }: VirtualMachine): readonly string[] {
  return (spec.template.spec.networks ?? []).flatMap(({ multus }) =>
    multus === undefined ? [] : fullNadName(multus.networkName, metadata.namespace ?? ""),
  );
}
