// Compares two lists of NICs. The plan adds effects to the result, pending changes what they wait for, drift its sources.

/** The fields of a NIC that KubeVirt compares. */
export const kubeVirtFields = ["binding", "attachment", "macAddress", "linkState"] as const;
export type KubeVirtField = (typeof kubeVirtFields)[number];

/** The fields of a NIC in the network-config, except its MAC address. */
export const guestFields = [
  "mtu",
  "primary",
  "metric",
  "ipConfig.mode",
  "ipConfig.addresses",
  "ipConfig.gateway",
  "ipConfig.defaultRoute",
  "ipConfig.dnsServers",
  "ipConfig.searchDomains",
  "routes",
] as const;
export type GuestField = (typeof guestFields)[number];

export function isGuestField(field: string): field is GuestField {
  return guestFields.some((known) => known === field);
}

/** Values as text, by field; a missing field is empty. */
export type Fields<Field extends string> = Readonly<Partial<Record<Field, string>>>;

/** One field that differs. Values are text for people; empty: absent. */
export interface Change<Path extends string = string> {
  /** `networks[eth1].macAddress`: by the NIC's name, so that a moved NIC is the same NIC. `networks`: the order. */
  readonly path: Path;
  /** Empty if the change does not concern a single NIC. */
  readonly nic: string;
  readonly oldValue: string;
  readonly newValue: string;
}

export type NicDifference<Field extends string> = { readonly change: Change } & (
  | { readonly kind: "added" | "removed" | "reordered" }
  | { readonly kind: "field"; readonly field: Field }
);

type Nics<Field extends string> = ReadonlyMap<string, Fields<Field>>;

export interface NicComparison<Field extends string> {
  readonly fields: readonly Field[];
  /** A NIC that is added or removed, as one value. */
  readonly nicText: (nic: Fields<Field>) => string;
  /** False for a NIC that the old list names, but that is not there yet: it counts as added. Default: true. */
  readonly isPresent?: (nic: string) => boolean;
}

/** NIC by NIC in the new order, then removed NICs, then the order of the NICs that both lists have. */
export function nicDifferences<Field extends string>(
  { fields, nicText, isPresent = () => true }: NicComparison<Field>,
  before: Nics<Field>,
  after: Nics<Field>,
): readonly NicDifference<Field>[] {
  const order = { oldValue: namesInBoth(before, after), newValue: namesInBoth(after, before) };
  const at = (nic: string, field?: Field) => ({ path: nicPath(nic, field), nic });
  const ofNics = [...after].flatMap(([nic, wanted]): readonly NicDifference<Field>[] => {
    const old = before.get(nic);
    if (old === undefined || !isPresent(nic)) {
      return [{ kind: "added", change: { ...at(nic), oldValue: "", newValue: nicText(wanted) } }];
    }
    return changedFields(fields, old, wanted).map((change) => {
      const { path: field } = change;
      return { kind: "field", field, change: { ...change, ...at(nic, field) } };
    });
  });
  const removed = [...before].flatMap(([nic, old]): readonly NicDifference<Field>[] =>
    after.has(nic) ? [] : [{ kind: "removed", change: { ...at(nic), oldValue: nicText(old), newValue: "" } }],
  );
  return order.oldValue === order.newValue
    ? [...ofNics, ...removed]
    : [...ofNics, ...removed, { kind: "reordered", change: { path: "networks", nic: "", ...order } }];
}

/** In the order of `fields`. */
export function changedFields<Field extends string>(
  fields: readonly Field[],
  before: Fields<Field>,
  after: Fields<Field>,
): readonly Change<Field>[] {
  return fields
    .map((field) => ({ path: field, nic: "", oldValue: before[field] ?? "", newValue: after[field] ?? "" }))
    .filter(({ oldValue, newValue }) => oldValue !== newValue);
}

/** The spec has `type` for a binding. */
export function nicPath(nic: string, field?: string): string {
  const of = field === "binding" ? "type" : field;
  return of === undefined ? `networks[${nic}]` : `networks[${nic}].${of}`;
}

function namesInBoth(nics: Nics<string>, others: Nics<string>): string {
  return [...nics.keys()].filter((name) => others.has(name)).join(", ");
}
