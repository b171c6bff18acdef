// One reading of a VM's template and of a running instance, so that the two can be compared field by field.
import { fullNadName } from "../names.ts";
import type { Binding } from "../nic.ts";
import type {
  VirtualMachine,
  VirtualMachineInstance,
  VirtualMachineInstanceSpec,
  VmInterface,
  VmNetwork,
  VmVolume,
} from "../objects/kubernetes.ts";
import { cloudInitDiskName, guestConfigAnnotation } from "../objects/ownership.ts";
import { type GuestMachineField, readGuestRecord } from "./guest-record.ts";
import type { Fields, GuestField, KubeVirtField } from "./nic-differences.ts";

export const instanceMachineFields = ["cpu", "userData.secretName", "memory"] as const;
export type InstanceMachineField = (typeof instanceMachineFields)[number];

/** What a template asks for, or an instance runs with. Field names are those of the plan. */
export interface InstanceFields {
  /** By name, in the order in which the guest sees them. */
  readonly nics: ReadonlyMap<string, Readonly<Record<KubeVirtField, string>>>;
  /** Empty where the template leaves it to KubeVirt. */
  readonly machine: Readonly<Record<InstanceMachineField, string>>;
  /** The source of each disk, by the disk's name. */
  readonly disks: ReadonlyMap<string, string>;
  /** undefined where nothing was recorded at the start. */
  readonly guest: GuestFields | undefined;
}

/** A GuestRecord, its NICs by name. */
export interface GuestFields {
  readonly digest: string;
  readonly machine: Fields<GuestMachineField>;
  readonly nics: ReadonlyMap<string, Fields<GuestField>>;
}

/** What the instance has. */
export function instanceFields({ spec, metadata }: VirtualMachineInstance): InstanceFields {
  return fieldsOf(spec, metadata.annotations, metadata.namespace);
}

/** What the VM's next instance gets. */
export function wantedFields({ metadata, spec: { template } }: VirtualMachine): InstanceFields {
  return fieldsOf(template.spec, template.metadata?.annotations, metadata.namespace);
}

function fieldsOf(
  { domain, networks = [], volumes = [] }: VirtualMachineInstanceSpec,
  annotations: Readonly<Record<string, string>> | undefined,
  namespace = "",
): InstanceFields {
  const networkOf = new Map(networks.map((network) => [network.name, network]));
  const secretName = volumes.find(({ name }) => name === cloudInitDiskName)?.cloudInitNoCloud?.secretRef
    ?.name;
  const { cpu, memory } = domain;
  return {
    nics: new Map(
      (domain.devices.interfaces ?? []).map((nic) => [
        nic.name,
        nicFields(nic, networkOf.get(nic.name), namespace),
      ]),
    ),
    machine: {
      cpu: String(cpu?.cores ?? ""),
      memory: memory?.guest ?? "",
      "userData.secretName": secretName ?? "",
    },
    disks: new Map(volumes.flatMap(diskSource)),
    guest: guestFieldsIn(annotations?.[guestConfigAnnotation]),
  };
}

function guestFieldsIn(annotation: string | undefined): GuestFields | undefined {
  const record = readGuestRecord(annotation);
  return record && { ...record, nics: new Map(Object.entries(record.networks)) };
}

export function nicFields(
  nic: VmInterface,
  network: VmNetwork | undefined,
  namespace: string,
): Readonly<Record<KubeVirtField, string>> {
  return {
    binding: bindingOf(nic),
    attachment: attachmentOf(network, namespace),
    macAddress: nic.macAddress ?? "",
    linkState: nic.state ?? "up",
  };
}

function bindingOf(nic: VmInterface): string {
  if (nic.binding !== undefined) return nic.binding.name;
  return (
    (["bridge", "masquerade", "sriov", "passtBinding"] as const).find((kind) => nic[kind] !== undefined) ?? ""
  );
}

/** A binding as `binding` of the fields has it. */
export function bindingText(binding: Binding): string {
  return binding.kind === "plugin" ? binding.name : binding.kind;
}

/** The pod network, as `attachment` has it. */
export const podNetwork = "pod network";

function attachmentOf(network: VmNetwork | undefined, namespace: string): string {
  const nad = network?.multus?.networkName;
  if (nad === undefined) return podNetwork;
  return fullNadName(nad, namespace);
}

function diskSource({
  name,
  containerDisk,
  persistentVolumeClaim,
  dataVolume,
}: VmVolume): [string, string][] {
  const source = containerDisk?.image ?? persistentVolumeClaim?.claimName ?? dataVolume?.name;
  return source === undefined ? [] : [[name, source]];
}
