// How KubeVirt connects a guest to the pod's device: one row for each binding, with all that differs between them.
import type { VmBindings, VmInterface } from "./objects/kubernetes.ts";
import type { NetworkType } from "./spec.ts";

/** The binding of a NIC. */
export type Binding =
  | { readonly kind: "bridge" | "masquerade" | "sriov" }
  | { readonly kind: "plugin"; readonly name: string };

interface BindingRow {
  /** The field of a KubeVirt interface that asks for it. */
  readonly field: keyof VmBindings;
  /** The type of NIC that has it; other types may share it, and only the NAD tells them apart. */
  readonly type: NetworkType;
  /** Rows of plan/effect-table.ts: a new NIC with it, and another link state of such a NIC. */
  readonly adding: string;
  readonly linkState: string;
}

/** passtBinding is only read, from VMs that multinic did not create. */
export const bindings = {
  bridge: { field: "bridge", type: "bridge", adding: "add-bridge", linkState: "link-state" },
  masquerade: { field: "masquerade", type: "pod", adding: "add-pod", linkState: "link-state" },
  sriov: { field: "sriov", type: "sriov", adding: "add-sriov", linkState: "link-state-sriov" },
  plugin: { field: "binding", type: "macvlan", adding: "add-plugin", linkState: "link-state" },
  passtBinding: { field: "passtBinding", type: "pod", adding: "add-pod", linkState: "link-state" },
} as const satisfies Record<Binding["kind"] | "passtBinding", BindingRow>;

type BindingKind = keyof typeof bindings;

const kinds = Object.keys(bindings) as readonly BindingKind[];

/** The fields of an interface that KubeVirt has, or had, for its binding; an interface has one of them. */
export const bindingFields: ReadonlySet<string> = new Set([
  ...Object.values(bindings).map(({ field }) => field),
  "slirp",
  "macvtap",
  "passt",
]);

/** The binding of a KubeVirt interface; undefined where it has none of the rows above. */
export function bindingKindOf(nic: VmInterface): BindingKind | undefined {
  return kinds.find((kind) => nic[bindings[kind].field] !== undefined);
}

/** The type of NIC by its binding alone; bridge, the default type, where the binding is not known. */
export function typeOf(nic: VmInterface): NetworkType {
  const kind = bindingKindOf(nic);
  return kind === undefined ? "bridge" : bindings[kind].type;
}

/** A binding as text, in plans and in the API: the name of the plugin, else the kind. */
export function bindingText(binding: Binding): string {
  return binding.kind === "plugin" ? binding.name : binding.kind;
}

/** The same of a KubeVirt interface; empty where the binding is not known. */
export function bindingTextOf(nic: VmInterface): string {
  return nic.binding?.name ?? bindingKindOf(nic) ?? "";
}

/** The row of a binding's text. KubeVirt ignores a new NIC of an unknown binding as it does one of a plugin. */
export function rowOfBindingText(text: string): (typeof bindings)[BindingKind] {
  return bindings[kinds.find((kind) => kind === text) ?? "plugin"];
}

/** The part of a KubeVirt interface that asks for the binding. */
export function bindingField(binding: Binding): VmBindings {
  switch (binding.kind) {
    case "bridge":
      return { bridge: {} };
    case "masquerade":
      return { masquerade: {} };
    case "sriov":
      return { sriov: {} };
    case "plugin":
      return { binding: { name: binding.name } };
  }
}
