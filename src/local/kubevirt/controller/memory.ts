// Memory hotplug: how far a guest's memory may grow, and which changes it gets by a live migration
// (KubeVirt: pkg/defaults setupMemoryHotplug, pkg/liveupdate/memory, watch/vm handleMemoryHotplugRequest).
import { isTrue } from "../../../domain/objects/conditions.ts";
import type { VirtualMachineInstanceSpec } from "../../../domain/objects/kubernetes.ts";
import { canonicalQuantity, one, quantityValue } from "../../../domain/objects/quantity.ts";
import { memoryChangeType, newCondition, withCondition } from "../status-fields.ts";
import type { Vmi } from "./objects.ts";

/** KubeVirt's default maxHotplugRatio. */
const hotplugRatio = 4n;
/** The size of the blocks that QEMU plugs. */
const alignment = 2n * 1024n * 1024n * one;
const least = 1024n * 1024n * 1024n * one;

/** A new VMI with its memory in the status and, where memory can be plugged, `maxGuest`. */
export function withPluggableMemory(vmi: Vmi, liveUpdate: boolean): Vmi {
  const { memory } = vmi.spec.domain;
  const guest = memory?.guest;
  if (guest === undefined) return vmi;
  const atBoot = { guestAtBoot: guest, guestCurrent: guest, guestRequested: guest };
  const started = { ...vmi, status: { ...vmi.status, memory: atBoot } };
  if (!liveUpdate || memory?.maxGuest !== undefined || !isPluggable(quantityValue(guest))) return started;
  const maxGuest = canonicalQuantity(`${(quantityValue(guest) * hotplugRatio) / one / 1024n}Ki`);
  return {
    ...started,
    spec: { ...vmi.spec, domain: { ...vmi.spec.domain, memory: { ...memory, maxGuest } } },
  };
}

function isPluggable(guest: bigint): boolean {
  return guest >= least && guest % alignment === 0n;
}

/** KubeVirt's reason why a memory change waits for the next start; undefined when nothing changed or it can be plugged. */
export function memoryWaits(now: VirtualMachineInstanceSpec, vmi: Vmi): string | undefined {
  const wanted = now.domain.memory?.guest;
  const { guest, maxGuest } = vmi.spec.domain.memory ?? {};
  if (wanted === undefined || guest === undefined || quantityValue(wanted) === quantityValue(guest))
    return undefined;
  if (!isTrue(vmi.status?.conditions, "LiveMigratable"))
    return "memory updated in template spec. Memory-hotplug is only available for migratable VMs";
  if (maxGuest === undefined)
    return "memory updated in template spec. Memory-hotplug is not available for this VM configuration";
  if (quantityValue(wanted) > quantityValue(maxGuest))
    return "memory hotplug not supported, Guest memory is greater than the configured maxGuest memory";
  if (quantityValue(wanted) % alignment !== 0n)
    return "memory hotplug not supported, Guest memory must be 2Mi aligned";
  if (quantityValue(wanted) < least)
    return "memory hotplug not supported, Memory hotplug is only available for VMs with at least 1Gi of guest memory";
  if (quantityValue(wanted) < quantityValue(vmi.status?.memory?.guestAtBoot))
    return "memory updated in template spec to a value lower than what the VM started with";
  return undefined;
}

/** The guest memory to write into the VMI; undefined when it is written, must wait for a start, or a change is in progress. */
export function memoryToPlug(now: VirtualMachineInstanceSpec, vmi: Vmi): string | undefined {
  const wanted = now.domain.memory?.guest;
  const guest = vmi.spec.domain.memory?.guest;
  if (wanted === undefined || guest === undefined || quantityValue(wanted) === quantityValue(guest))
    return undefined;
  const busy = isTrue(vmi.status?.conditions, memoryChangeType);
  return busy || memoryWaits(now, vmi) !== undefined ? undefined : wanted;
}

/** The VMI's conditions, with MemoryChange while the guest does not have the memory of the spec. */
export function withMemoryChange(vmi: Vmi, now: Date): NonNullable<Vmi["status"]>["conditions"] {
  const { conditions, memory: status } = vmi.status ?? {};
  const { guest, maxGuest } = vmi.spec.domain.memory ?? {};
  if (guest === undefined || maxGuest === undefined || status?.guestRequested === undefined)
    return conditions;
  return quantityValue(guest) === quantityValue(status.guestRequested)
    ? conditions
    : withCondition(conditions, newCondition(memoryChangeType, "True", now));
}
