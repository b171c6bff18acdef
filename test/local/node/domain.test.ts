import { describe, expect, it } from "vitest";
import type { VirtualMachineInstance, VmInterface } from "../../../src/domain/objects/kubernetes.ts";
import { podInterfaceName } from "../../../src/local/kubevirt/nics.ts";
import { buildDomain, syncDomain } from "../../../src/local/kubevirt/node/domain.ts";
import { whyNotMigratable } from "../../../src/local/kubevirt/node/vmi-status.ts";
import { makeVmi } from "./vmi.ts";

const red: VmInterface = { name: "red", bridge: {}, macAddress: "02:00:00:00:00:0A" };
const blue: VmInterface = { name: "blue", bridge: {}, macAddress: "02:00:00:00:00:0b" };

function attached(vmi: VirtualMachineInstance, ...names: string[]): VirtualMachineInstance {
  const interfaces = names.map((name) => ({ name, infoSource: "domain, multus-status" }));
  return { ...vmi, status: { ...vmi.status, interfaces } };
}

describe("buildDomain()", () => {
  it("has the NICs in spec order, MACs in lower case, and SR-IOV NICs as host devices", () => {
    const domain = buildDomain(makeVmi([red, { name: "fast", sriov: {} }, { ...blue, state: "down" }]), {});
    expect(domain).toEqual({
      interfaces: [
        { alias: "red", mac: "02:00:00:00:00:0a" },
        { alias: "blue", mac: "02:00:00:00:00:0b", linkState: "down" },
      ],
      hostDevices: [{ alias: "sriov-fast" }],
    });
  });

  it("omits absent NICs", () => {
    expect(buildDomain(makeVmi([red, { ...blue, state: "absent" }]), {}).interfaces).toHaveLength(1);
  });

  it("has a NIC of a binding plugin only if the plugin uses a tap device", () => {
    const vmi = makeVmi([{ name: "red", binding: { name: "macvtap" }, macAddress: "02:00:00:00:00:0a" }]);
    expect(buildDomain(vmi, { macvtap: { domainAttachmentType: "tap" } }).interfaces).toHaveLength(1);
    expect(buildDomain(vmi, { macvtap: {} }).interfaces).toHaveLength(0);
    expect(buildDomain(vmi, {}).interfaces).toHaveLength(0);
  });

  it("gives virtio NICs a queue per vCPU if the VMI enables multiqueue", () => {
    const domain = buildDomain(makeVmi([red, { ...blue, model: "e1000" }], { multiqueueCores: 4 }), {});
    expect(domain.interfaces.map(({ queues }) => queues)).toEqual([4, undefined]);
  });

  it("generates a MAC for a NIC without one, constant for the life of the VMI", () => {
    const nic = { name: "red", bridge: {} };
    const [first, again, next] = [makeVmi([nic]), makeVmi([nic]), makeVmi([nic], { name: "vm2" })].map(
      (vmi) => buildDomain(vmi, {}).interfaces[0]?.mac,
    );
    expect(first).toMatch(/^0a(?::[0-9a-f]{2}){5}$/);
    expect(again).toBe(first);
    expect(next).not.toBe(first);
  });
});

describe("syncDomain()", () => {
  const before = buildDomain(makeVmi([red]), {});

  it("returns the same domain when nothing changed", () => {
    expect(syncDomain(before, attached(makeVmi([red]), "red"), {})).toBe(before);
  });

  it("follows the link state both ways", () => {
    const down = syncDomain(before, makeVmi([{ ...red, state: "down" }]), {});
    expect(down.interfaces[0]?.linkState).toBe("down");
    expect(syncDomain(down, makeVmi([{ ...red, state: "up" }]), {})).toEqual(before);
  });

  it("appends a bridge NIC after Multus has attached it", () => {
    const vmi = makeVmi([blue, red]);
    expect(syncDomain(before, vmi, {})).toBe(before);
    expect(syncDomain(before, attached(vmi, "blue"), {}).interfaces.map(({ alias }) => alias)).toEqual([
      "red",
      "blue",
    ]);
  });

  it("does not plug an SR-IOV NIC", () => {
    const vmi = attached(makeVmi([red, { name: "fast", sriov: {} }]), "fast");
    expect(syncDomain(before, vmi, {})).toBe(before);
  });

  it("unplugs an absent NIC, and keeps one that was only removed from the list", () => {
    expect(syncDomain(before, makeVmi([{ ...red, state: "absent" }]), {}).interfaces).toEqual([]);
    expect(syncDomain(before, makeVmi([]), {})).toBe(before);
  });
});

describe("podInterfaceName()", () => {
  it.for([
    ["foo", "pod2c26b46b68f"],
    ["blue", "pod16477688c0e"],
    ["net1", "pod6c270ef2f25"],
  ] as const)("of %s is KubeVirt's %s", ([network, name], { expect }) => {
    expect(podInterfaceName(network)).toBe(name);
  });
});

describe("whyNotMigratable()", () => {
  const onPod = (nic: VmInterface) => makeVmi([nic], { networks: [{ name: nic.name, pod: {} }] });

  const bare = makeVmi([red]);
  const features = { hypervPassthrough: { enabled: true } };
  const passedThrough = { ...bare, spec: { ...bare.spec, domain: { ...bare.spec.domain, features } } };

  it.for<[string, VirtualMachineInstance, boolean]>([
    ["without a pod network", makeVmi([red]), true],
    ["with masquerade", onPod({ name: "default", masquerade: {} }), true],
    ["with a bridge on the pod network", onPod({ name: "default", bridge: {} }), false],
    ["with a migratable plugin", onPod({ name: "default", binding: { name: "passt" } }), true],
    ["with a plugin that is not migratable", onPod({ name: "default", binding: { name: "other" } }), false],
    ["with hyperv passthrough", passedThrough, false],
  ])("lets a VMI %s go: %s", ([, vmi, migratable], { expect }) => {
    expect(whyNotMigratable(vmi, { passt: { migration: {} }, other: {} }) === undefined).toBe(migratable);
  });
});
