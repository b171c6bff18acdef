// The KubeVirt VirtualMachine of a resolved VM.
import { bindingField } from "../bindings.ts";
import type { Nic, ResolvedDisk, ResolvedVm } from "../nic.ts";
import type { VirtualMachine, VmInterface, VmNetwork, VmVolume } from "../objects/kubernetes.ts";
import {
  cloudInitDiskName,
  guestConfigAnnotation,
  managedBy,
  managedByLabel,
  secretNameOf,
  specAnnotation,
} from "../objects/ownership.ts";
import type { VmSpec } from "../spec.ts";

/** What a VirtualMachine contains in addition to the values of its spec. */
export interface VmParts {
  /** The NAD of each NIC, with a namespace if it is in another one than the VM; undefined for the pod network. */
  readonly networkNames: readonly (string | undefined)[];
  /** The GuestRecord as JSON. */
  readonly guestRecord: string;
}

export function compileVirtualMachine(
  spec: VmSpec,
  vm: ResolvedVm,
  { networkNames, guestRecord }: VmParts,
): VirtualMachine {
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachine",
    metadata: {
      name: vm.name,
      namespace: vm.namespace,
      labels: { ...vm.labels, [managedByLabel]: managedBy },
      annotations: { [specAnnotation]: recordOf(spec) },
    },
    spec: {
      runStrategy: vm.runStrategy,
      template: {
        metadata: {
          labels: { "kubevirt.io/vm": vm.name },
          // KubeVirt copies it to the instance at the start only.
          annotations: { [guestConfigAnnotation]: guestRecord },
        },
        spec: {
          domain: {
            cpu: { cores: vm.cpu },
            memory: { guest: vm.memory },
            devices: {
              disks: [...vm.disks.map(({ name }) => name), cloudInitDiskName].map((name) => ({
                name,
                disk: { bus: "virtio" },
              })),
              interfaces: vm.nics.map(compileInterface),
            },
          },
          networks: vm.nics.map((nic, index) => compileNetwork(nic, networkNames[index])),
          volumes: [...vm.disks.map(compileVolume), cloudInitVolume(vm)],
        },
      },
    },
  };
}

/** The spec as recorded in the annotation of the VM. */
export function recordOf(spec: VmSpec): string {
  return JSON.stringify(withoutSecretText(spec));
}

/** User-data may contain passwords, so it is kept only in the Secret. */
export function withoutSecretText(spec: VmSpec): VmSpec {
  const { userData, ...rest } = spec;
  return userData === undefined || userData.text !== undefined ? rest : { ...rest, userData };
}

export function compileInterface(nic: Nic): VmInterface {
  return {
    name: nic.name,
    macAddress: nic.mac,
    ...bindingField(nic.binding),
    ...(nic.linkState === "down" ? { state: "down" } : {}),
  };
}

export function compileNetwork(nic: Nic, networkName: string | undefined): VmNetwork {
  return networkName === undefined
    ? { name: nic.name, pod: {} }
    : { name: nic.name, multus: { networkName } };
}

function compileVolume({ name, source }: ResolvedDisk): VmVolume {
  switch (source.kind) {
    case "containerImage":
      return { name, containerDisk: { image: source.value } };
    case "persistentVolumeClaim":
      return { name, persistentVolumeClaim: { claimName: source.value } };
    case "dataVolume":
      return { name, dataVolume: { name: source.value } };
  }
}

/** Always from Secrets: KubeVirt accepts at most 2,048 bytes inline. */
function cloudInitVolume(vm: ResolvedVm): VmVolume {
  const own = secretNameOf(vm.name);
  return {
    name: cloudInitDiskName,
    cloudInitNoCloud: {
      secretRef: { name: vm.userData?.secretName ?? own },
      networkDataSecretRef: { name: own },
    },
  };
}
