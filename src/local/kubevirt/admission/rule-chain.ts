// All rules in the order in which virt-api asks them, which is the order of the causes in a refusal.
import { type Cause, refusalOf } from "./cause.ts";
import type { KubevirtConfiguration } from "../configuration.ts";
import { withJudgingDefaults } from "./defaults.ts";
import { FieldPath } from "./field-path.ts";
import type { SpecRule } from "./rule.ts";
import { accessCredentials } from "./rules/access-credentials.ts";
import { bootOrder } from "./rules/boot-order.ts";
import { disks } from "./rules/disks.ts";
import { hostDevices, inputs, sound } from "./rules/devices.ts";
import { dnsConfig } from "./rules/dns.ts";
import { firmware } from "./rules/firmware.ts";
import { discontinuedBindings, interfaceBindings } from "./rules/interface-bindings.ts";
import { interfaceFields } from "./rules/interface-fields.ts";
import { interfaceState } from "./rules/interface-state.ts";
import { liveUpdateOfSockets, memoryAndCpuRules } from "./rules/memory-and-cpu.ts";
import { hostname, subdomain } from "./rules/names.ts";
import {
  interfaceNamesAreUnique,
  interfacesHaveNetworks,
  networkNamesAreUnique,
  networksHaveInterfaces,
} from "./rules/network-pairs.ts";
import { networkSourceRules } from "./rules/network-sources.ts";
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
const templateAt = specAt.child("template", "spec");

/** Judges a VirtualMachine's spec as vms-admitter.go does; undefined when nothing is wrong. */
export function judgeVirtualMachine(
  given: VirtualMachineSpec,
  operation: "CREATE" | "UPDATE",
  configuration: KubevirtConfiguration,
): Refusal | undefined {
  const judging = withJudgingDefaults(given, configuration);
  if ("failure" in judging) return { code: 400, message: judging.failure };
  const { defaulted: spec } = judging;
  const template = spec.template.spec;
  if (operation === "CREATE") {
    // The discontinued bindings are reported alone, and below `spec` instead of the template.
    const discontinued = discontinuedBindings({ at: specAt, spec: template, configuration });
    if (discontinued.length > 0) return refusalOf(discontinued);
  }
  const context = { at: templateAt, spec: template, configuration };
  const causes: Cause[] = [
    ...reservedLabelFaults(specAt, spec),
    ...templateRules.flatMap((rule) => rule(context)),
    ...runStrategyFaults(specAt, spec, configuration),
    ...liveUpdateOfSockets(context),
  ];
  return causes.length > 0 ? refusalOf(causes) : undefined;
}
