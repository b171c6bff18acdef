// The kinds that the embedded API serves: names, scope, subresources, schema and what kubectl prints of them.
import type { SchemaSource } from "./schemas.ts";

/** A column of `kubectl get`, as a CRD's additionalPrinterColumns has it. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: "string" | "date" | "integer" | "boolean";
  /** A plain path (`.status.phase`), or one with a condition filter (`.status.conditions[?(@.type=='Ready')].status`). */
  readonly jsonPath: string;
  readonly description?: string;
  /** Prints how many entries the value has. */
  readonly count?: boolean;
  /** Above 0: shown with `-o wide` only. */
  readonly priority?: number;
}

/** One kind. `custom` kinds behave as custom resources do: pruned, with generation, never strategically merged. */
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
  /** Whether `/status` is a subresource; then status is ignored on writes to the object itself. */
  readonly status: boolean;
  readonly schema: SchemaSource;
  readonly columns: readonly PrinterColumn[];
}

const age: PrinterColumn = { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" };

const data: PrinterColumn = { name: "Data", type: "integer", jsonPath: ".data", count: true };

function core(
  kind: string,
  plural: string,
  shortNames: readonly string[],
  more: {
    readonly namespaced?: boolean;
    readonly status?: boolean;
    readonly columns?: readonly PrinterColumn[];
  } = {},
): ResourceType {
  return {
    group: "",
    version: "v1",
    plural,
    singular: kind.toLowerCase(),
    kind,
    namespaced: more.namespaced ?? true,
    shortNames,
    categories: plural === "pods" ? ["all"] : [],
    custom: false,
    status: more.status ?? false,
    schema: { core: kind },
    columns: more.columns ?? [age],
  };
}

function custom(
  group: string,
  kind: string,
  plural: string,
  singular: string,
  more: Pick<ResourceType, "shortNames" | "status" | "schema" | "columns"> & { readonly all?: boolean },
): ResourceType {
  const { all, ...rest } = more;
  const categories = all === true ? ["all"] : [];
  return {
    group,
    version: "v1",
    plural,
    singular,
    kind,
    namespaced: true,
    categories,
    custom: true,
    ...rest,
  };
}

function condition(type: string, name = type, priority = 0): PrinterColumn {
  return { name, type: "string", jsonPath: `.status.conditions[?(@.type=='${type}')].status`, priority };
}

/** Every kind, in the order of discovery. */
export const resourceTypes: readonly ResourceType[] = [
  core("ConfigMap", "configmaps", ["cm"], { columns: [data, age] }),
  core("Event", "events", ["ev"], {
    columns: [
      { name: "Last Seen", type: "date", jsonPath: ".lastTimestamp" },
      { name: "Type", type: "string", jsonPath: ".type" },
      { name: "Reason", type: "string", jsonPath: ".reason" },
      { name: "Object", type: "string", jsonPath: ".involvedObject.name" },
      { name: "Message", type: "string", jsonPath: ".message" },
    ],
  }),
  core("Namespace", "namespaces", ["ns"], {
    namespaced: false,
    status: true,
    columns: [{ name: "Status", type: "string", jsonPath: ".status.phase" }, age],
  }),
  core("Node", "nodes", ["no"], {
    namespaced: false,
    status: true,
    columns: [condition("Ready"), age],
  }),
  core("Pod", "pods", ["po"], {
    status: true,
    columns: [
      { name: "Status", type: "string", jsonPath: ".status.phase" },
      age,
      { name: "IP", type: "string", jsonPath: ".status.podIP", priority: 1 },
      { name: "Node", type: "string", jsonPath: ".spec.nodeName", priority: 1 },
    ],
  }),
  core("Secret", "secrets", [], {
    columns: [{ name: "Type", type: "string", jsonPath: ".type" }, data, age],
  }),
  core("ServiceAccount", "serviceaccounts", ["sa"]),
  // KubeVirt keeps in these what each run of a VM was started from.
  custom("apps", "ControllerRevision", "controllerrevisions", "controllerrevision", {
    shortNames: [],
    status: false,
    schema: { file: "controllerrevisions.json" },
    columns: [{ name: "Revision", type: "integer", jsonPath: ".revision" }, age],
  }),
  custom("kubevirt.io", "KubeVirt", "kubevirts", "kubevirt", {
    shortNames: ["kv", "kvs"],
    all: true,
    status: true,
    schema: { open: "KubeVirt" },
    columns: [age, { name: "Phase", type: "string", jsonPath: ".status.phase" }],
  }),
  custom("kubevirt.io", "VirtualMachine", "virtualmachines", "virtualmachine", {
    shortNames: ["vm", "vms"],
    all: true,
    status: true,
    schema: { file: "virtualmachines.json" },
    columns: [
      age,
      { name: "Status", type: "string", jsonPath: ".status.printableStatus" },
      condition("Ready"),
    ],
  }),
  custom(
    "kubevirt.io",
    "VirtualMachineInstanceMigration",
    "virtualmachineinstancemigrations",
    "virtualmachineinstancemigration",
    {
      shortNames: ["vmim", "vmims"],
      all: true,
      status: true,
      schema: { open: "VirtualMachineInstanceMigration" },
      columns: [
        { name: "Phase", type: "string", jsonPath: ".status.phase" },
        { name: "VMI", type: "string", jsonPath: ".spec.vmiName" },
      ],
    },
  ),
  custom("kubevirt.io", "VirtualMachineInstance", "virtualmachineinstances", "virtualmachineinstance", {
    shortNames: ["vmi", "vmis"],
    all: true,
    status: false,
    schema: { file: "virtualmachineinstances.json" },
    columns: [
      age,
      { name: "Phase", type: "string", jsonPath: ".status.phase" },
      { name: "IP", type: "string", jsonPath: ".status.interfaces[0].ipAddress" },
      { name: "NodeName", type: "string", jsonPath: ".status.nodeName" },
      condition("Ready"),
      condition("LiveMigratable", "Live-Migratable", 1),
      condition("Paused", "Paused", 1),
    ],
  }),
  custom(
    "k8s.cni.cncf.io",
    "NetworkAttachmentDefinition",
    "network-attachment-definitions",
    "network-attachment-definition",
    {
      shortNames: ["net-attach-def"],
      status: false,
      schema: { file: "network-attachment-definitions.json" },
      columns: [age],
    },
  ),
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

function served(kind: string): ResourceType {
  const found = resourceTypes.find((type) => type.kind === kind);
  if (found === undefined) throw new Error(`${kind} is not served`);
  return found;
}

export const namespaceType = served("Namespace");
export const podType = served("Pod");
export const secretType = served("Secret");
