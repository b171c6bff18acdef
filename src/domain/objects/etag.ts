// The etag of a VM: the version of its requested configuration.
import { createHash } from "node:crypto";
import type { VirtualMachine } from "./kubernetes.ts";
import { isMapping, parseMapping } from "./mapping.ts";
import { adoptedAnnotation, guestConfigAnnotation, isManaged, specAnnotation } from "./ownership.ts";

/**
 * Changes with the uid, with multinic's annotations and with every field of the spec that multinic writes, no matter who
 * changes it, and with the labels that the record requests. The version of the user-data is part of the guest's configuration. Status, other metadata and the rest of the
 * spec have no influence. `vm`: as readVirtualMachine returns it.
 */
export function etagOf(vm: VirtualMachine): string {
  const { uid, annotations } = vm.metadata;
  const { template } = vm.spec;
  const { domain, networks, volumes } = template.spec;
  const { disks, interfaces } = domain.devices;
  const asked = {
    uid,
    record: annotations?.[specAnnotation],
    adopted: annotations?.[adoptedAnnotation],
    guest: template.metadata?.annotations?.[guestConfigAnnotation],
    machine: isManaged(vm) ? machineOf(vm) : undefined,
    disks,
    interfaces,
    networks,
    volumes,
    labels: isManaged(vm) ? requestedLabels(vm) : undefined,
  };
  return createHash("sha256").update(JSON.stringify(asked, withSortedKeys)).digest("base64url").slice(0, 22);
}

/** Of a VM that multinic did not create, it writes none of these. */
function machineOf({ spec: { runStrategy, template } }: VirtualMachine): object {
  const { cpu, memory } = template.spec.domain;
  return { runStrategy, cpu: cpu?.cores, memory: memory?.guest };
}

/** The values that the requested labels have now; undefined if none is requested. */
function requestedLabels({ metadata: { labels, annotations } }: VirtualMachine): object | undefined {
  const requested = parseMapping(annotations?.[specAnnotation] ?? "")?.["labels"];
  if (!isMapping(requested)) return undefined;
  const keys = Object.keys(requested).toSorted();
  return keys.map((key) => (labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : null));
}

/** The API server does not promise an order of keys. */
function withSortedKeys(_key: string, value: unknown): unknown {
  if (!isMapping(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
