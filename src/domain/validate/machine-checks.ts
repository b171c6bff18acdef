// Checks of the VM as a whole: its name, its machine part and the limits on its NICs.
import { finding } from "../findings.ts";
import { isDnsLabel } from "../names.ts";
import { cloudInitDiskName, isManaged, vmLabel } from "../objects/ownership.ts";
import { quantityInBytes } from "../objects/quantity.ts";
import type { VmCheck } from "./context.ts";

const maxCpu = 512;

const nameIsLabel: VmCheck = ({ spec }) => {
  if (spec.name === "") return finding("FIELD_REQUIRED", "name", { name: "name" });
  return isDnsLabel(spec.name) ? undefined : finding("VM_NAME_INVALID", "name", { given: spec.name });
};

const namespaceIsLabel: VmCheck = ({ spec }) => {
  if (spec.namespace === "") return finding("FIELD_REQUIRED", "namespace", { name: "namespace" });
  return isDnsLabel(spec.namespace)
    ? undefined
    : finding("NAMESPACE_INVALID", "namespace", { given: spec.namespace });
};

const namespaceExists: VmCheck = ({ spec, facts }) =>
  facts.namespaceExists === false
    ? finding("NAMESPACE_NOT_FOUND", "namespace", { namespace: spec.namespace })
    : undefined;

const cpuIsPositive: VmCheck = ({ vm }) =>
  Number.isInteger(vm.cpu) && vm.cpu >= 1 && vm.cpu <= maxCpu
    ? undefined
    : finding("CPU_INVALID", "cpu", { given: vm.cpu, max: maxCpu });

/** A Kubernetes quantity (apimachinery resource.Quantity) of at least 1 MiB, whole bytes. */
const memoryIsQuantity: VmCheck = ({ vm }) => {
  const bytes = quantityInBytes(vm.memory);
  return bytes !== undefined && bytes >= 2 ** 20
    ? undefined
    : finding("MEMORY_INVALID", "memory", { given: vm.memory });
};

const diskNamesAreUnique: VmCheck = ({ vm }) => {
  const taken = new Set([cloudInitDiskName]);
  return vm.disks.map(({ name }, index) => {
    const isFree = !taken.has(name);
    taken.add(name);
    if (isFree && isDnsLabel(name)) return undefined;
    const field = index === 0 ? "bootDisk.name" : `disks[${index - 1}].name`;
    return finding("DISK_NAME_INVALID", field, { given: name });
  });
};

const userDataHasOneSource: VmCheck = ({ vm }) => {
  if (vm.userData === undefined) return undefined;
  const count = [vm.userData.text, vm.userData.secretName].filter((source) => source !== undefined).length;
  return count === 1 ? undefined : finding("USER_DATA_SOURCE_INVALID", "userData", { count });
};

const hasNetworks: VmCheck = ({ spec }) =>
  spec.networks.length === 0 ? finding("NETWORKS_EMPTY", "networks", {}) : undefined;

/** A Secret with that name is not overwritten if multinic did not create it for this VM. */
const secretIsOurs: VmCheck = ({ vm, facts: { secret } }) =>
  secret === undefined || (isManaged(secret) && secret.metadata.labels?.[vmLabel] === vm.name)
    ? undefined
    : finding("NAME_TAKEN", "name", { kind: "Secret", name: secret.metadata.name });

export const machineChecks: readonly VmCheck[] = [
  nameIsLabel,
  namespaceIsLabel,
  namespaceExists,
  cpuIsPositive,
  memoryIsQuantity,
  diskNamesAreUnique,
  userDataHasOneSource,
  hasNetworks,
  secretIsOurs,
];
