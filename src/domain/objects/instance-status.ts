// Reading what KubeVirt reports of an instance.
import type { VirtualMachineInstance, VmiInterfaceStatus } from "./kubernetes.ts";

/** True when the instance has ended and stays only as an object (KubeVirt's vmi.IsFinal). */
export function isFinal({ status }: VirtualMachineInstance): boolean {
  return status?.phase === "Succeeded" || status?.phase === "Failed";
}

/** Who reports a NIC: `domain`, `guest-agent`, `multus-status` (KubeVirt's pkg/network/vmispec/infosource.go). */
export function infoSources({ infoSource = "" }: Pick<VmiInterfaceStatus, "infoSource">): readonly string[] {
  return infoSource.split(",").map((source) => source.trim());
}
