import { describe, expect, it } from "vitest";
import type {
  VirtualMachineInstance,
  VmInterface,
  VmiInterfaceStatus,
  VmNetwork,
} from "../../../src/domain/objects/kubernetes.ts";
import { vmiInterfaces, type AgentInterface } from "../../../src/local/kubevirt/node/vmi-interfaces.ts";
import type { Domain } from "../../../src/local/kubevirt/node/domain.ts";

const red = "02:00:00:00:00:0a";
const blue = "02:00:00:00:00:0b";

function vmi(
  interfaces: VmInterface[],
  options: { networks?: VmNetwork[]; previous?: VmiInterfaceStatus[] } = {},
): Pick<VirtualMachineInstance, "spec" | "status"> {
  const networks =
    options.networks ??
    interfaces.map(({ name }) => ({ name, multus: { networkName: name } }) satisfies VmNetwork);
  return {
    spec: { domain: { devices: { interfaces } }, networks },
    status: { interfaces: options.previous ?? [] },
  };
}

function domain(interfaces: Domain["interfaces"], sriov: string[] = []): Domain {
  return { interfaces, hostDevices: sriov.map((name) => ({ alias: `sriov-${name}` })) };
}

function agentOf(mac: string, interfaceName: string, ips: string[] = []): AgentInterface {
  return { mac, interfaceName, ip: ips[0] ?? "", ips };
}

describe("vmiInterfaces()", () => {
  it("keeps the previous status while libvirt has no domain", () => {
    const previous = [{ name: "red", infoSource: "multus-status" }];
    const status = vmiInterfaces({
      vmi: vmi([{ name: "red", bridge: {} }], { previous }),
      domain: undefined,
      agent: [agentOf(red, "eth0")],
      podCache: {},
    });
    expect(status).toEqual(previous);
  });

  it("reports one queue and link up for a NIC of the domain when libvirt has neither", () => {
    const status = vmiInterfaces({
      vmi: vmi([{ name: "red", bridge: {} }]),
      domain: domain([{ alias: "red", mac: red }]),
      agent: [],
      podCache: {},
    });
    expect(status).toEqual([{ name: "red", mac: red, infoSource: "domain", queueCount: 1, linkState: "up" }]);
  });

  it("reports an SR-IOV NIC after the others, with the MAC as in the spec and without link and queues", () => {
    const status = vmiInterfaces({
      vmi: vmi([
        { name: "fast", sriov: {}, macAddress: "02-AA-00-00-00-0A" },
        { name: "blue", bridge: {} },
      ]),
      domain: domain([{ alias: "blue", mac: blue, linkState: "down", queues: 4 }], ["fast"]),
      agent: [agentOf("02:aa:00:00:00:0a", "enp1s0")],
      podCache: {},
    });
    expect(status).toEqual([
      { name: "blue", mac: blue, infoSource: "domain", queueCount: 4, linkState: "down" },
      { name: "fast", mac: "02-AA-00-00-00-0A", infoSource: "domain" },
      { mac: "02:aa:00:00:00:0a", interfaceName: "enp1s0", infoSource: "guest-agent" },
    ]);
  });

  it.for<[string, string[], string[], string[]]>([
    ["the guest's addresses where the pod has none", [], ["192.0.2.5", "fe80::1"], ["192.0.2.5", "fe80::1"]],
    [
      "the pod's address instead of the guest's of the same family",
      ["10.1.0.2"],
      ["192.0.2.5", "2001:db8::5"],
      ["10.1.0.2", "2001:db8::5"],
    ],
    ["no address when the guest has none", ["10.1.0.2"], [], []],
    [
      "IPv4 before IPv6 in any order of the guest",
      [],
      ["2001:db8::5", "192.0.2.5"],
      ["192.0.2.5", "2001:db8::5"],
    ],
    [
      "no address with a zone and no invalid address",
      [],
      ["fe80::1%eth0", "nonsense", "192.0.2.5"],
      ["192.0.2.5"],
    ],
  ])("shows %s", ([, pod, guest, shown], { expect }) => {
    const [status] = vmiInterfaces({
      vmi: vmi([{ name: "red", bridge: {} }]),
      domain: domain([{ alias: "red", mac: red }]),
      agent: [agentOf(red, "eth0", guest)],
      podCache: { red: { podIP: pod[0] ?? "", podIPs: pod } },
    });
    expect(status?.ipAddresses ?? []).toEqual(shown);
    expect(status?.ipAddress).toEqual(shown[0]);
  });

  it("omits link-local addresses of a masquerade guest", () => {
    const [status] = vmiInterfaces({
      vmi: vmi([{ name: "default", masquerade: {} }], { networks: [{ name: "default", pod: {} }] }),
      domain: domain([{ alias: "default", mac: red }]),
      agent: [agentOf(red, "enp1s0", ["10.0.2.2", "fe80::1", "169.254.0.9"])],
      podCache: { default: { podIP: "10.244.0.2", podIPs: ["10.244.0.2"] } },
    });
    expect(status).toMatchObject({ ipAddress: "10.244.0.2", ipAddresses: ["10.244.0.2"] });
  });

  it("puts the NIC of the pod network first, independent of its position in the spec", () => {
    const status = vmiInterfaces({
      vmi: vmi(
        [
          { name: "red", bridge: {} },
          { name: "default", masquerade: {} },
        ],
        {
          networks: [
            { name: "red", multus: { networkName: "red" } },
            { name: "default", pod: {} },
          ],
        },
      ),
      domain: domain([
        { alias: "red", mac: red },
        { alias: "default", mac: blue },
      ]),
      agent: [],
      podCache: {},
    });
    expect(status.map(({ name }) => name)).toEqual(["default", "red"]);
  });

  it("keeps the pod interface names and the Multus source that virt-controller wrote", () => {
    const status = vmiInterfaces({
      vmi: vmi(
        [
          { name: "red", bridge: {} },
          { name: "blue", bridge: {} },
        ],
        {
          previous: [
            { name: "blue", infoSource: "multus-status", podInterfaceName: "podblue" },
            { name: "red", infoSource: "domain, multus-status", podInterfaceName: "podred" },
            { name: "gone", infoSource: "multus-status", podInterfaceName: "podgone" },
          ],
        },
      ),
      domain: domain([{ alias: "red", mac: red }]),
      agent: [agentOf(red, "eth0")],
      podCache: {},
    });
    expect(status).toEqual([
      {
        name: "red",
        mac: red,
        podInterfaceName: "podred",
        interfaceName: "eth0",
        infoSource: "domain, guest-agent, multus-status",
        queueCount: 1,
        linkState: "up",
      },
      { name: "blue", podInterfaceName: "podblue", infoSource: "multus-status" },
    ]);
  });

  it("reports at most ten interfaces that only the guest has", () => {
    const status = vmiInterfaces({
      vmi: vmi([]),
      domain: domain([]),
      agent: Array.from({ length: 12 }, (_, index) =>
        agentOf(`0e:00:00:00:00:0${index.toString(16)}`, `docker${index}`),
      ),
      podCache: {},
    });
    expect(status).toHaveLength(10);
  });
});
