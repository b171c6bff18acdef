import { describe, expect, it } from "vitest";
import type { NetworkAttachmentDefinition } from "../../../src/domain/objects/kubernetes.ts";
import { annotations, type Pod } from "../../../src/local/kubevirt/resources.ts";
import { attachNetworks, reattachNetworks } from "../../../src/local/kubevirt/node/multus.ts";
import { makeNad, makePod, makeVmi } from "./vmi.ts";

const red = { name: "red", bridge: {}, macAddress: "02:AA:00:00:00:0A" };
const blue = { name: "blue", bridge: {}, macAddress: "02:aa:00:00:00:0b" };

function pod(...interfaces: Parameters<typeof makeVmi>[0]): Pod {
  const made = makePod(makeVmi(interfaces), "pod-1");
  made.metadata.uid = "UID";
  return made;
}

function lookup(...nads: NetworkAttachmentDefinition[]) {
  return ({ name }: { name: string }) => nads.find(({ metadata }) => metadata.name === name);
}

describe("attachNetworks()", () => {
  it("lists the pod's own interface first, then each network with its MAC in lower case", () => {
    const attachment = attachNetworks(pod(red), "10.244.1.2", lookup(makeNad("red")));
    expect(attachment).toMatchObject({
      kind: "attached",
      statuses: [
        { interface: "eth0", ips: ["10.244.1.2"], default: true },
        { name: "default/red", interface: "podb1f51a511f1", mac: "02:aa:00:00:00:0a", dns: {} },
      ],
    });
  });

  it("reports a missing NAD with Multus' message", () => {
    const message =
      'cannot find a network-attachment-definition (red) in namespace (default): network-attachment-definitions.k8s.cni.cncf.io "red" not found';
    expect(attachNetworks(pod(red), "10.244.1.2", lookup())).toEqual({
      kind: "failed",
      failure: {
        error: `Multus: [default/pod-1/UID]: error loading k8s delegates k8s args: TryLoadPodDelegates: error in getting k8s network for pod: GetNetworkDelegates: failed getting the delegate: getKubernetesDelegate: ${message}`,
        event: { reason: "NoNetworkFound", message },
      },
    });
  });

  it.for([
    [
      "truncated",
      '{"cniVersion":"0.3.1","type":"bridge",',
      "failed to unmarshal Spec.Config: unexpected end of JSON input",
    ],
    [
      "not JSON",
      "bridge",
      "failed to unmarshal Spec.Config: invalid character 'b' looking for beginning of value",
    ],
    ["empty", "", "GetCNIConfig: err in GetCNIConfigFromFile: No networks found in /etc/cni/multus/net.d"],
    [
      "without a type",
      '{"cniVersion":"0.3.1","name":"net"}',
      "delegate must have the 'type' or 'plugin' field",
    ],
    [
      "without a version",
      '{"name":"net","type":"bridge"}',
      '[default/pod-1/UID:net]: error adding container to network "net": cannot convert: no valid IP addresses',
    ],
  ] as const)(
    "fails without a Multus event for a configuration that is %s",
    ([, config, text], { expect }) => {
      const attachment = attachNetworks(pod(red), "10.244.1.2", lookup(makeNad("red", config)));
      expect(attachment).toEqual({ kind: "failed", failure: { error: expect.stringContaining(text) } });
    },
  );
});

describe("reattachNetworks()", () => {
  function attachedPod(now: Pod, before: Pod, nads: ReturnType<typeof lookup>): Pod {
    const attachment = attachNetworks(before, "10.244.1.2", nads);
    if (attachment.kind === "failed") throw new Error(attachment.failure.error);
    const networkStatus = { [annotations.networkStatus]: JSON.stringify(attachment.statuses) };
    return {
      ...now,
      metadata: { ...now.metadata, annotations: { ...now.metadata.annotations, ...networkStatus } },
    };
  }
  const names = (statuses: readonly { name: string }[] | undefined) =>
    statuses?.slice(1).map(({ name }) => name);

  it("attaches and detaches as the annotation changes", () => {
    const nads = lookup(makeNad("red"), makeNad("blue"));
    expect(names(reattachNetworks(attachedPod(pod(red, blue), pod(red), nads), "10.244.1.2", nads))).toEqual([
      "default/red",
      "default/blue",
    ]);
    expect(names(reattachNetworks(attachedPod(pod(blue), pod(red, blue), nads), "10.244.1.2", nads))).toEqual(
      ["default/blue"],
    );
    expect(reattachNetworks(attachedPod(pod(red), pod(red), nads), "10.244.1.2", nads)).toBeUndefined();
  });

  it("keeps an SR-IOV device that virt-controller removed from the annotation", () => {
    const fast = { name: "fast", sriov: {}, macAddress: "02:aa:00:00:00:0c" };
    const nads = lookup(makeNad("red"), makeNad("fast", '{"cniVersion":"0.3.1","type":"sriov"}'));
    expect(reattachNetworks(attachedPod(pod(red), pod(red, fast), nads), "10.244.1.2", nads)).toBeUndefined();
  });
});
