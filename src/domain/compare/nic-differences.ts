// The one comparison of two lists of NICs. The plan adds effects to it, pending changes what they wait for, drift its sources.

/** What KubeVirt compares of a NIC. */
export const kubeVirtFields = ["binding", "attachment", "macAddress", "linkState"] as const;
export type KubeVirtField = (typeof kubeVirtFields)[number];

/** What the network-config says of a NIC, in addition to its MAC address. */
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

/** Values as text, by field; a missing field has the empty text. */
export type Fields<Field extends string> = Readonly<Partial<Record<Field, string>>>;

export interface Values {
  readonly oldValue: string;
  readonly newValue: string;
}

export type FieldDifference<Field extends string> = Values & { readonly field: Field };

/** `path`: `networks[eth1]`, `networks[eth1].macAddress`, or `networks` for the order, which concerns no single NIC. */
export type NicDifference<Field extends string> = { readonly path: string; readonly nic: string } & (
  | { readonly kind: "added" | "removed"; readonly fields: Fields<Field> }
  | ({ readonly kind: "field" } & FieldDifference<Field>)
  | ({ readonly kind: "reordered" } & Values)
);

type Nics<Field extends string> = ReadonlyMap<string, Fields<Field>>;

/**
 * NIC by NIC in the new order, then removed NICs, then the order of the NICs that both lists have. `isPresent`: false for a
 * NIC of the old list that is only named there; it counts as added.
 */
export function nicDifferences<Field extends string>(
  fields: readonly Field[],
  before: Nics<Field>,
  after: Nics<Field>,
  isPresent: (nic: string) => boolean = () => true,
): readonly NicDifference<Field>[] {
  const oldValue = namesInBoth(before, after);
  const newValue = namesInBoth(after, before);
  return [
    ...[...after].flatMap(([nic, wanted]): readonly NicDifference<Field>[] => {
      const old = before.get(nic);
      if (old === undefined || !isPresent(nic)) {
        return [{ kind: "added", path: nicPath(nic), nic, fields: wanted }];
      }
      return fieldDifferences(fields, old, wanted).map((difference) => ({
        kind: "field",
        path: nicPath(nic, difference.field),
        nic,
        ...difference,
      }));
    }),
    ...[...before]
      .filter(([nic]) => !after.has(nic))
      .map(([nic, old]) => ({ kind: "removed" as const, path: nicPath(nic), nic, fields: old })),
    ...(oldValue === newValue
      ? []
      : [{ kind: "reordered" as const, path: "networks", nic: "", oldValue, newValue }]),
  ];
}

/** In the order of `fields`. */
export function fieldDifferences<Field extends string>(
  fields: readonly Field[],
  before: Fields<Field>,
  after: Fields<Field>,
): readonly FieldDifference<Field>[] {
  return fields
    .map((field) => ({ field, oldValue: before[field] ?? "", newValue: after[field] ?? "" }))
    .filter(({ oldValue, newValue }) => oldValue !== newValue);
}

/** By the NIC's name, so that a NIC that moved stays the same NIC. The spec's word for a binding is its type. */
export function nicPath(nic: string, field?: string): string {
  return field === undefined
    ? `networks[${nic}]`
    : `networks[${nic}].${field === "binding" ? "type" : field}`;
}

function namesInBoth(nics: Nics<string>, others: Nics<string>): string {
  return [...nics.keys()].filter((name) => others.has(name)).join(", ");
}
