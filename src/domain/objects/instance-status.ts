// Reads the status of an instance.
import type { VirtualMachineInstance, VmiInterfaceStatus } from "./kubernetes.ts";

/** True if the instance has ended and only the object remains (KubeVirt's vmi.IsFinal). */
export function isFinal({ status }: VirtualMachineInstance): boolean {
  return status?.phase === "Succeeded" || status?.phase === "Failed";
}

/** The components that report a NIC: `domain`, `guest-agent`, `multus-status` (KubeVirt's pkg/network/vmispec/infosource.go). */
export function infoSources({ infoSource = "" }: Pick<VmiInterfaceStatus, "infoSource">): readonly string[] {
  return infoSource.split(",").map((source) => source.trim());
}
