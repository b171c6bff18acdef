// What a NIC needs on the node where its VM runs.

export interface Uplink {
  /** NICs on one segment receive each other's frames. Bridges of the same name are assumed to be one network. */
  readonly segment: string;
  readonly bridge: { readonly kind: "linux" | "ovs"; readonly name: string } | undefined;
  /** Device plugin resource that the pod requests. */
  readonly resourceName: string | undefined;
}

export function bridgeUplink(
  kind: "linux" | "ovs",
  name: string,
  vlan: number,
  resourceName?: string,
): Uplink {
  return { segment: `${kind} bridge ${name} vlan ${vlan}`, bridge: { kind, name }, resourceName };
}

export function deviceUplink(kind: string, resourceName: string, vlan: number): Uplink {
  return { segment: `${kind} ${resourceName} vlan ${vlan}`, bridge: undefined, resourceName };
}
