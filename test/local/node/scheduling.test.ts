import { describe, expect, it } from "vitest";
import type { Node, Pod } from "../../../src/local/kubevirt/resources.ts";
import { chooseNode } from "../../../src/local/kubevirt/node/scheduler.ts";
import { makePod, makeVmi } from "./vmi.ts";

function node(name: string, more: { labels?: Record<string, string>; unschedulable?: boolean } = {}): Node {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels: { "kubevirt.io/schedulable": "true", ...more.labels } },
    spec: { unschedulable: more.unschedulable ?? false },
    status: { allocatable: { "openshift.io/sriov": "8" } },
  };
}

function pod(spec: Partial<Pod["spec"]> = {}, status: Pod["status"] = {}): Pod {
  const made = makePod(makeVmi([]));
  return { ...made, spec: { ...made.spec, ...spec }, status };
}

function asking(resource: string): Pod {
  return pod({ containers: [{ name: "compute", image: "x", resources: { limits: { [resource]: "1" } } }] });
}

const two = [node("node2"), node("node1")];

describe("chooseNode()", () => {
  it.for<[string, Pod, Node[], Pod[], string]>([
    ["the first by name", pod(), two, [], "node1"],
    ["a node other than a sibling's", pod(), two, [pod({ nodeName: "node1" })], "node2"],
    [
      "the node of an ended sibling",
      pod(),
      two,
      [pod({ nodeName: "node1" }, { phase: "Succeeded" })],
      "node1",
    ],
    [
      "a node with the labels",
      pod({ nodeSelector: { zone: "a" } }),
      [...two, node("node3", { labels: { zone: "a" } })],
      [],
      "node3",
    ],
    [
      "any node for KubeVirt's own selectors",
      pod({ nodeSelector: { "cpu-model.node.kubevirt.io/X": "true" } }),
      two,
      [],
      "node1",
    ],
    [
      "a node that is not cordoned",
      pod(),
      [node("node1", { unschedulable: true }), node("node2")],
      [],
      "node2",
    ],
    ["a node with the device", asking("openshift.io/sriov"), two, [], "node1"],
    ["any node for KubeVirt's own devices", asking("devices.kubevirt.io/kvm"), two, [], "node1"],
  ])("takes %s", ([, wanted, nodes, siblings, name], { expect }) => {
    expect(chooseNode(wanted, nodes, siblings)).toEqual({ kind: "node", name });
  });

  it("counts the reasons when no node takes the pod", () => {
    const nodes = [node("node1"), node("node2", { unschedulable: true })];
    expect(chooseNode(asking("example.com/gpu"), nodes, [])).toEqual({
      kind: "none",
      message: "0/2 nodes are available: 1 Insufficient example.com/gpu, 1 node(s) were unschedulable.",
    });
  });
});
