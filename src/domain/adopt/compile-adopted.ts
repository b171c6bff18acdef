// The part of somebody else's VM that holds its NICs, as server-side apply needs it: these fields and no others.
import { type CompiledVm, compileVm } from "../compile/compile.ts";
import { compileInterface, compileNetwork } from "../compile/virtual-machine.ts";
import { cloudInitVolumeOf } from "../objects/cloud-init.ts";
import { ownsField } from "../objects/managed-fields.ts";
import type { Nic, ResolvedVm } from "../nic.ts";
import type {
  CloudInitSource,
  VirtualMachine,
  VmInterface,
  VmNetwork,
  VmVolume,
} from "../objects/kubernetes.ts";
import {
  adoptedAnnotation,
  cloudInitDiskName,
  fieldManager,
  guestConfigAnnotation,
  secretNameOf,
  specAnnotation,
} from "../objects/ownership.ts";
import type { VmSpec } from "../spec.ts";
import { nicPartOf } from "./adopted-spec.ts";

/**
 * KubeVirt's lists are atomic, so interfaces, networks and volumes are sent whole: of what is in them already, everything
 * stays but what a spec says of NICs and the place of the network-config. @throws Error as compileVm.
 */
export function compileAdopted(spec: VmSpec, vm: ResolvedVm, live: VirtualMachine): CompiledVm {
  const compiled = compileVm(nicPartOf(spec), vm);
  const { template } = compiled.virtualMachine.spec;
  const names = (template.spec.networks ?? []).map(({ multus }) => multus?.networkName);
  const disks = disksOf(live);
  const guestConfig = template.metadata?.annotations?.[guestConfigAnnotation];
  return {
    ...compiled,
    secret: hasOwnUserData(live) ? compiled.secret : withoutUserData(compiled.secret),
    virtualMachine: {
      apiVersion: live.apiVersion,
      kind: live.kind,
      metadata: {
        name: vm.name,
        namespace: vm.namespace,
        annotations: {
          [adoptedAnnotation]: "true",
          [specAnnotation]: compiled.virtualMachine.metadata.annotations?.[specAnnotation] ?? "",
        },
      },
      spec: {
        template: {
          ...(guestConfig === undefined
            ? {}
            : { metadata: { annotations: { [guestConfigAnnotation]: guestConfig } } }),
          spec: {
            domain: {
              devices: {
                ...(disks === undefined ? {} : { disks }),
                interfaces: vm.nics.map((nic) => interfaceOf(nic, live)),
              },
            },
            networks: networksOf(vm.nics, names, live),
            volumes: volumesOf(live),
          },
        },
      },
    },
  };
}

/** Ways to bind that KubeVirt has or had; a NIC has one of them. */
const bindings = ["bridge", "masquerade", "sriov", "binding", "passtBinding", "slirp", "macvtap", "passt"];

function interfaceOf(nic: Nic, live: VirtualMachine): VmInterface {
  const before = live.spec.template.spec.domain.devices.interfaces?.find(({ name }) => name === nic.name);
  const kept = Object.entries(before ?? {}).filter(
    ([key]) => !bindings.includes(key) && key !== "state" && key !== "macAddress",
  );
  return { ...(Object.fromEntries(kept) as Partial<VmInterface>), ...compileInterface(nic) };
}

/** In the order in which they are; new ones last. */
function networksOf(
  nics: readonly Nic[],
  names: readonly (string | undefined)[],
  live: VirtualMachine,
): VmNetwork[] {
  const before = live.spec.template.spec.networks ?? [];
  const places = new Map(before.map(({ name }, place) => [name, place]));
  return nics
    .map((nic, index) => {
      const wanted = compileNetwork(nic, names[index]);
      const old = before.find(({ name }) => name === nic.name);
      if (wanted.multus === undefined) return old?.pod === undefined ? wanted : old;
      return { ...wanted, multus: { ...old?.multus, ...wanted.multus } };
    })
    .toSorted((a, b) => (places.get(a.name) ?? before.length) - (places.get(b.name) ?? before.length));
}

/** True where the user-data is ours to write: the VM had no cloud-init before. */
function hasOwnUserData(live: VirtualMachine): boolean {
  const volume = cloudInitVolumeOf(live);
  return volume === undefined || volume.source.secretRef?.name === secretNameOf(live.metadata.name);
}

function withoutUserData(secret: CompiledVm["secret"]): CompiledVm["secret"] {
  const { userdata: _, ...stringData } = secret.stringData;
  return { ...secret, stringData };
}

function volumesOf(live: VirtualMachine): VmVolume[] {
  const { volumes = [] } = live.spec.template.spec;
  const own = { name: secretNameOf(live.metadata.name) };
  const cloudInit = cloudInitVolumeOf(live);
  if (cloudInit === undefined) {
    const source: CloudInitSource = { secretRef: own, networkDataSecretRef: own };
    return [...volumes, { name: cloudInitDiskName, cloudInitNoCloud: source }];
  }
  const { networkData: _text, networkDataBase64: _base64, ...source } = cloudInit.source;
  return volumes.map((volume) =>
    volume.name === cloudInit.name
      ? { ...volume, [cloudInit.kind]: { ...source, networkDataSecretRef: own } }
      : volume,
  );
}

/**
 * Only where the cloud-init disk has to be added, or was: then the list is ours, and what its only owner does not apply
 * any more goes.
 */
function disksOf(
  live: VirtualMachine,
): VirtualMachine["spec"]["template"]["spec"]["domain"]["devices"]["disks"] {
  const { disks = [] } = live.spec.template.spec.domain.devices;
  if (cloudInitVolumeOf(live) === undefined) {
    return [...disks, { name: cloudInitDiskName, disk: { bus: "virtio" } }];
  }
  return ownsField(live, fieldManager, "spec.template.spec.domain.devices.disks") ? disks : undefined;
}
