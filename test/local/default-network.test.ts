// The NIC that KubeVirt adds to a VM without NICs (SetDefaultNetworkInterface, pkg/network/vmispec/defaults.go).
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
    ["with bridge by default", {}, { bridge: {} }],
    ["with bridge if configured", { defaultNetworkInterface: "bridge" }, { bridge: {} }],
    ["with masquerade if configured", { defaultNetworkInterface: "masquerade" }, { masquerade: {} }],
    [
      "with masquerade even if bridge is not permitted",
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
      "bridge is not permitted",
      { permitBridgeInterfaceOnPodNetwork: false },
      "bridge interface is not enabled in kubevirt-config",
    ],
    ["slirp is configured", { defaultNetworkInterface: "slirp" }, "slirp interface is deprecated as of v1.3"],
  ])("gets an error if %s", ([, network, failure], { expect }) => {
    expect(defaulted({}, network)).toEqual({ failure });
  });

  it.for<[string, VirtualMachineInstanceSpec["domain"]["devices"]]>([
    ["disables it", { autoattachPodInterface: false }],
    ["has NICs", { interfaces: [{ name: "a", bridge: {} }] }],
  ])("is not changed if it %s", ([, devices], { expect }) => {
    expect(defaulted(devices)).toEqual({ spec: { domain: { devices } } });
  });
});
