// What a spec means: defaults, metrics, addresses that stay.
import { describe, it } from "vitest";
import { builtInCatalogue } from "../../src/domain/catalogue.ts";
import { noFacts, type Facts } from "../../src/domain/facts.ts";
import { nicMetrics } from "../../src/domain/resolve/metrics.ts";
import { resolveVm } from "../../src/domain/resolve/resolve-vm.ts";
import type { VmSpec } from "../../src/domain/spec.ts";
import { inUse } from "./finding-cases/world.ts";
import { storedVm } from "../support/objects.ts";
import { dhcpNic, vmSpec } from "./specs.ts";

const resolve = (spec: VmSpec, facts: Partial<Facts> = {}) =>
  resolveVm(spec, builtInCatalogue(), { ...noFacts, ...facts }).vm;

describe("metrics", () => {
  it.for([
    ["the first NIC is primary if none is marked", [{}, {}, {}], [100, 200, 300]],
    ["the primary NIC has the best metric at any position", [{}, {}, { primary: true }], [200, 300, 100]],
    ["priority orders the others", [{ priority: 9 }, { primary: true }, { priority: 1 }], [300, 100, 200]],
    [
      "equal priorities go by position",
      [{ primary: true }, { priority: 5 }, { priority: 5 }],
      [100, 200, 300],
    ],
    [
      "a priority does not outrank the primary",
      [{ primary: true, priority: 9 }, { priority: 0 }],
      [100, 200],
    ],
  ] as const)("%s", ([, changes, expected], { expect }) => {
    const networks = changes.map((change, index) => ({ name: `eth${index}`, ...change }));
    expect(nicMetrics(networks)).toEqual(expected);
  });
});

describe("a resolved VM", () => {
  it("has defaults for everything that can be left out", ({ expect }) => {
    const vm = resolve(vmSpec([{ name: "eth0" }]));
    expect(vm).toMatchObject({ cpu: 1, memory: "1Gi", runStrategy: "Always", disks: [{ name: "rootdisk" }] });
    expect(vm.nics[0]).toMatchObject({
      type: "bridge",
      mode: "dhcp",
      vlanId: 0,
      linkState: "up",
      primary: true,
      metric: 100,
      defaultRoute: true,
      attachment: { kind: "generated", network: { name: "bridge" } },
      binding: { kind: "bridge" },
    });
  });

  it("never changes its input", ({ expect }) => {
    const spec = vmSpec([dhcpNic]);
    const before = structuredClone(spec);
    resolve(spec);
    expect(spec).toEqual(before);
  });

  it("is static if it has an address and no mode", ({ expect }) => {
    expect(resolve(vmSpec([{ name: "a", ipConfig: { addresses: ["192.0.2.1/24"] } }])).nics[0]?.mode).toBe(
      "static",
    );
  });

  it.for([
    ["bridge", { kind: "bridge" }],
    ["macvlan", { kind: "plugin", name: "macvtap" }],
    ["sriov", { kind: "sriov" }],
    ["ovs", { kind: "bridge" }],
    ["pod", { kind: "masquerade" }],
  ] as const)("has the binding that KubeVirt needs for type %s", ([type, binding], { expect }) => {
    expect(resolve(vmSpec([{ name: "eth0", type }])).nics[0]?.binding).toEqual(binding);
    if (type !== "pod")
      expect(resolve(vmSpec([{ name: "eth0", type, nadName: "n" }])).nics[0]?.binding).toEqual(binding);
  });

  it("keeps the MAC that a NIC has in the VM", ({ expect }) => {
    const vm = storedVm([{ name: "eth0", macAddress: "02:00:5E:00:00:09", bridge: {} }]);
    expect(resolve(vmSpec([dhcpNic]), { vm }).nics[0]).toMatchObject({
      mac: "02:00:5e:00:00:09",
      macGiven: false,
    });
  });

  it("derives another MAC if another VM has the first", ({ expect }) => {
    const mac = resolve(vmSpec([dhcpNic])).nics[0]?.mac ?? "";
    const other = resolve(vmSpec([dhcpNic]), { macsInUse: inUse(mac) }).nics[0]?.mac;
    expect(other).not.toBe(mac);
    expect(resolve(vmSpec([dhcpNic]), { macsInUse: inUse(mac, { vm: "web" }) }).nics[0]?.mac).toBe(mac);
  });
});
