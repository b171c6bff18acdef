// Reads the template of a VM and a running instance in the same way, so that they can be compared field by field.
import { bindingTextOf } from "../bindings.ts";
import { fullNadName } from "../names.ts";
import type {
  VirtualMachine,
  VirtualMachineInstance,
  VirtualMachineInstanceSpec,
  VmNetwork,
  VmVolume,
} from "../objects/kubernetes.ts";
import { cloudInitDiskName, guestConfigAnnotation } from "../objects/ownership.ts";
import { type GuestRecord, readGuestRecord } from "./guest-record.ts";
import type { KubeVirtField } from "./nic-differences.ts";

/** The fields of a template, or of an instance. Field names are those of the plan. */
export interface InstanceFields {
  /** By name, in the order in which the guest sees them. */
  readonly nics: ReadonlyMap<string, Readonly<Record<KubeVirtField, string>>>;
  /** Empty if the template leaves it to KubeVirt. */
  readonly machine: Readonly<Record<"cpu" | "memory" | "userData.secretName", string>>;
  /** The source of each disk, by the disk's name. */
  readonly disks: ReadonlyMap<string, string>;
  /** undefined if nothing was recorded at the start. */
  readonly guest: GuestRecord | undefined;
}

/** What the instance has. */
export function instanceFields({ spec, metadata }: VirtualMachineInstance): InstanceFields {
  return fieldsOf(spec, metadata.annotations, metadata.namespace);
}

/** What the next instance of the VM will have. */
export function wantedFields({ metadata, spec: { template } }: VirtualMachine): InstanceFields {
  return fieldsOf(template.spec, template.metadata?.annotations, metadata.namespace);
}

function fieldsOf(
  { domain, networks = [], volumes = [] }: VirtualMachineInstanceSpec,
  annotations: Readonly<Record<string, string>> | undefined,
  namespace = "",
): InstanceFields {
  const secretName = volumes.find(({ name }) => name === cloudInitDiskName)?.cloudInitNoCloud?.secretRef
    ?.name;
  const { cpu, memory, devices } = domain;
  const networkOf = new Map(networks.map((network) => [network.name, network]));
  return {
    nics: new Map(
      (devices.interfaces ?? []).map((nic) => [
        nic.name,
        {
          binding: bindingTextOf(nic),
          attachment: attachmentOf(networkOf.get(nic.name), namespace),
          macAddress: nic.macAddress ?? "",
          linkState: nic.state ?? "up",
        },
      ]),
    ),
    machine: {
      cpu: String(cpu?.cores ?? ""),
      memory: memory?.guest ?? "",
      "userData.secretName": secretName ?? "",
    },
    disks: new Map(volumes.flatMap(diskSource)),
    guest: readGuestRecord(annotations?.[guestConfigAnnotation]),
  };
}

/** The pod network, as `attachment` has it. */
export const podNetwork = "pod network";

function attachmentOf(network: VmNetwork | undefined, namespace: string): string {
  return network?.multus === undefined ? podNetwork : fullNadName(network.multus.networkName, namespace);
}

function diskSource(volume: VmVolume): [string, string][] {
  const { name, containerDisk, persistentVolumeClaim, dataVolume } = volume;
  const source = containerDisk?.image ?? persistentVolumeClaim?.claimName ?? dataVolume?.name;
  return source === undefined ? [] : [[name, source]];
}
