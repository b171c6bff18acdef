// Compiles a resolved VM to the objects that create it, in the order of writing.
import type { Nic, ResolvedVm } from "../nic.ts";
import { guestRecord } from "../compare/guest-record.ts";
import { compileAttachment } from "../network/generated-nad.ts";
import type {
  KubernetesObject,
  NetworkAttachmentDefinition,
  Secret,
  VirtualMachine,
} from "../objects/kubernetes.ts";
import {
  managedBy,
  managedByLabel,
  secretNameOf,
  userDataAnnotation,
  vmLabel,
} from "../objects/ownership.ts";
import type { VmSpec } from "../spec.ts";
import { compileGuestData, type GuestData } from "./guest-data.ts";
import { compileVirtualMachine, type VmParts } from "./virtual-machine.ts";

export interface CompiledVm {
  /** Generated NADs, each once, in order of the NICs. */
  readonly attachments: readonly NetworkAttachmentDefinition[];
  readonly secret: Secret & { readonly stringData: Record<string, string> };
  /** The NAD of each NIC, NAMESPACE/NAME; undefined for the pod network. */
  readonly attachmentNames: readonly (string | undefined)[];
  readonly virtualMachine: VirtualMachine;
}

/**
 * `stored`: the Secret at the API server; the version of the user-data depends on it.
 * @throws Error for a NIC without attachment: compile only a VM without findings of severity error.
 */
export function compileVm(spec: VmSpec, vm: ResolvedVm, stored?: Secret): CompiledVm {
  const { parts, ...objects } = compileParts(vm, stored);
  return { ...objects, virtualMachine: compileVirtualMachine(spec, vm, parts) };
}

/** All objects except the VirtualMachine, and the parts for it. @throws Error as compileVm. */
export function compileParts(
  vm: ResolvedVm,
  stored: Secret | undefined,
): Omit<CompiledVm, "virtualMachine"> & { readonly parts: VmParts } {
  const attached = vm.nics.map((nic) => attach(nic, vm.namespace));
  const attachments = new Map(
    attached.flatMap(({ generated }) =>
      generated === undefined ? [] : [[generated.metadata.name, generated]],
    ),
  );
  const guest = compileGuestData(vm, stored);
  return {
    attachments: [...attachments.values()],
    secret: compileSecret(vm, guest),
    attachmentNames: attached.map(({ fullName }) => fullName),
    parts: {
      networkNames: attached.map(({ networkName }) => networkName),
      guestRecord: JSON.stringify(guestRecord(vm, guest)),
    },
  };
}

interface Attached {
  readonly networkName?: string;
  readonly fullName?: string;
  readonly generated?: NetworkAttachmentDefinition;
}

function attach(nic: Nic, namespace: string): Attached {
  const { attachment } = nic;
  switch (attachment?.kind) {
    case "pod":
      return {};
    case "given": {
      const fullName = `${attachment.namespace}/${attachment.name}`;
      return { networkName: attachment.namespace === namespace ? attachment.name : fullName, fullName };
    }
    case "generated": {
      const generated = compileAttachment(nic, attachment.network, namespace);
      const { name } = generated.metadata;
      return { networkName: name, fullName: `${namespace}/${name}`, generated };
    }
    case undefined:
      throw new Error(`NIC ${nic.name} has nothing to attach to`);
  }
}

function compileSecret(
  vm: ResolvedVm,
  { networkData, userData, userDataVersion }: GuestData,
): CompiledVm["secret"] {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      name: secretNameOf(vm.name),
      namespace: vm.namespace,
      labels: { [managedByLabel]: managedBy, [vmLabel]: vm.name },
      ...(userDataVersion === undefined ? {} : { annotations: { [userDataAnnotation]: userDataVersion } }),
    },
    type: "Opaque",
    stringData: { networkdata: networkData, ...(userData === undefined ? {} : { userdata: userData }) },
  };
}

/** NADs, Secret, VM: the VM is written after everything that it needs. */
export function inOrderOfWriting(compiled: CompiledVm): readonly KubernetesObject[] {
  return [...compiled.attachments, compiled.secret, compiled.virtualMachine];
}
