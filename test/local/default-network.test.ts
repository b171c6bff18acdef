// The NIC that KubeVirt gives to a VM without any (SetDefaultNetworkInterface, pkg/network/vmispec/defaults.go).
import { describe, it } from "vitest";
import type { VirtualMachineInstanceSpec } from "../../src/domain/objects/kubernetes.ts";
import type { KubevirtConfiguration } from "../../src/local/kubevirt/configuration.ts";
import { withDefaultNetwork } from "../../src/local/kubevirt/default-network.ts";

type Network = KubevirtConfiguration["network"];

function defaulted(
  devices: VirtualMachineInstanceSpec["domain"]["devices"],
  network: Network = {},
): ReturnType<typeof withDefaultNetwork<VirtualMachineInstanceSpec>> {
  return withDefaultNetwork({ domain: { devices } }, { network: network ?? {} });
}

describe("a VM without NICs", () => {
  it.for<[string, Network, object]>([
    ["by bridge where nothing is configured", {}, { bridge: {} }],
    ["by bridge where that is configured", { defaultNetworkInterface: "bridge" }, { bridge: {} }],
    ["by masquerade where that is configured", { defaultNetworkInterface: "masquerade" }, { masquerade: {} }],
    [
      "by masquerade though bridges are not permitted",
      { defaultNetworkInterface: "masquerade", permitBridgeInterfaceOnPodNetwork: false },
      { masquerade: {} },
    ],
  ])("gets one on the pod network, %s", ([, network, binding], { expect }) => {
    expect(defaulted({}, network)).toEqual({
      spec: {
        domain: { devices: { interfaces: [{ name: "default", ...binding }] } },
        networks: [{ name: "default", pod: {} }],
      },
    });
  });

  it.for<[string, Network, string]>([
    [
      "bridges are not permitted",
      { permitBridgeInterfaceOnPodNetwork: false },
      "bridge interface is not enabled in kubevirt-config",
    ],
    ["slirp is configured", { defaultNetworkInterface: "slirp" }, "slirp interface is deprecated as of v1.3"],
  ])("gets none and is told why, where %s", ([, network, failure], { expect }) => {
    expect(defaulted({}, network)).toEqual({ failure });
  });

  it.for<[string, VirtualMachineInstanceSpec["domain"]["devices"]]>([
    ["wants none", { autoattachPodInterface: false }],
    ["has its own", { interfaces: [{ name: "a", bridge: {} }] }],
  ])("is left as it is when it %s", ([, devices], { expect }) => {
    expect(defaulted(devices)).toEqual({ spec: { domain: { devices } } });
  });
});
