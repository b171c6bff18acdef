// What was asked of a VM, as its annotation recorded it; trusted only as far as it can still be read.
import type { VirtualMachine } from "../objects/kubernetes.ts";
import { isAdopted, isManaged, specAnnotation } from "../objects/ownership.ts";
import type { NetworkConfig, VmSpec } from "../spec.ts";

/**
 * The recorded spec of a VM made here; of an adopted one the part with its NICs. undefined for any other VM and for a
 * record that is none.
 */
export function recordedSpec(vm: VirtualMachine): VmSpec | undefined {
  const text = vm.metadata.annotations?.[specAnnotation];
  if (text === undefined || !(isManaged(vm) || isAdopted(vm))) return undefined;
  try {
    const record: unknown = JSON.parse(text);
    return isSpec(record) ? record : undefined;
  } catch {
    // Somebody else wrote into our annotation: the objects themselves are then the only truth.
    return undefined;
  }
}

function isSpec(value: unknown): value is VmSpec {
  if (typeof value !== "object" || value === null) return false;
  const { namespace, name, networks } = value as Partial<VmSpec>;
  return (
    typeof namespace === "string" &&
    typeof name === "string" &&
    Array.isArray(networks) &&
    networks.every((network: Partial<NetworkConfig> | null) => typeof network?.name === "string")
  );
}
