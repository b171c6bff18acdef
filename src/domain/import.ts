// A VM that was not made here, read back as a spec, as far as its objects alone tell.
import type { VirtualMachine, VmDisk, VmInterface, VmNetwork, VmVolume } from "./objects.ts";
import { cloudInitDiskName } from "./resolve/resolve-vm.ts";
import type { DiskSpec, NetworkConfig, NetworkType, RunStrategy, VmSpec } from "./spec.ts";
import { runStrategies } from "./spec.ts";

/** NICs with type, network, MAC and link state; addresses and routes stand in no object that is read here. */
export function importVm(vm: VirtualMachine): VmSpec {
  const { domain, networks = [], volumes = [] } = vm.spec.template.spec;
  const networkOf = new Map(networks.map((network) => [network.name, network]));
  const [bootDisk, ...disks] = (domain.devices.disks ?? [])
    .filter(({ name }) => name !== cloudInitDiskName)
    .flatMap((disk) => importDisk(disk, volumes));
  const { cores, sockets = 1, threads = 1 } = domain.cpu ?? {};
  const memory = domain.memory?.guest ?? domain.resources?.requests?.["memory"];
  return {
    namespace: vm.metadata.namespace ?? "",
    name: vm.metadata.name,
    ...(cores === undefined ? {} : { cpu: cores * sockets * threads }),
    ...(memory === undefined ? {} : { memory }),
    ...(bootDisk === undefined ? {} : { bootDisk }),
    ...(disks.length === 0 ? {} : { disks }),
    runStrategy: runStrategyOf(vm),
    networks: (domain.devices.interfaces ?? []).map((nic) => importNic(nic, networkOf.get(nic.name))),
  };
}

function runStrategyOf({ spec }: VirtualMachine): RunStrategy {
  const known = runStrategies.find((strategy) => strategy === spec.runStrategy);
  return known ?? (spec.running === true ? "Always" : "Halted");
}

function importNic(nic: VmInterface, network: VmNetwork | undefined): NetworkConfig {
  const nadName = network?.multus?.networkName;
  return {
    name: nic.name,
    type: typeOf(nic),
    ...(nadName === undefined ? {} : { nadName }),
    ...(nic.macAddress === undefined ? {} : { macAddress: nic.macAddress }),
    ...(nic.state === "down" ? { linkState: "down" } : {}),
  };
}

/** What the binding tells; an Open vSwitch NIC looks like a bridge NIC. */
export function typeOf(nic: VmInterface): NetworkType {
  if (nic.masquerade !== undefined || nic.passtBinding !== undefined) return "pod";
  if (nic.sriov !== undefined) return "sriov";
  return nic.binding === undefined ? "bridge" : "macvlan";
}

function importDisk({ name }: VmDisk, volumes: readonly VmVolume[]): readonly DiskSpec[] {
  const volume = volumes.find((candidate) => candidate.name === name);
  if (volume?.containerDisk !== undefined) return [{ name, containerImage: volume.containerDisk.image }];
  if (volume?.persistentVolumeClaim !== undefined) {
    return [{ name, persistentVolumeClaim: volume.persistentVolumeClaim.claimName }];
  }
  return volume?.dataVolume === undefined ? [] : [{ name, dataVolume: volume.dataVolume.name }];
}
