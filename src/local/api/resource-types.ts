// The kinds that the embedded API serves: names, scope, subresources, schema and the columns that kubectl prints.
import { readCrd } from "./crd-manifest.ts";
import type { PrinterColumn } from "./printer-column.ts";
import type { SchemaSource } from "./schemas.ts";

/** One kind. `custom` kinds behave as custom resources: pruned, with generation, never strategically merged. */
export interface ResourceType {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly custom: boolean;
  /** Whether `/status` is a subresource; then writes to the object itself ignore status. */
  readonly status: boolean;
  readonly schema: SchemaSource;
  readonly columns: readonly PrinterColumn[];
}

const age: PrinterColumn = { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" };

const data: PrinterColumn = { name: "Data", type: "integer", jsonPath: ".data", count: true };

function text(name: string, jsonPath: string, priority = 0): PrinterColumn {
  return { name, type: "string", jsonPath, priority };
}

function condition(type: string, name = type, priority = 0): PrinterColumn {
  return text(name, `.status.conditions[?(@.type=='${type}')].status`, priority);
}

/** A kind with the defaults of most: in a namespace, without status subresource, printed by name and age. */
function served(group: string, kind: string, more: Partial<ResourceType>): ResourceType {
  const singular = more.singular ?? kind.toLowerCase();
  return {
    group,
    version: "v1",
    plural: `${singular}s`,
    singular,
    kind,
    namespaced: true,
    shortNames: [],
    categories: group === "kubevirt.io" || kind === "Pod" ? ["all"] : [],
    custom: group !== "",
    status: false,
    schema: group === "" ? { core: kind } : { file: `${singular}s.json` },
    columns: [age],
    ...more,
  };
}

export const namespaceType = served("", "Namespace", {
  shortNames: ["ns"],
  namespaced: false,
  status: true,
  columns: [text("Status", ".status.phase"), age],
});

export const podType = served("", "Pod", {
  shortNames: ["po"],
  status: true,
  columns: [
    text("Status", ".status.phase"),
    age,
    text("IP", ".status.podIP", 1),
    text("Node", ".spec.nodeName", 1),
  ],
});

export const secretType = served("", "Secret", { columns: [text("Type", ".type"), data, age] });

/** Every kind, in the order of discovery. */
export const resourceTypes: readonly ResourceType[] = [
  served("", "ConfigMap", { shortNames: ["cm"], columns: [data, age] }),
  served("", "Event", {
    shortNames: ["ev"],
    columns: [
      { name: "Last Seen", type: "date", jsonPath: ".lastTimestamp" },
      text("Type", ".type"),
      text("Reason", ".reason"),
      text("Object", ".involvedObject.name"),
      text("Message", ".message"),
    ],
  }),
  namespaceType,
  served("", "Node", {
    shortNames: ["no"],
    namespaced: false,
    status: true,
    columns: [condition("Ready"), age],
  }),
  podType,
  secretType,
  served("", "ServiceAccount", { shortNames: ["sa"] }),
  // KubeVirt keeps in these the spec with which each run of a VM was started.
  served("apps", "ControllerRevision", {
    columns: [{ name: "Revision", type: "integer", jsonPath: ".revision" }, age],
  }),
  // With which replicas of a controller agree on the one that works.
  served("coordination.k8s.io", "Lease", {
    columns: [text("Holder", ".spec.holderIdentity"), age],
  }),
  served("kubevirt.io", "KubeVirt", {
    shortNames: ["kv", "kvs"],
    status: true,
    schema: { open: true },
    columns: [age, text("Phase", ".status.phase")],
  }),
  served("kubevirt.io", "VirtualMachine", {
    shortNames: ["vm", "vms"],
    status: true,
    columns: [age, text("Status", ".status.printableStatus"), condition("Ready")],
  }),
  served("kubevirt.io", "VirtualMachineInstanceMigration", {
    shortNames: ["vmim", "vmims"],
    status: true,
    schema: { open: true },
    columns: [text("Phase", ".status.phase"), text("VMI", ".spec.vmiName")],
  }),
  served("kubevirt.io", "VirtualMachineInstance", {
    shortNames: ["vmi", "vmis"],
    columns: [
      age,
      text("Phase", ".status.phase"),
      text("IP", ".status.interfaces[0].ipAddress"),
      text("NodeName", ".status.nodeName"),
      condition("Ready"),
      condition("LiveMigratable", "Live-Migratable", 1),
      condition("Paused", "Paused", 1),
    ],
  }),
  served("k8s.cni.cncf.io", "NetworkAttachmentDefinition", {
    singular: "network-attachment-definition",
    shortNames: ["net-attach-def"],
  }),
  readCrd(new URL("../../../deploy/crds/wukongs.vm.novasphere.dev.yaml", import.meta.url)),
];

/** `group/version`, or `v1` for the core group. */
export function apiVersionOf({ group, version }: Pick<ResourceType, "group" | "version">): string {
  return group === "" ? version : `${group}/${version}`;
}

export function findResource(group: string, version: string, plural: string): ResourceType | undefined {
  return resourceTypes.find(
    (type) => type.group === group && type.version === version && type.plural === plural,
  );
}

/** The kind that an apiVersion and kind name, such as those of an owner reference. */
export function findKind(apiVersion: string, kind: string): ResourceType | undefined {
  return resourceTypes.find((type) => type.kind === kind && apiVersionOf(type) === apiVersion);
}
