// What anyone with write access can put into the annotation with a VM's record, and what multinic reports about it.
import type { VmSpec } from "../../src/domain/spec.ts";

export interface HostileRecord {
  readonly name: string;
  /** `spec` is what multinic had recorded. */
  readonly text: (spec: VmSpec) => string;
  /** Part of the reason. */
  readonly says: string;
}

/** The first NIC of the record with these fields replaced. */
const nic =
  (fields: Readonly<Record<string, unknown>>) =>
  ({ networks: [first, ...others], ...spec }: VmSpec): string =>
    JSON.stringify({ ...spec, networks: [{ ...first, ...fields }, ...others] });

/** Records that every API server takes: an object has at most 256 KiB of annotations. */
export const hostileRecords: readonly HostileRecord[] = [
  {
    name: "addresses that are a number",
    text: nic({ ipConfig: { addresses: 5 } }),
    says: "networks[0].ipConfig.addresses: must be a list",
  },
  {
    name: "a VLAN that is text",
    text: nic({ vlanId: "x" }),
    says: "networks[0].vlanId: must be a whole number",
  },
  {
    name: "an MTU that no int32 holds",
    text: nic({ mtu: 2 ** 40 }),
    says: "networks[0].mtu: must be a whole number",
  },
  { name: "a word that no enum has", text: nic({ type: "carrier-pigeon" }), says: "networks[0].type: " },
  {
    name: "labels that are a list",
    text: (spec) => JSON.stringify({ ...spec, labels: ["app"] }),
    says: "labels: must be a mapping, not a list",
  },
  {
    name: "a label that is a mapping",
    text: (spec) => JSON.stringify({ ...spec, labels: { app: {} } }),
    says: 'labels["app"]: must be text, not a mapping',
  },
  { name: "a number for the whole", text: () => "5", says: "it must be a mapping, not a whole number" },
  { name: "a long text for the whole", text: () => JSON.stringify("x".repeat(200_000)), says: "not text" },
  { name: "text that is not JSON", text: () => "{", says: "it is not JSON" },
  {
    name: "networks that are a mapping",
    text: (spec) => JSON.stringify({ ...spec, networks: {} }),
    says: "networks: must be a list",
  },
  {
    name: "a null among the networks",
    text: (spec) => JSON.stringify({ ...spec, networks: [null] }),
    says: "networks[0]: ",
  },
  {
    name: "as many NICs as fit",
    text: (spec) => JSON.stringify({ ...spec, networks: Array.from({ length: 80_000 }, () => ({})) }),
    says: "it has 80000 NICs; the maximum is 32",
  },
  {
    name: "deep nesting",
    text: ({ namespace, name }) =>
      `{"namespace":"${namespace}","name":"${name}","networks":${"[".repeat(50_000)}${"]".repeat(50_000)}}`,
    says: "networks[0]: must be a mapping, not a list",
  },
  {
    name: "__proto__ alone",
    text: () => '{"__proto__":{"namespace":"a","name":"b","networks":[]}}',
    says: "name: name is required",
  },
  {
    name: "the record of another VM",
    text: (spec) => JSON.stringify({ ...spec, name: "another" }),
    says: "it is the record of another VM",
  },
];
