// The VM as it was asked for last time, with what its object says in place of what the same words would give today.
import type { Nic, ResolvedVm } from "../nic.ts";
import type { VirtualMachine } from "../objects/kubernetes.ts";
import { podNetwork, wantedFields } from "../compare/instance-fields.ts";

/** The catalogue may have changed since: the NADs and MAC addresses that KubeVirt compares are those of the object. */
export function asStored(vm: ResolvedVm, stored: VirtualMachine): ResolvedVm {
  const { nics } = wantedFields(stored);
  return {
    ...vm,
    nics: vm.nics.map((nic) => {
      const fields = nics.get(nic.name);
      if (fields === undefined) return nic;
      const { macAddress, attachment } = fields;
      return {
        ...nic,
        mac: macAddress === "" ? nic.mac : macAddress,
        attachment: attachmentFrom(attachment),
      };
    }),
  };
}

function attachmentFrom(text: string): Nic["attachment"] {
  if (text === podNetwork) return { kind: "pod" };
  const [namespace = "", name = ""] = text.split("/");
  return { kind: "given", namespace, name };
}
