// What a NIC needs of the node that its VM runs on.

export interface Uplink {
  /** Two NICs of one segment hear each other's frames. Bridges of one name are taken for one network on all nodes. */
  readonly segment: string;
  readonly bridge: { readonly kind: "linux" | "ovs"; readonly name: string } | undefined;
  /** Device-plugin resource that the pod asks for. */
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
