// The machine part of an existing VM, as far as a spec can express it.
import type { VirtualMachine, VmDisk, VmVolume } from "../objects/kubernetes.ts";
import { type DiskSpec, type RunStrategy, runStrategies, type VmSpec } from "../spec.ts";
import { isReservedLabel, type Labels } from "../labels.ts";
import { cloudInitVolumeOf } from "../objects/cloud-init.ts";
import { ownsField } from "../objects/managed-fields.ts";
import { fieldManager, isManaged } from "../objects/ownership.ts";

export type MachinePart = Pick<VmSpec, "cpu" | "memory" | "bootDisk" | "disks" | "runStrategy">;

/** Disks with sources that a spec cannot express are left out. */
export function readMachine(vm: VirtualMachine): MachinePart {
  const { domain, volumes = [] } = vm.spec.template.spec;
  const cloudInit = cloudInitVolumeOf(vm)?.name;
  const [bootDisk, ...disks] = (domain.devices.disks ?? [])
    .filter(({ name }) => name !== cloudInit)
    .flatMap((disk) => readDisk(disk, volumes));
  const { cores, sockets = 1, threads = 1 } = domain.cpu ?? {};
  const cpu = cores === undefined ? undefined : cores * sockets * threads;
  const memory = domain.memory?.guest ?? domain.resources?.requests?.["memory"];
  return {
    // More does not fit into cpu of the API and is not a number of CPUs.
    ...(cpu === undefined || cpu > 2_147_483_647 ? {} : { cpu }),
    ...(memory === undefined ? {} : { memory }),
    ...(bootDisk === undefined ? {} : { bootDisk }),
    ...(disks.length === 0 ? {} : { disks }),
    runStrategy: runStrategyOf(vm),
  };
}

/**
 * The labels that were requested through multinic: those that it owns, by managedFields, which lists do not have. Empty for
 * a VM that multinic did not create: nothing shows which of its labels a caller would want multinic to own.
 */
export function readLabels(vm: VirtualMachine): Labels {
  if (!isManaged(vm)) return {};
  const isOurs = (key: string): boolean => ownsField(vm, fieldManager, ["metadata", "labels", key]);
  const labels = Object.entries(vm.metadata.labels ?? {});
  return Object.fromEntries(labels.filter(([key]) => !isReservedLabel(key) && isOurs(key)));
}

function runStrategyOf({ spec }: VirtualMachine): RunStrategy {
  const known = runStrategies.find((strategy) => strategy === spec.runStrategy);
  return known ?? (spec.running === true ? "Always" : "Halted");
}

function readDisk({ name }: VmDisk, volumes: readonly VmVolume[]): readonly DiskSpec[] {
  const volume = volumes.find((candidate) => candidate.name === name);
  if (volume?.containerDisk !== undefined) return [{ name, containerImage: volume.containerDisk.image }];
  if (volume?.persistentVolumeClaim !== undefined) {
    return [{ name, persistentVolumeClaim: volume.persistentVolumeClaim.claimName }];
  }
  return volume?.dataVolume === undefined ? [] : [{ name, dataVolume: volume.dataVolume.name }];
}
