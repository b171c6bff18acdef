// Reads the spec that is recorded in the annotation of a VM. Anyone who may edit the VM may write it, so it is not trusted.
import { apiForm } from "./fields.ts";
import { readMapping } from "./read-value.ts";
import type { Finding } from "../findings.ts";
import { maxDevices } from "../limits.ts";
import type { RecordedVm, VmRecord } from "../facts.ts";
import { isMapping, kindOf, parseJson } from "../objects/mapping.ts";
import type { VirtualMachine } from "../objects/kubernetes.ts";
import { isAdopted, isManaged, specAnnotation } from "../objects/ownership.ts";
import { readVirtualMachine } from "../objects/read-objects.ts";
import type { VmSpec } from "../spec.ts";

/** The API server's limit for all annotations of an object together (apimachinery TotalAnnotationSizeLimitB). */
export const maxRecordLength = 262_144;

/** A VM as the API server gives it, with its record. Never throws. */
export function readVm(given: VirtualMachine): RecordedVm {
  const { object: vm, notes } = readVirtualMachine(given);
  return { vm, record: readRecord(vm), notes };
}

/**
 * The whole spec of a VM that multinic created, the NIC part of an adopted VM; empty for other VMs. Records of all versions
 * can be read: fields that this version does not know are ignored. A value of a wrong type makes the whole record
 * unreadable, because the rest alone is not what was requested. Never throws.
 */
export function readRecord(vm: VirtualMachine): VmRecord {
  const text = vm.metadata.annotations?.[specAnnotation];
  if (text === undefined || !(isManaged(vm) || isAdopted(vm))) return {};
  if (text.length > maxRecordLength) return { problem: `it is longer than ${maxRecordLength} characters` };
  const value = parseJson(text);
  if (value === undefined) return { problem: "it is not JSON" };
  if (!isMapping(value)) return { problem: `it must be a mapping, not ${kindOf(value)}` };
  const { networks } = value;
  // Before reading: each would be read, whatever it is.
  if (Array.isArray(networks) && networks.length > maxDevices)
    return { problem: `it has ${networks.length} NICs; the maximum is ${maxDevices}` };
  let wrong: Finding | undefined;
  const report = (found: Finding): void => {
    wrong ??= found;
  };
  const read = readMapping(apiForm, value, "", { apiNames: false, ignoresUnknown: true, report });
  if (wrong !== undefined) return { problem: `${wrong.field}: ${wrong.message}` };
  if (!Array.isArray(read["networks"])) return { problem: "it has no networks" };
  const { namespace = "", name } = vm.metadata;
  if (read["namespace"] !== namespace || read["name"] !== name)
    return { problem: "it is the record of another VM" };
  // The table names exactly the fields of VmSpec, and the walker keeps only values of their types.
  return { spec: read as unknown as VmSpec };
}
