// Multus' annotations on a pod: the networks to attach, and those that are attached.
import { parseJson } from "../../domain/objects/mapping.ts";
import { annotations, type Pod } from "./resources.ts";

/** An element of the annotation k8s.v1.cni.cncf.io/networks, in the JSON form that KubeVirt writes. */
export interface NetworkSelection {
  readonly name: string;
  readonly namespace: string;
  readonly mac?: string;
  readonly interface?: string;
  readonly "cni-args"?: Record<string, string>;
}

/** An element of the annotation k8s.v1.cni.cncf.io/network-status. */
export interface NetworkStatus {
  readonly name: string;
  readonly interface?: string;
  readonly ips?: readonly string[];
  readonly mac?: string;
  readonly default?: boolean;
  readonly dns?: object;
  readonly "device-info"?: unknown;
}

/** The pod's network-status; empty before Multus has written it, or, as in KubeVirt, when it is not a JSON list. */
export function networkStatuses(pod: Pod): readonly NetworkStatus[] {
  const parsed = parseJson(pod.metadata.annotations?.[annotations.networkStatus] ?? "");
  return Array.isArray(parsed) ? (parsed as NetworkStatus[]) : [];
}

/** The attachments other than the default one, by interface name. */
export function secondaryByInterface(pod: Pod): Map<string, NetworkStatus> {
  return new Map(
    networkStatuses(pod)
      .filter((status) => status.default !== true && status.interface !== undefined)
      .map((status) => [status.interface ?? "", status]),
  );
}
