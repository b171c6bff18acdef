// VMs applied through the service whose pods go to the real multus: a catalogue of what the test node has, and the pods
// that virt-controller made.
import { createHash } from "node:crypto";
import type { ResolvedNetwork } from "../../../gen/multinic/v1/network_pb.ts";
import { builtInCatalogue, type Catalogue } from "../../../src/domain/catalogue.ts";
import type { NetworkConfig } from "../../../src/domain/spec.ts";
import { annotations, pods } from "../../../src/local/kubevirt/resources.ts";
import { ownedObjects } from "../../cluster/owned-objects.ts";
import { allUp, machine, type Stand } from "../../cluster/stand.ts";
import type { PodName } from "./node.ts";

const common = {
  default: false,
  vlans: [{ first: 1, last: 4094 }],
  untagged: true,
  reservedVlans: [],
  mtu: 9000,
  namespaces: undefined,
};
const isBridge = ({ type }: { readonly type: string }): boolean => type === "bridge";

/**
 * The built-in networks, but for a bridge network without MAC check, which not every kernel can; `safe` is the same
 * with it, `parent` a macvlan network over a bridge.
 */
export const catalogue: Catalogue = {
  ...builtInCatalogue(),
  physicalNetworks: [
    {
      ...common,
      name: "lan",
      default: true,
      carrier: "linux-bridge",
      type: "bridge",
      bridge: "br0",
      macSpoofCheck: false,
    },
    { ...common, name: "safe", carrier: "linux-bridge", type: "bridge", bridge: "br0", macSpoofCheck: true },
    {
      ...common,
      name: "parent",
      type: "macvlan",
      carrier: "linux-bridge",
      bridge: "br1",
      macSpoofCheck: false,
    },
    ...builtInCatalogue().physicalNetworks.filter((network) => !isBridge(network)),
  ],
};

/** The node's links for it. */
export const bridges = ["br0:9000", "br1:9000"];
export const bridgesAndOvs = [...bridges, "ovs:br-ovs"];

/** A VM that runs, and its pod. */
export interface Started {
  readonly pod: PodName;
  /** What the service promised. */
  readonly networks: readonly ResolvedNetwork[];
}

/** Applies the VM and waits until virt-controller's pod runs on a played node, which makes no interfaces. */
export async function startVm(
  stand: Stand,
  namespace: string,
  name: string,
  networks: readonly NetworkConfig[],
): Promise<Started> {
  const spec = machine(namespace, name, networks);
  await using watch = stand.watch(spec);
  const answer = await stand.apply(spec);
  await watch.until(allUp(networks.length));
  const [pod] = (await ownedObjects(stand.target.client, spec)).pods;
  if (pod === undefined) throw new Error(`there is no pod of ${name}`);
  return { pod: { namespace, name: pod.metadata.name }, networks: answer.networks };
}

/** A pod of no VM, with that annotation for Multus; nothing runs it. */
export async function makeLonePod(
  { target }: Stand,
  { namespace, name }: PodName,
  networks: readonly object[],
): Promise<void> {
  const asked = { "k8s.v1.cni.cncf.io/networks": JSON.stringify(networks) };
  await target.client.create(pods, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace, name, annotations: asked },
    spec: { containers: [{ name: "compute", image: "none" }] },
  });
}

/** The interface's name in the pod, by KubeVirt's rule: from the NIC's name alone. */
export function podInterface(nic: string): string {
  return `pod${createHash("sha256").update(nic).digest("hex").slice(0, 11)}`;
}

/** One interface of a pod, besides the pod network's. */
export interface PodInterface {
  /** NAMESPACE/NAME of the NAD. */
  readonly nad: string;
  readonly device: string;
  readonly mac: string;
}

/** The pod's network-status without the pod's default network. */
export async function networkStatus(stand: Stand, pod: PodName): Promise<readonly PodInterface[]> {
  const { metadata } = await stand.target.client.get(pods, pod);
  const statuses = JSON.parse(metadata.annotations?.[annotations.networkStatus] ?? "[]") as {
    readonly name: string;
    readonly interface: string;
    readonly mac: string;
    readonly default?: boolean;
  }[];
  return statuses
    .filter((status) => status.default !== true)
    .map(({ name, interface: device, mac }) => ({ nad: name, device, mac }));
}
