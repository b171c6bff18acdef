// One reading of a VM's template and of a running instance, so that the two can be compared field by field.
import { fullNadName } from "../names.ts";
import type { Binding } from "../nic.ts";
import type {
  VirtualMachine,
  VirtualMachineInstanceSpec,
  VmInterface,
  VmNetwork,
  VmVolume,
} from "../objects/kubernetes.ts";
import { cloudInitDiskName, guestConfigAnnotation } from "../objects/ownership.ts";
import { type FieldTexts, type GuestRecord, readGuestRecord } from "../guest/guest-record.ts";

/** What a template asks for, or an instance runs with. Field names are those of the plan. */
export interface InstanceFields {
  /** By name, in the order in which the guest sees them: `binding`, `attachment`, `macAddress`, `linkState`. */
  readonly nics: ReadonlyMap<string, FieldTexts>;
  /** cpu, memory, userData.secretName; what is not given is not there. */
  readonly machine: FieldTexts;
  /** By disk. */
  readonly disks: FieldTexts;
  /** undefined where the start told nothing. */
  readonly guest: GuestRecord | undefined;
}

/** `annotations`: of the template, or of the instance. */
export function instanceFields(
  { domain, networks = [], volumes = [] }: VirtualMachineInstanceSpec,
  annotations: Readonly<Record<string, string>> | undefined,
  namespace: string,
): InstanceFields {
  const networkOf = new Map(networks.map((network) => [network.name, network]));
  const secretName = volumes.find(({ name }) => name === cloudInitDiskName)?.cloudInitNoCloud?.secretRef
    ?.name;
  const { cpu, memory } = domain;
  return {
    nics: new Map(
      (domain.devices.interfaces ?? []).map((nic) => [
        nic.name,
        nicTexts(nic, networkOf.get(nic.name), namespace),
      ]),
    ),
    machine: {
      ...(cpu?.cores === undefined ? {} : { cpu: String(cpu.cores) }),
      ...(memory?.guest === undefined ? {} : { memory: memory.guest }),
      ...(secretName === undefined ? {} : { "userData.secretName": secretName }),
    },
    disks: Object.fromEntries(volumes.flatMap(diskText)),
    guest: readGuestRecord(annotations?.[guestConfigAnnotation]),
  };
}

/** What the VM's next instance gets. */
export function wantedFields({ metadata, spec: { template } }: VirtualMachine): InstanceFields {
  return instanceFields(template.spec, template.metadata?.annotations, metadata.namespace ?? "");
}

function nicTexts(nic: VmInterface, network: VmNetwork | undefined, namespace: string): FieldTexts {
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

function diskText({ name, containerDisk, persistentVolumeClaim, dataVolume }: VmVolume): [string, string][] {
  const source = containerDisk?.image ?? persistentVolumeClaim?.claimName ?? dataVolume?.name;
  return source === undefined ? [] : [[name, source]];
}
