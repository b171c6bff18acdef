// Compiles the part of an adopted VM that multinic applies: the fields of its NICs and no others.
import { bindingFields } from "../bindings.ts";
import { type CompiledVm, compileParts } from "../compile/compile.ts";
import { compileInterface, compileNetwork, recordOf } from "../compile/virtual-machine.ts";
import { cloudInitVolumeOf } from "../objects/cloud-init.ts";
import { ownsField } from "../objects/managed-fields.ts";
import type { Nic, ResolvedVm } from "../nic.ts";
import type {
  CloudInitSource,
  Secret,
  VirtualMachine,
  VmDisk,
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
 * KubeVirt's lists are atomic, so interfaces, networks and volumes are sent as a whole. Their content is unchanged, except
 * what the spec says of the NICs and the location of the network-config. `live`: the VM at the API server; `stored`: the Secret
 * there. @throws Error as compileVm.
 */
export function compileAdopted(
  spec: VmSpec,
  vm: ResolvedVm,
  live: VirtualMachine,
  stored?: Secret,
): CompiledVm {
  const ownsUserData = hasOwnUserData(live);
  const { parts, secret, ...objects } = compileParts(vm, ownsUserData ? stored : undefined);
  const disks = disksOf(live);
  return {
    ...objects,
    secret: ownsUserData ? secret : withoutUserData(secret),
    virtualMachine: {
      apiVersion: live.apiVersion,
      kind: live.kind,
      metadata: {
        name: vm.name,
        namespace: vm.namespace,
        annotations: { [adoptedAnnotation]: "true", [specAnnotation]: recordOf(nicPartOf(spec)) },
      },
      spec: {
        template: {
          metadata: { annotations: { [guestConfigAnnotation]: parts.guestRecord } },
          spec: {
            domain: {
              devices: {
                ...(disks === undefined ? {} : { disks }),
                interfaces: vm.nics.map((nic) => interfaceOf(nic, live)),
              },
            },
            networks: networksOf(vm.nics, parts.networkNames, live),
            volumes: volumesOf(live),
          },
        },
      },
    },
  };
}

function interfaceOf(nic: Nic, live: VirtualMachine): VmInterface {
  const current = live.spec.template.spec.domain.devices.interfaces?.find(({ name }) => name === nic.name);
  const kept = Object.entries(current ?? {}).filter(
    ([key]) => !bindingFields.has(key) && key !== "state" && key !== "macAddress",
  );
  return { ...(Object.fromEntries(kept) as Partial<VmInterface>), ...compileInterface(nic) };
}

/** In the order of the VM; new ones last. */
function networksOf(
  nics: readonly Nic[],
  names: readonly (string | undefined)[],
  live: VirtualMachine,
): VmNetwork[] {
  const current = live.spec.template.spec.networks ?? [];
  const places = new Map(current.map(({ name }, place) => [name, place]));
  return nics
    .map((nic, index) => {
      const wanted = compileNetwork(nic, names[index]);
      const same = current.find(({ name }) => name === nic.name);
      if (wanted.multus === undefined) return same?.pod === undefined ? wanted : same;
      return { ...wanted, multus: { ...same?.multus, ...wanted.multus } };
    })
    .toSorted((a, b) => (places.get(a.name) ?? current.length) - (places.get(b.name) ?? current.length));
}

/** True if multinic writes the user-data: the VM had no cloud-init before its adoption. */
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

const disksPath = ["spec", "template", "spec", "domain", "devices", "disks"];

/**
 * Set if the cloud-init disk has to be added, or was added earlier: then multinic owns the list, and the API server would
 * remove it when its only owner no longer applies it.
 */
function disksOf(live: VirtualMachine): VmDisk[] | undefined {
  const { disks = [] } = live.spec.template.spec.domain.devices;
  if (cloudInitVolumeOf(live) === undefined) {
    return [...disks, { name: cloudInitDiskName, disk: { bus: "virtio" } }];
  }
  return ownsField(live, fieldManager, disksPath) ? disks : undefined;
}
