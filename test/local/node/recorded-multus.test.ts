// The simulated Multus compared with the real one (test/vectors/cni-outcomes.json): same network-status, same messages.
import { describe, it } from "vitest";
import { type Attachment, attachNetworks } from "../../../src/local/kubevirt/node/multus.ts";
import { podInterfaceName } from "../../../src/local/kubevirt/nics.ts";
import { annotations, type Pod } from "../../../src/local/kubevirt/resources.ts";
import {
  podNamespace,
  recordedCni,
  recordedMac,
  recordedNads,
  type RecordedOutcome,
  splitNad,
} from "../../recorded-cni.ts";

function podOf({ networks, annotations: more }: RecordedOutcome): Pod {
  const selections =
    typeof networks === "string"
      ? networks
      : JSON.stringify(
          networks.map((network, index) => {
            const [namespace, name] = splitNad(network.nad);
            const mac = recordedMac(network, index);
            const device = network.interface ?? podInterfaceName(network.nic ?? `nic${index}`);
            return { name, namespace, mac, interface: device };
          }),
        );
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      namespace: podNamespace,
      name: "pod",
      uid: "UID",
      annotations: { [annotations.networks]: selections, ...more },
    },
    spec: { containers: [] },
  };
}

/** Cases that KubeVirt never requests. */
const neverAsked = new Set(["bridge-no-mac", "annotation-short", "default-network", "interface-16"]);

/** Failures caused by the node or by Multus' settings: the simulated node has every bridge, parent and plugin. */
const notPlayed = new Set([
  "bridge-not-a-bridge",
  "bridge-no-nft",
  "bridge-vlan-100",
  "bridge-vlan-100-missing",
  "bridge-vlan-trunk",
  "macvlan-mtu-9000",
  "macvlan-no-parent",
  "macvlan-vlan-parent",
  "ovs-missing-bridge",
  "ovs-linux-bridge",
  "ovs-not-running",
  "ovs-resource-no-kubelet",
  "macvtap",
  "sriov",
  "sriov-resource",
  "nad-other-namespace-isolated",
]);

const asked = recordedCni.outcomes.filter(({ id }) => !neverAsked.has(id));
const worked = asked.filter(({ add }) => add.ok);
const failed = asked.filter(({ add, id }) => !add.ok && !notPlayed.has(id));

function played(outcome: RecordedOutcome): Attachment {
  const nads = recordedNads(outcome);
  return attachNetworks(podOf(outcome), "10.244.0.2", ({ namespace, name }) =>
    nads.get(`${namespace}/${name}`),
  );
}

describe("the simulated Multus", () => {
  it.for(worked)("attaches as the real one: $id, $description", (outcome, { expect }) => {
    const attachment = played(outcome);
    if (attachment.kind === "failed") throw new Error(attachment.failure.error);
    const statuses = attachment.statuses.filter((status) => status.default !== true);
    expect(statuses).toEqual((outcome.interfaces ?? []).map(({ networkStatus }) => networkStatus));
  });

  it.for(failed)("fails as the real one: $id, $description", (outcome, { expect }) => {
    const attachment = played(outcome);
    const error = attachment.kind === "failed" ? attachment.failure.error : "attached";
    expect(error).toBe(outcome.add.error?.replaceAll(/pods\/pod-\d+/g, "pods/pod"));
  });

  it("is compared with the complete recording", ({ expect }) => {
    expect({ worked: worked.length, failed: failed.length }).toEqual({ worked: 40, failed: 23 });
  });
});
