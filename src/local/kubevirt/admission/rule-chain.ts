// All rules in virt-api's order, which is the order of the causes in a refusal.
import { type Cause, FieldPath, refusalOf } from "./cause.ts";
import type { KubevirtConfiguration } from "../configuration.ts";
import { withValidationDefaults } from "./defaults.ts";
import { type SpecRule, faultsOf } from "./rule.ts";
import { accessCredentials } from "./rules/access-credentials.ts";
import { bootOrder, disks } from "./rules/disks.ts";
import { firmware, hostDevices, inputs, sound } from "./rules/devices.ts";
import { discontinuedBindings, interfaceBindings, interfaceState } from "./rules/interface-bindings.ts";
import { interfaceFields } from "./rules/interface-fields.ts";
import { liveUpdateOfSockets, memoryAndCpuRules } from "./rules/memory-and-cpu.ts";
import { dnsConfig, hostname, subdomain } from "./rules/names.ts";
import {
  interfaceNamesAreUnique,
  interfacesHaveNetworks,
  networkNamesAreUnique,
  networkSourceRules,
  networksHaveInterfaces,
} from "./rules/networks.ts";
import { networkProbesNeedPodNetwork, probeHandlers } from "./rules/probes.ts";
import { networkResourceClaims } from "./rules/resource-claims.ts";
import { evictionStrategy, reservedLabelFaults, runStrategyFaults } from "./rules/virtual-machine.ts";
import { containerDiskPaths, volumes } from "./rules/volumes.ts";
import type { Refusal } from "../../api/admission.ts";
import type { VirtualMachineSpec } from "./template-spec.ts";

/** pkg/network/admitter/validator.go. */
const networkRules: readonly SpecRule[] = [
  ...networkSourceRules,
  interfaceState,
  interfaceBindings,
  networkNamesAreUnique,
  networkResourceClaims,
  networksHaveInterfaces,
  interfaceNamesAreUnique,
  interfacesHaveNetworks,
  interfaceFields,
];

/** pkg/virt-api/…/admitters/vmi-create-admitter.go, ValidateVirtualMachineInstanceSpec. */
const templateRules: readonly SpecRule[] = [
  hostname,
  subdomain,
  ...memoryAndCpuRules,
  ...networkRules,
  bootOrder,
  inputs,
  probeHandlers,
  networkProbesNeedPodNetwork,
  disks,
  firmware,
  volumes,
  containerDiskPaths,
  accessCredentials,
  dnsConfig,
  evictionStrategy,
  hostDevices,
  sound,
];

const specAt = new FieldPath("spec");

/** Validates a VirtualMachine's spec as vms-admitter.go does; undefined when it is valid. */
export function validateVirtualMachine(
  given: VirtualMachineSpec,
  operation: "CREATE" | "UPDATE",
  configuration: KubevirtConfiguration,
): Refusal | undefined {
  const validated = withValidationDefaults(given, configuration);
  if ("failure" in validated) return { code: 400, message: validated.failure };
  const { defaulted: spec } = validated;
  const template = spec.template.spec;
  if (operation === "CREATE") {
    // Discontinued bindings are reported alone, with paths below `spec` instead of the template.
    const discontinued = faultsOf([discontinuedBindings], { at: specAt, spec: template, configuration });
    if (discontinued.length > 0) return refusalOf(discontinued);
  }
  const context = { at: specAt.child("template", "spec"), spec: template, configuration };
  const causes: Cause[] = [
    ...reservedLabelFaults(specAt, spec),
    ...faultsOf(templateRules, context),
    ...runStrategyFaults(specAt, spec, configuration),
    ...faultsOf([liveUpdateOfSockets], context),
  ];
  return causes.length > 0 ? refusalOf(causes) : undefined;
}
