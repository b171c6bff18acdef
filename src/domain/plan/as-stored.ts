// The VM as last requested, with the NADs and MAC addresses of its object.
import { podNetwork, wantedFields } from "../compare/instance-fields.ts";
import { compileAttachment } from "../network/generated-nad.ts";
import type { Nic, ResolvedVm } from "../nic.ts";
import type { VirtualMachine } from "../objects/kubernetes.ts";

/**
 * The catalogue may have changed since, so the NADs and MAC addresses are taken from the object, as KubeVirt compares them.
 * A NIC that the object does not have gets the NAD that it would have now. `live`: the VM at the API server.
 */
export function asStored(vm: ResolvedVm, live: VirtualMachine): ResolvedVm {
  const { nics } = wantedFields(live);
  return {
    ...vm,
    nics: vm.nics.map((nic) => {
      const { macAddress = "", attachment } = nics.get(nic.name) ?? {};
      return {
        ...nic,
        mac: macAddress === "" ? nic.mac : macAddress,
        attachment: attachment === undefined ? named(nic, vm.namespace) : attachmentFrom(attachment),
      };
    }),
  };
}

function attachmentFrom(text: string): Nic["attachment"] {
  if (text === podNetwork) return { kind: "pod" };
  const [namespace = "", name = ""] = text.split("/");
  return { kind: "given", namespace, name };
}

function named(nic: Nic, namespace: string): Nic["attachment"] {
  const { attachment } = nic;
  if (attachment?.kind !== "generated") return attachment;
  const { name } = compileAttachment(nic, attachment.network, namespace).metadata;
  return { kind: "given", namespace, name };
}
