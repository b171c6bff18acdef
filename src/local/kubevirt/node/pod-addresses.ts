// The node's address range for pods: which pod has which address of 10.244.N.0/24, and no two the same.
import { createHash } from "node:crypto";
import type { Pod } from "../resources.ts";

/** Addresses of one node's pods. */
export interface PodAddresses {
  /** The pod's address, the same at every call; one that its status already has is kept. */
  of(pod: Pod): string;
  /** The pod is gone: its address is free. */
  release(podUid: string): void;
}

/**
 * The range of a node; two nodes may share one, nothing here depends on it. `pods` are all pods known, whose addresses
 * stay theirs when the node is played anew.
 */
export function createPodAddresses(nodeName: string, pods: () => Iterable<Pod>): PodAddresses {
  const octet = 1 + ((createHash("sha256").update(nodeName).digest()[0] ?? 0) % 254);
  const byPod = new Map<string, string>();
  return {
    of(pod) {
      const uid = pod.metadata.uid ?? pod.metadata.name;
      const known = byPod.get(uid) ?? pod.status?.podIP;
      const address = known ?? nextFree(octet, new Set([...byPod.values(), ...inUse(pods())]));
      byPod.set(uid, address);
      return address;
    },
    release(podUid) {
      byPod.delete(podUid);
    },
  };
}

function inUse(pods: Iterable<Pod>): string[] {
  return [...pods].map(({ status }) => status?.podIP).filter((address) => address !== undefined);
}

/** Beyond 253 pods the range goes on in 10.245 and so on. */
function nextFree(octet: number, taken: ReadonlySet<string>): string {
  for (let number = 0; ; number += 1) {
    const address = `10.${244 + Math.floor(number / 253)}.${octet}.${2 + (number % 253)}`;
    if (!taken.has(address)) return address;
  }
}
