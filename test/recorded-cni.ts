// What the real multus and CNI programs did with NADs (test/vectors/cni-outcomes.json), and those NADs as objects.
import { readFileSync } from "node:fs";
import type { NetworkAttachmentDefinition } from "../src/domain/objects/kubernetes.ts";

/** One element of the pod's annotation, as far as the recording chose it. */
export interface RecordedNetwork {
  /** NAME or NAMESPACE/NAME. */
  readonly nad: string;
  readonly nic?: string;
  readonly mac?: string;
  readonly interface?: string;
}

export interface RecordedOutcome {
  readonly id: string;
  readonly description: string;
  /** Of the node: BRIDGE[:MTU], ovs:BRIDGE, uplink:NIC. */
  readonly links?: readonly string[];
  /** A configuration, its text, or either with annotations; by NAME or NAMESPACE/NAME. */
  readonly nads?: Readonly<Record<string, unknown>>;
  /** A text where the annotation is not what KubeVirt would write. */
  readonly networks: string | readonly RecordedNetwork[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly add: { readonly ok: boolean; readonly error?: string };
  /** Of the pod, where ADD worked. */
  readonly interfaces?: readonly {
    readonly interface: string;
    readonly networkStatus: { readonly name: string; readonly mac?: string } | null;
  }[];
}

interface Described {
  readonly config: unknown;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** All that was recorded. */
export const recordedCni = JSON.parse(
  readFileSync(new URL("vectors/cni-outcomes.json", import.meta.url), "utf8"),
) as {
  readonly outcomes: readonly RecordedOutcome[];
  readonly traffic: readonly { readonly id: string; readonly reached: boolean }[];
};

/** The namespace of the pods. */
export const podNamespace = "pods";

/** Namespace and name of a NAD. */
export function splitNad(key: string): readonly [namespace: string, name: string] {
  const [name = "", namespace = podNamespace] = key.split("/").toReversed();
  return [namespace, name];
}

/** The NADs that were there, by NAMESPACE/NAME. */
export function recordedNads({
  nads = {},
}: RecordedOutcome): ReadonlyMap<string, NetworkAttachmentDefinition> {
  return new Map(Object.entries(nads).map(([key, given]) => [splitNad(key).join("/"), nadOf(key, given)]));
}

function nadOf(key: string, given: unknown): NetworkAttachmentDefinition {
  const isDescribed = given !== null && typeof given === "object" && "config" in given;
  const { config, annotations } = isDescribed ? (given as Described) : { config: given };
  const [namespace, name] = splitNad(key);
  return {
    apiVersion: "k8s.cni.cncf.io/v1",
    kind: "NetworkAttachmentDefinition",
    metadata: { namespace, name, ...(annotations && { annotations }) },
    spec: config === null ? {} : { config: typeof config === "string" ? config : JSON.stringify(config) },
  };
}

/** The MAC address that the recording asked for. */
export function recordedMac({ mac }: RecordedNetwork, index: number): string {
  return mac ?? `02:00:00:00:01:0${index + 1}`;
}
