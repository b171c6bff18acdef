// What Multus says that it attached to a pod.
import { annotations, type Pod } from "./resources.ts";

/** One element of the annotation k8s.v1.cni.cncf.io/network-status. */
export interface NetworkStatus {
  readonly name: string;
  readonly interface?: string;
  readonly ips?: readonly string[];
  readonly mac?: string;
  readonly default?: boolean;
  readonly dns?: object;
  readonly "device-info"?: unknown;
}

/** The pod's network-status; empty while Multus has not written it, or when it is no JSON list. */
export function networkStatuses(pod: Pod): readonly NetworkStatus[] {
  const text = pod.metadata.annotations?.[annotations.networkStatus];
  if (text === undefined || text === "") return [];
  const parsed = parseJson(text);
  return Array.isArray(parsed) ? (parsed as NetworkStatus[]) : [];
}

/** The attachments beside the pod's own interface, by interface name. */
export function secondaryByInterface(pod: Pod): Map<string, NetworkStatus> {
  return new Map(
    networkStatuses(pod)
      .filter((status) => status.default !== true && status.interface !== undefined)
      .map((status) => [status.interface ?? "", status]),
  );
}

/** Multus writes the annotation; what is no JSON says as little as none (KubeVirt logs and goes on). */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
