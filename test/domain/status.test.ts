// The state of a NIC claims no more than what KubeVirt reports proves.
import { describe, it } from "vitest";
import type {
  Condition,
  VirtualMachine,
  VirtualMachineInstance,
  VmiInterfaceStatus,
  VmiPhase,
} from "../../src/domain/objects/kubernetes.ts";
import { managedByLabel, specAnnotation } from "../../src/domain/objects/ownership.ts";
import { readRecord } from "../../src/domain/document/read-record.ts";
import { interfaceAddresses } from "../../src/domain/status/interface-addresses.ts";
import { interfaceStatuses } from "../../src/domain/status/interface-status.ts";
import { instanceOfWeb, storedVm } from "../support/objects.ts";
import { staleStatus } from "../../src/domain/status/stale-status.ts";
import { vmSpec } from "./specs.ts";

const nic = { name: "eth0", macAddress: "02:00:5e:00:00:01", bridge: {} } as const;
const vm = storedVm([nic]);
const up: VmiInterfaceStatus = {
  name: "eth0",
  mac: "02:00:5e:00:00:01",
  interfaceName: "enp1s0",
  ipAddresses: ["192.0.2.10"],
  infoSource: "domain, guest-agent, multus-status",
  linkState: "up",
};

function instance(
  phase: VmiPhase,
  interfaces: readonly VmiInterfaceStatus[] = [],
  conditions: readonly Condition[] = [],
): VirtualMachineInstance {
  return instanceOfWeb(
    { phase, nodeName: "node-1", interfaces: [...interfaces], conditions: [...conditions] },
    vm.spec.template.spec,
  );
}

const condition = (type: string, status: Condition["status"], message?: string): Condition => ({
  type,
  status,
  ...(message === undefined ? {} : { message }),
});

