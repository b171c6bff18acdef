// The NADs of a pod, in every form in which Multus reads and writes them.
import { describe, it } from "vitest";
import { nadsOfPod } from "../../src/domain/network/pod-networks.ts";

describe("the NADs of a pod", () => {
  it.for([
    ["k8s.v1.cni.cncf.io/networks", '[{"name":"a","namespace":"shop","interface":"pod1"}]', ["shop/a"]],
    ["k8s.v1.cni.cncf.io/networks", '[{"name":"a"},{"name":"b","namespace":"other"}]', ["shop/a", "other/b"]],
    ["k8s.v1.cni.cncf.io/networks", "a@net1, other/b", ["shop/a", "other/b"]],
    ["k8s.v1.cni.cncf.io/network-status", '[{"name":"shop/a"},{"name":"cbr0"}]', ["shop/a", "shop/cbr0"]],
    ["v1.multus-cni.io/default-network", "other/b", ["other/b"]],
    ["k8s.v1.cni.cncf.io/networks", '[{"name":7},{"name":"c","namespace":[]},null,"x"]', []],
    ["k8s.v1.cni.cncf.io/networks", "", []],
    ["example.com/other", "a", []],
  ] as const)("%s: %s", ([annotation, text, nads], { expect }) => {
    const metadata = { name: "pod", namespace: "shop", annotations: { [annotation]: text } };
    expect(nadsOfPod({ apiVersion: "v1", kind: "Pod", metadata })).toEqual(nads);
  });
});
