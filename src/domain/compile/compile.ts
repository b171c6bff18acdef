// From a resolved VM to the objects that make it, in the order in which they are written.
import type { Nic, ResolvedVm } from "../nic.ts";
import type {
  KubernetesObject,
  NetworkAttachmentDefinition,
  Secret,
  VirtualMachine,
} from "../objects/kubernetes.ts";
import { managedBy, managedByLabel, secretNameOf, vmLabel } from "../objects/ownership.ts";
import type { VmSpec } from "../spec.ts";
import { compileAttachment } from "../network/generated-nad.ts";
import { compileGuestData, type GuestData } from "./guest-data.ts";
import { compileVirtualMachine } from "./virtual-machine.ts";

export interface CompiledVm {
  /** Generated NADs, each once, in order of the NICs. */
  readonly attachments: readonly NetworkAttachmentDefinition[];
  readonly secret: Secret & { readonly stringData: Record<string, string> };
  readonly virtualMachine: VirtualMachine;
  /** The NAD of each NIC, NAMESPACE/NAME; undefined for the pod network. */
  readonly attachmentNames: readonly (string | undefined)[];
}

/** @throws Error for a NIC without attachment: compile only what was checked without an error. */
export function compileVm(spec: VmSpec, vm: ResolvedVm): CompiledVm {
  const attached = vm.nics.map((nic) => attach(nic, vm.namespace));
  const attachments = new Map(
    attached.flatMap(({ generated }) =>
      generated === undefined ? [] : [[generated.metadata.name, generated]],
    ),
  );
  const guest = compileGuestData(vm);
  const secret = compileSecret(vm, guest);
  return {
    attachments: [...attachments.values()],
    secret,
    virtualMachine: compileVirtualMachine(spec, vm, {
      networkNames: attached.map(({ networkName }) => networkName),
      guestConfigDigest: guest.digest,
    }),
    attachmentNames: attached.map(({ fullName }) => fullName),
  };
}

interface Attached {
  /** As the VM names it: with the namespace only where it is another one. */
  readonly networkName: string | undefined;
  readonly fullName: string | undefined;
  readonly generated: NetworkAttachmentDefinition | undefined;
}

function attach(nic: Nic, namespace: string): Attached {
  const { attachment } = nic;
  switch (attachment?.kind) {
    case "pod":
      return { networkName: undefined, fullName: undefined, generated: undefined };
    case "given": {
      const fullName = `${attachment.namespace}/${attachment.name}`;
      const networkName = attachment.namespace === namespace ? attachment.name : fullName;
      return { networkName, fullName, generated: undefined };
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

function compileSecret(vm: ResolvedVm, { networkData, userData }: GuestData): CompiledVm["secret"] {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      name: secretNameOf(vm.name),
      namespace: vm.namespace,
      labels: { [managedByLabel]: managedBy, [vmLabel]: vm.name },
    },
    type: "Opaque",
    stringData: { networkdata: networkData, ...(userData === undefined ? {} : { userdata: userData }) },
  };
}

/** NADs, Secret, VM: whatever the VM needs is there before it. */
export function inOrderOfWriting(compiled: CompiledVm): readonly KubernetesObject[] {
  return [...compiled.attachments, compiled.secret, compiled.virtualMachine];
}