describe("a NIC is", () => {
  it.for([
    ["Up when it runs, is linked and the guest agent lists it", instance("Running", [up]), "Up", "UP"],
    ["Down when the VM has no instance", undefined, "Down", "VM_STOPPED"],
    ["Down when the instance ended", instance("Succeeded", [up]), "Down", "VM_STOPPED"],
    ["Down while the VM starts", instance("Scheduling"), "Down", "VM_STARTING"],
    ["Down when its link is", instance("Running", [{ ...up, linkState: "down" }]), "Down", "LINK_DOWN"],
    ["Down when the running VM does not have it", instance("Running"), "Down", "NOT_IN_DOMAIN"],
    [
      "Unknown when only the pod has it",
      instance("Running", [{ name: "eth0", infoSource: "multus-status" }]),
      "Unknown",
      "NOT_PLUGGED_YET",
    ],
    [
      "Unknown without a guest agent, whatever address it has",
      instance("Running", [{ ...up, infoSource: "domain, multus-status" }]),
      "Unknown",
      "NO_GUEST_AGENT",
    ],
    [
      "Unknown when the agent does not list it",
      instance("Running", [{ ...up, infoSource: "domain" }], [condition("AgentConnected", "True")]),
      "Unknown",
      "NOT_SEEN_BY_GUEST",
    ],
    [
      "Unknown when the VM is paused",
      instance("Running", [up], [condition("Paused", "True")]),
      "Unknown",
      "VM_PAUSED",
    ],
    ["Unknown when the node is lost", instance("Unknown", [up]), "Unknown", "NODE_LOST"],
  ] as const)("%s", ([, vmi, state, reason], { expect }) => {
    const [status] = interfaceStatuses(vm, vmi, undefined);
    expect(status).toMatchObject({ state, reason, nic: "eth0", vm: "web", namespace: "shop" });
    expect(status?.evidence.length).toBeGreaterThan(0);
    expect(status?.message).not.toBe("");
  });

  it("Unknown while nothing is known of the present, and otherwise as last known", ({ expect }) => {
    const [status] = interfaceStatuses(vm, instance("Running", [up]), undefined);
    if (status === undefined) throw new Error("no NIC");
    const lastContact = "2026-07-01T12:00:00.000Z";
    expect(staleStatus(status, lastContact)).toEqual({
      ...status,
      state: "Unknown",
      reason: "STALE",
      message: `multinic has lost contact with the API server; check that it runs, and the warnings in multinic's log (last known, at ${lastContact}: Up, UP)`,
      evidence: [{ source: "last contact with the API server", value: lastContact }, ...status.evidence],
    });
  });

  it("reported with KubeVirt's own reason why it does not start", ({ expect }) => {
    const stuck = instance("Pending", [], [condition("Synchronized", "False", "no binding plugin")]);
    expect(interfaceStatuses(vm, stuck, undefined)[0]?.message).toBe("the VM is starting: no binding plugin");
    const stopped: VirtualMachine = { ...vm, status: { printableStatus: "Stopped" } };
    expect(interfaceStatuses(stopped, undefined, undefined)[0]?.message).toBe(
      "the VM is not running (Stopped)",
    );
  });

  it("listed with at most 64 addresses, none longer than an address, and the number of the others", ({
    expect,
  }) => {
    const ipAddresses = ["x".repeat(65), ...Array.from({ length: 100 }, (_, n) => `192.0.2.${n}`)];
    const [status] = interfaceStatuses(vm, instance("Running", [{ ...up, ipAddresses }]), undefined);
    expect(status?.addresses.map(({ address }) => address)).toEqual(ipAddresses.slice(1, 65));
    expect(status?.omittedAddressCount).toBe(37);
    expect(interfaceStatuses(vm, instance("Running", [up]), undefined)[0]?.omittedAddressCount).toBe(0);
  });

  it("described in texts of limited length, whatever the cluster and the guest report", ({ expect }) => {
    const long = "x".repeat(100_000);
    const named = storedVm([{ ...nic, name: long }]);
    const reports: VirtualMachineInstance[] = [
      instance("Running", [{ ...up, name: long, interfaceName: long, mac: long, linkState: long }]),
      instance("Running", [{ ...up, name: long, infoSource: `${long}, domain` }]),
      instance("Pending", [], [condition("Synchronized", "False", long)]),
    ];
    for (const vmi of reports) {
      const [status] = interfaceStatuses(named, vmi, undefined);
      // The name itself identifies the NIC and its network.
      const { nic: _nic, attachment: _attachment, pendingFields: _pending, ...rest } = status ?? {};
      expect(JSON.stringify(rest).length).toBeLessThan(4_000);
    }
  });

  it("pending in what the running VM does not have yet, which is then not drift", ({ expect }) => {
    const spec = vmSpec([{ name: "eth0", macAddress: "02:00:5e:00:00:02" }]);
    const changed = storedVm([{ ...nic, macAddress: "02:00:5e:00:00:02" }]);
    const running = instance("Running", [up]);
    expect(interfaceStatuses(changed, running, spec)[0]).toMatchObject({
      state: "Up",
      pendingFields: ["networks[eth0].macAddress"],
      pendingEffect: "restart",
      driftedFields: [],
    });
    expect(interfaceStatuses(vm, running, undefined)[0]).toMatchObject({
      pendingFields: [],
      pendingEffect: undefined,
    });
  });

  it("described as requested if the request was recorded", ({ expect }) => {
    const spec = vmSpec([
      { name: "other" },
      { name: "eth0", type: "ovs", vlanId: 7, mtu: 1400, primary: true },
    ]);
    const managed: VirtualMachine = {
      ...vm,
      metadata: {
        ...vm.metadata,
        labels: { [managedByLabel]: "multinic" },
        annotations: { [specAnnotation]: JSON.stringify(spec) },
      },
    };
    expect(interfaceStatuses(managed, instance("Running", [up]), readRecord(managed).spec)[0]).toMatchObject({
      type: "ovs",
      vlanId: 7,
      mtu: 1400,
      primary: true,
      attachment: "shop/net-eth0",
      guestInterface: "enp1s0",
      macAddress: "02:00:5e:00:00:01",
      addresses: [{ address: "192.0.2.10" }],
      node: "node-1",
    });
  });

  it.for([
    ["the requested VLAN", { vlanId: 7 }, 7],
    ["untagged on a physical network without one", {}, 0],
    ["the requested VLAN of a NAD", { nadName: "net", vlanId: 7 }, 7],
    ["of no known VLAN on a NAD that the request only names", { nadName: "net" }, undefined],
    ["of no VLAN on the pod network", { type: "pod" }, undefined],
  ] as const)("%s", ([, config, vlanId], { expect }) => {
    const spec = vmSpec([{ name: "eth0", ...config }]);
    expect(interfaceStatuses(vm, undefined, spec)[0]?.vlanId).toBe(vlanId);
  });

  it("of no known VLAN and MTU without a record", ({ expect }) => {
    const [status] = interfaceStatuses(vm, undefined, undefined);
    expect([status?.vlanId, status?.mtu]).toEqual([undefined, undefined]);
  });
});

describe("the addresses of a NIC", () => {
  const reported = [
    "192.0.2.10",
    "192.0.2.77",
    "2001:DB8:0::10",
    "fe80::1",
    "169.254.1.1",
    "fe80::2",
    "not an address",
  ];
  const staticIp = { addresses: ["192.0.2.10/24", "2001:db8::10/64", "fe80::2/64"] };

  it("are static with their prefix length, link-local, or not known", ({ expect }) => {
    const found = interfaceAddresses(reported, staticIp);
    expect(found.map(({ address, prefixLength, origin }) => [address, prefixLength, origin])).toEqual([
      ["192.0.2.10", 24, "static"],
      ["192.0.2.77", undefined, undefined],
      ["2001:DB8:0::10", 64, "static"],
      ["fe80::1", undefined, "link-local"],
      ["169.254.1.1", undefined, "link-local"],
      ["fe80::2", 64, "static"],
      ["not an address", undefined, undefined],
    ]);
  });

  it("are never static without a request for them", ({ expect }) => {
    for (const ipConfig of [undefined, { mode: "dhcp" } as const]) {
      const origins = interfaceAddresses(reported, ipConfig).map(({ origin }) => origin);
      expect(origins).not.toContain("static");
    }
  });
});
