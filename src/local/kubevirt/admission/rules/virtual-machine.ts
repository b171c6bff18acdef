// The fields of a VirtualMachine outside its template's spec: pkg/virt-api/…/admitters/vms-admitter.go.
import { type Cause, type FieldPath, cause, invalid } from "../cause.ts";
import { type KubevirtConfiguration, gateEnabled } from "../../configuration.ts";
import type { SpecRule } from "../rule.ts";
import type { VirtualMachineSpec } from "../template-spec.ts";

const reservedLabels = [
  "kubevirt.io/created-by",
  "kubevirt.io/migrationJobUID",
  "kubevirt.io/nodeName",
  "kubevirt.io/migrationTargetNodeName",
  "kubevirt.io/schedulable",
  "kubevirt.io/install-strategy",
];

/** KubeVirt's own labels are reserved; its service accounts are not exempt here. */
export function reservedLabelFaults(at: FieldPath, { template }: VirtualMachineSpec): Cause[] {
  const labels = Object.keys(template.metadata?.labels ?? {});
  if (!labels.some((label) => reservedLabels.includes(label))) return [];
  const message = "creation of the following reserved kubevirt.io/ labels on a VMI object is prohibited";
  return [cause("FieldValueNotSupported", at.child("template", "metadata", "labels"), message)];
}

const runStrategies = ["Halted", "Manual", "Always", "RerunOnFailure", "Once"];

function runStrategyFault(strategy: string, configuration: KubevirtConfiguration): string | undefined {
  if (runStrategies.includes(strategy)) return undefined;
  if (strategy !== "WaitAsReceiver") return `Invalid RunStrategy (${strategy})`;
  return gateEnabled("DecentralizedLiveMigration", configuration)
    ? undefined
    : `Invalid RunStrategy (${strategy}), DecentralizedLiveMigration feature gate is not enabled in kubevirt resource`;
}

/** Exactly one of `running` and `runStrategy`, and a strategy that exists. */
export function runStrategyFaults(
  at: FieldPath,
  { running, runStrategy }: VirtualMachineSpec,
  configuration: KubevirtConfiguration,
): Cause[] {
  const faults: Cause[] = [];
  if (running !== undefined && runStrategy !== undefined) {
    const message =
      "Running and RunStrategy are mutually exclusive. Note that Running is deprecated, please use RunStrategy instead";
    faults.push(invalid(at.child("running"), message));
  }
  if (running === undefined && runStrategy === undefined) {
    faults.push(invalid(at.child("running"), "RunStrategy must be specified"));
  }
  const fault = runStrategy === undefined ? undefined : runStrategyFault(runStrategy, configuration);
  if (fault !== undefined) faults.push(invalid(at.child("runStrategy"), fault));
  return faults;
}

const evictionStrategies = ["LiveMigrate", "LiveMigrateIfPossible", "None", "External"];

/** vmi-create-admitter.go (validateLiveMigration). */
export const evictionStrategy: SpecRule = ({ at, spec: { evictionStrategy: strategy } }) => {
  const field = at.child("evictionStrategy");
  return strategy === undefined || evictionStrategies.includes(strategy)
    ? undefined
    : invalid(field, `${field.text} is set with an unrecognized option: ${strategy}`);
};
