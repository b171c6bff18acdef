// How KubeVirt connects a guest to the device of its pod: one row for each binding, with everything that depends on it.
import type { VmBindings, VmInterface } from "./objects/kubernetes.ts";
import type { NetworkType } from "./spec.ts";

/** The binding of a NIC. */
export type Binding =
  | { readonly kind: "bridge" | "masquerade" | "sriov" }
  | { readonly kind: "plugin"; readonly name: string };

interface BindingRow {
  /** The field of a KubeVirt interface that selects it. */
  readonly field: keyof VmBindings;
  /** The type of a NIC with this binding. Other types may have it too; then only the NAD distinguishes them. */
  readonly type: NetworkType;
  /** Rows of plan/effect-table.ts: adding a NIC with it, and changing the link state of one. */
  readonly adding: string;
  readonly linkState: string;
}

/** passtBinding only occurs in VMs that multinic did not create. */
export const bindings = {
  bridge: { field: "bridge", type: "bridge", adding: "add-bridge", linkState: "link-state" },
  masquerade: { field: "masquerade", type: "pod", adding: "add-pod", linkState: "link-state" },
  sriov: { field: "sriov", type: "sriov", adding: "add-sriov", linkState: "link-state-sriov" },
  plugin: { field: "binding", type: "macvlan", adding: "add-plugin", linkState: "link-state" },
  passtBinding: { field: "passtBinding", type: "pod", adding: "add-pod", linkState: "link-state" },
} as const satisfies Record<Binding["kind"] | "passtBinding", BindingRow>;

type BindingKind = keyof typeof bindings;

const kinds = Object.keys(bindings) as readonly BindingKind[];

/** The fields of an interface that select a binding in some version of KubeVirt; an interface has one of them. */
export const bindingFields: ReadonlySet<string> = new Set([
  ...Object.values(bindings).map(({ field }) => field),
  "slirp",
  "macvtap",
  "passt",
]);

/** The binding of a KubeVirt interface; undefined if it is not in the table. */
export function bindingKindOf(nic: VmInterface): BindingKind | undefined {
  return kinds.find((kind) => nic[bindings[kind].field] !== undefined);
}

/** The type of a NIC, judged by its binding only; bridge, the default type, if the binding is not known. */
export function typeOf(nic: VmInterface): NetworkType {
  const kind = bindingKindOf(nic);
  return kind === undefined ? "bridge" : bindings[kind].type;
}

/** A binding as text, in plans and in the API: the name of the plugin, else the kind. */
export function bindingText(binding: Binding): string {
  return binding.kind === "plugin" ? binding.name : binding.kind;
}

/** The same for a KubeVirt interface; empty if the binding is not known. */
export function bindingTextOf(nic: VmInterface): string {
  return nic.binding?.name ?? bindingKindOf(nic) ?? "";
}

/** The row of a binding's text. KubeVirt ignores a new NIC of an unknown binding as it does one of a plugin. */
export function rowOfBindingText(text: string): (typeof bindings)[BindingKind] {
  return bindings[kinds.find((kind) => kind === text) ?? "plugin"];
}

/** The field of a KubeVirt interface that selects the binding. */
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
