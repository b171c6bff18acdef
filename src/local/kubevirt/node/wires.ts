// What a DHCP client finds on each NIC: a server of the network behind the NAD, or KubeVirt's own inside the pod. Pure.
import type { VirtualMachineInstance } from "../../../domain/objects/kubernetes.ts";
import { qualifiedNad } from "../nics.ts";
import { keyOf } from "../../../kube/object-key.ts";
import { interfacesOf, type Domain } from "./domain.ts";

/** The other end of a NIC. */
export type Wire =
  /** `network` is the NAD, `namespace/name`. */
  | { readonly kind: "network"; readonly network: string }
  /** KubeVirt's masquerade: the guest has this address, the pod another. */
  | { readonly kind: "masquerade"; readonly ipv4: string }
  /** The pod network by another binding: the guest has the pod's address. */
  | { readonly kind: "pod" }
  /** Nothing answers: frames of the guest do not pass. */
  | { readonly kind: "dead" };

/** Wires by name of the NIC. */
export type Wires = ReadonlyMap<string, Wire>;

/** Type of the CNI plugin of a NAD, `namespace/name`; undefined when it is missing or unreadable. */
export type CniTypeLookup = (network: string) => string | undefined;

/** macvlan and ipvlan deliver to their own MAC only, and a bridge binding gives the VM another (kubevirt#5483, #7001). */
const deadBehindBridge = new Set(["macvlan", "ipvlan"]);

/** The wires of every network of the VMI. */
export function wiresOf(vmi: VirtualMachineInstance, cniType: CniTypeLookup): Wires {
  const specs = new Map(interfacesOf(vmi).map((nic) => [nic.name, nic]));
  return new Map(
    (vmi.spec.networks ?? []).map(({ name, pod, multus }): [string, Wire] => {
      const spec = specs.get(name);
      if (pod !== undefined) {
        return spec?.masquerade === undefined
          ? [name, { kind: "pod" }]
          : [name, { kind: "masquerade", ipv4: secondAddress(pod.vmNetworkCIDR) }];
      }
      const network = keyOf(qualifiedNad(multus?.networkName ?? name, vmi.metadata.namespace ?? ""));
      const dead = spec?.bridge !== undefined && deadBehindBridge.has(cniType(network) ?? "");
      return [name, dead ? { kind: "dead" } : { kind: "network", network }];
    }),
  );
}

/**
 * The wires after a live change of the domain: a NIC that was there stays where it is plugged, whatever the spec says
 * by now, until a migration or a restart moves it.
 */
export function rewire(before: Wires, plugged: Domain, after: Wires): Wires {
  const there = new Set(plugged.interfaces.map(({ alias }) => alias));
  return new Map(
    [...after].map(([name, wire]) => [name, there.has(name) ? (before.get(name) ?? wire) : wire]),
  );
}

/** The second host of KubeVirt's internal network: 10.0.2.2 of 10.0.2.0/24. */
function secondAddress(cidr = "10.0.2.0/24"): string {
  const octets = (cidr.split("/")[0] ?? "").split(".").map(Number);
  octets[3] = (octets[3] ?? 0) + 2;
  return octets.join(".");
}
