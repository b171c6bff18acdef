// A rule checks one thing about a VirtualMachine's template and returns a cause for each fault.
import type { Cause, FieldPath } from "./cause.ts";
import type { KubevirtConfiguration } from "../configuration.ts";
import type { Interface, Network, TemplateSpec } from "./template-spec.ts";

/** One or more faults, in KubeVirt's order; undefined or an empty list when the rule is met. */
export type Faults = Cause | readonly Cause[] | undefined;

export interface RuleContext {
  /** The path of `spec` as causes write it. */
  readonly at: FieldPath;
  readonly spec: TemplateSpec;
  readonly configuration: KubevirtConfiguration;
}

export type SpecRule = (context: RuleContext) => Faults;

/** `network` is the network with the interface's name, the last one if there are several. */
interface InterfaceContext extends RuleContext {
  /** The path of this interface. */
  readonly at: FieldPath;
  /** The path of the whole template spec, which some causes name instead. */
  readonly specAt: FieldPath;
  readonly nic: Interface;
  readonly network: Network | undefined;
}

export type InterfaceRule = (context: InterfaceContext) => Faults;

export function faultsOf<C>(rules: readonly ((context: C) => Faults)[], context: C): Cause[] {
  return rules.flatMap((rule) => rule(context) ?? []);
}

/** Runs all rules on the first NIC, then all on the second, and so on. */
export function forEachInterface(rules: readonly InterfaceRule[]): SpecRule {
  return ({ at, spec, configuration }) =>
    interfacesOf(spec).flatMap((nic, index) => {
      const network = networksOf(spec).findLast(({ name }) => name === nic.name);
      return faultsOf(rules, {
        at: interfacesAt(at).index(index),
        specAt: at,
        nic,
        network,
        spec,
        configuration,
      });
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
