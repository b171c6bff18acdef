// A rule judges one thing about a VirtualMachine's template and returns a cause for each fault.
import type { Cause } from "./cause.ts";
import type { KubevirtConfiguration } from "../configuration.ts";
import type { FieldPath } from "./field-path.ts";
import type { Interface, Network, TemplateSpec } from "./template-spec.ts";

/** What a rule sees. */
export interface RuleContext {
  /** The path of `spec` as causes write it. */
  readonly at: FieldPath;
  readonly spec: TemplateSpec;
  readonly configuration: KubevirtConfiguration;
}

/** Causes in the order in which KubeVirt finds them; none when the rule is kept. */
export type SpecRule = (context: RuleContext) => readonly Cause[];

/** What a rule about one NIC sees; `network` is the one of its name, the last if there are several. */
export interface InterfaceContext {
  /** The path of this interface. */
  readonly at: FieldPath;
  /** The path of the whole template spec, which some causes name instead. */
  readonly specAt: FieldPath;
  readonly nic: Interface;
  readonly network: Network | undefined;
  readonly spec: TemplateSpec;
  readonly configuration: KubevirtConfiguration;
}

export type InterfaceRule = (context: InterfaceContext) => readonly Cause[];

/** Runs rules on every NIC: all rules on the first, then all on the second. */
export function forEachInterface(rules: readonly InterfaceRule[]): SpecRule {
  return ({ at, spec, configuration }) =>
    interfacesOf(spec).flatMap((nic, index) => {
      const network = networksOf(spec).findLast(({ name }) => name === nic.name);
      const context = { at: interfacesAt(at).index(index), specAt: at, nic, network, spec, configuration };
      return rules.flatMap((rule) => rule(context));
    });
}

export function interfacesOf(spec: TemplateSpec): readonly Interface[] {
  return spec.domain.devices.interfaces ?? [];
}

export function networksOf(spec: TemplateSpec): readonly Network[] {
  return spec.networks ?? [];
}

export function interfacesAt(at: FieldPath): FieldPath {
  return at.child("domain", "devices", "interfaces");
}

export function disksAt(at: FieldPath): FieldPath {
  return at.child("domain", "devices", "disks");
}
