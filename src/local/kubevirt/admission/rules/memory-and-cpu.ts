// Memory, CPU and machine type: vmi-create-admitter.go. Huge pages, pinning, NUMA and realtime are not checked.
import { invalid } from "../cause.ts";
import { rollsOutLive } from "../../configuration.ts";
import { one, quantityValue } from "../../../../domain/objects/quantity.ts";
import type { SpecRule } from "../rule.ts";

const megabyte = 1_000_000n * one;

const memoryRequest: SpecRule = ({ at, spec }) => {
  const request = spec.domain.resources?.requests?.memory;
  const value = quantityValue(request);
  const field = at.child("domain", "resources", "requests", "memory");
  if (value < 0n) return invalid(field, `${field.text} '${request}': must be greater than or equal to 0.`);
  return value > 0n && value < megabyte
    ? invalid(field, `${field.text} '${request}': must be greater than or equal to 1M.`)
    : undefined;
};

const memoryLimit: SpecRule = ({ at, spec }) => {
  const { requests, limits } = spec.domain.resources ?? {};
  const limit = quantityValue(limits?.memory);
  const field = at.child("domain", "resources", "limits", "memory");
  const requestField = at.child("domain", "resources", "requests", "memory");
  if (limit < 0n) {
    return invalid(field, `${field.text} '${limits?.memory}': must be greater than or equal to 0.`);
  }
  if (limit === 0n || quantityValue(requests?.memory) <= limit) return undefined;
  const message = `${requestField.text} '${requests?.memory}' is greater than ${field.text} '${limits?.memory}'`;
  return invalid(requestField, message);
};

/** Not checked under LiveUpdate, where the guest's memory may grow beyond the limit. */
const guestMemoryWithinLimit: SpecRule = ({ at, spec, configuration }) => {
  const guest = spec.domain.memory?.guest;
  const limit = spec.domain.resources?.limits?.memory;
  if (rollsOutLive(configuration) || guest === undefined) return undefined;
  if (quantityValue(limit) === 0n || quantityValue(limit) >= quantityValue(guest)) return undefined;
  const field = at.child("domain", "memory", "guest");
  const limitField = at.child("domain", "resources", "limits", "memory");
  const message = `${field.text} '${guest}' must be equal to or less than the memory limit ${limitField.text} '${limit}'`;
  return invalid(field, message);
};

const machineTypes: Readonly<Record<string, readonly string[]>> = {
  amd64: ["q35*", "pc-q35*"],
  arm64: ["virt*"],
  s390x: ["s390-ccw-virtio*"],
};

const machineType: SpecRule = ({ at, spec }) => {
  const type = spec.domain.machine?.type ?? "";
  const patterns = machineTypes[spec.architecture ?? ""] ?? machineTypes["amd64"] ?? [];
  if (type === "" || patterns.some((pattern) => type.startsWith(pattern.slice(0, -1)))) return undefined;
  const field = at.child("domain", "machine", "type");
  return invalid(field, `${field.text} is not supported: ${type} (allowed values: [${patterns.join(" ")}])`);
};

const cpuResources: SpecRule = ({ at, spec }) => {
  const { requests, limits } = spec.domain.resources ?? {};
  const [request, limit] = [quantityValue(requests?.cpu), quantityValue(limits?.cpu)];
  const requestField = at.child("domain", "resources", "requests", "cpu");
  const limitField = at.child("domain", "resources", "limits", "cpu");
  const [wanted, most] = [`${requestField.text} '${requests?.cpu}'`, `${limitField.text} '${limits?.cpu}'`];
  return [
    request < 0n && invalid(requestField, `${wanted}: must be greater than or equal to 0.`),
    limit < 0n && invalid(limitField, `${most}: must be greater than or equal to 0.`),
    limit > 0n && request > limit && invalid(requestField, `${wanted} is greater than ${most}`),
  ].filter((found) => found !== false);
};

const socketsWithinMaximum: SpecRule = ({ at, spec }) => {
  const { sockets = 0, maxSockets = 0 } = spec.domain.cpu ?? {};
  if (maxSockets === 0 || sockets <= maxSockets) return undefined;
  const message = "Number of sockets in CPU topology is greater than the maximum sockets allowed";
  return invalid(at.child("domain", "cpu", "sockets"), message);
};

/** A VMI that starts paused cannot have a liveness probe. */
const startStrategy: SpecRule = ({ at, spec }) => {
  if (spec.startStrategy === undefined) return undefined;
  const field = at.child("startStrategy");
  if (spec.startStrategy !== "Paused") {
    return invalid(field, `${field.text} is set with an unrecognized option: ${spec.startStrategy}`);
  }
  if (spec.livenessProbe === undefined) return undefined;
  const message = `either ${field.text} or ${at.child("livenessProbe").text} should be provided.Pausing VMI with LivenessProbe is not supported`;
  return invalid(field, message);
};

export const memoryAndCpuRules: readonly SpecRule[] = [
  memoryRequest,
  memoryLimit,
  guestMemoryWithinLimit,
  machineType,
  cpuResources,
  socketsWithinMaximum,
  startStrategy,
];

/** Under LiveUpdate the VirtualMachine webhook checks the sockets a second time (vms-admitter.go). */
export const liveUpdateOfSockets: SpecRule = (context) =>
  rollsOutLive(context.configuration) ? socketsWithinMaximum(context) : undefined;
