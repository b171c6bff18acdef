// What each NIC is connected to, and so which DHCP server answers: the network's behind the NAD, or KubeVirt's in the pod. Pure.
import type { VirtualMachineInstance } from "../../../domain/objects/kubernetes.ts";
import { byName, qualifiedNad } from "../nics.ts";
import { keyOf } from "../../../kube/object-key.ts";
import { interfacesOf, type Domain } from "./domain.ts";

/** The other end of a NIC. */
export type Wire =
  /** `network` is the NAD, `namespace/name`. */
  | { readonly kind: "network"; readonly network: string }
  /** KubeVirt's masquerade: the guest has this address, and the pod another. */
  | { readonly kind: "masquerade"; readonly ipv4: string }
  /** The pod network by another binding: the guest has the pod's address. */
  | { readonly kind: "pod" }
  /** The guest's frames are dropped, so nothing answers. */
  | { readonly kind: "dead" };

/** Wires by NIC name. */
export type Wires = ReadonlyMap<string, Wire>;

/** The type of a NAD's CNI plugin; undefined when the NAD is missing or unreadable. The key is `namespace/name`. */
export type CniTypeLookup = (network: string) => string | undefined;

/** macvlan and ipvlan deliver only to their own MAC, and a bridge binding gives the VM another (kubevirt#5483, #7001). */
const deadBehindBridge = new Set(["macvlan", "ipvlan"]);

export function wiresOf(vmi: VirtualMachineInstance, cniType: CniTypeLookup): Wires {
  const specs = byName(interfacesOf(vmi));
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
 * The wires after a change of the running domain: a NIC that was plugged before keeps its wire, whatever the spec says
 * now, until a migration or a restart.
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
