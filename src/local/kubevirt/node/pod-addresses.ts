// Assigns each pod of a node its own address of 10.244.N.0/24.
import { createHash } from "node:crypto";
import type { Pod } from "../resources.ts";

interface PodAddresses {
  /** The same address at every call; an address in the pod's status is kept. */
  of(pod: Pod): string;
  /** Frees the address of a removed pod. */
  release(podUid: string): void;
}

/**
 * Two nodes may have the same range. `pods` returns all known pods, so that their addresses stay taken after a restart of
 * the node.
 */
export function createPodAddresses(nodeName: string, pods: () => Iterable<Pod>): PodAddresses {
  const octet = 1 + ((createHash("sha256").update(nodeName).digest()[0] ?? 0) % 254);
  const byPod = new Map<string, string>();
  return {
    of(pod) {
      const uid = pod.metadata.uid ?? pod.metadata.name;
      const known = byPod.get(uid) ?? pod.status?.podIP;
      const inUse = [...pods()].map(({ status }) => status?.podIP);
      const address = known ?? nextFree(octet, new Set([...byPod.values(), ...inUse]));
      byPod.set(uid, address);
      return address;
    },
    release(podUid) {
      byPod.delete(podUid);
    },
  };
}

/** Beyond 253 pods the range continues in 10.245 and so on. */
function nextFree(octet: number, taken: ReadonlySet<string | undefined>): string {
  for (let number = 0; ; number += 1) {
    const address = `10.${244 + Math.floor(number / 253)}.${octet}.${2 + (number % 253)}`;
    if (!taken.has(address)) return address;
  }
}
