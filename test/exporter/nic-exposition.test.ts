// The text of all NIC metrics for a given cluster, and when each part is rendered again.
import { array, assert, asyncProperty, bigInt, constantFrom, option, record, string } from "fast-check";
import { describe, it } from "vitest";
import { readVm } from "../../src/domain/document/read-record.ts";
import { managedBy, managedByLabel, specAnnotation } from "../../src/domain/objects/ownership.ts";
import { createNicExposition, type NicExposition } from "../../src/exporter/nic-exposition.ts";
import { nicMetrics } from "../../src/exporter/nic-metrics.ts";
import type { Traffic, TrafficSource } from "../../src/exporter/traffic.ts";
import { createMemoryCluster, keyOf, type MemoryCluster, vmiOf, vmOf } from "../app/memory-cluster.ts";
import { parseExposition } from "./parse-exposition.ts";

const up = (name: string) => ({ name, linkState: "up" }) as const;

/** Counters by "namespace/vm/nic", and the NICs that were asked for, each once per rendering. */
function createTestTraffic(counters: Record<string, Traffic> = {}) {
  const asked: string[] = [];
  const source: TrafficSource = {
    get({ namespace, vm, nic }) {
      asked.push(`${namespace}/${vm}/${nic}`);
      return counters[`${namespace}/${vm}/${nic}`];
    },
  };
  return { source, counters, rendered: () => asked.splice(0).toSorted() };
}

const textOf = async (nics: NicExposition): Promise<string> => Buffer.concat(await nics.render()).toString();
const samplesOf = async (nics: NicExposition): Promise<string[]> =>
  (await textOf(nics)).split("\n").filter((line) => line !== "" && !line.startsWith("#"));

describe("the text of NIC metrics", () => {
  it("says that a NIC is stale, and as it was afterwards", async ({ expect }) => {
    const cluster = createMemoryCluster();
    cluster.setVm("shop/web", [up("eth0")]);
    const nics = createNicExposition(cluster.model, createTestTraffic().source);
    const before = await samplesOf(nics);
    await cluster.model.setStaleSince(new Date(0));
    const stale = await samplesOf(nics);
    expect(stale.filter((line) => !before.includes(line))).toEqual([
      'multinic_interface_state{namespace="shop",vm="web",nic="eth0",state="Up"} 0',
      'multinic_interface_state{namespace="shop",vm="web",nic="eth0",state="Unknown"} 1',
      'multinic_interface_state_reason{namespace="shop",vm="web",nic="eth0",reason="STALE"} 1',
    ]);
    await cluster.model.setStaleSince(undefined);
    expect(await samplesOf(nics)).toEqual(before);
  });

  it("is this for a running VM with a traffic counter and an SR-IOV NIC", async ({ expect }) => {
    const cluster = createMemoryCluster();
    cluster.setVm("shop/web", [
      { ...up("eth0"), mac: "02:00:5e:00:00:01", guestInterface: "enp1s0" },
      { name: "fast", sriov: true, mac: "02:00:5e:00:00:02", linkState: "up" },
    ]);
    const { source } = createTestTraffic({
      "shop/web/eth0": { receive_bytes: 18_446_744_073_709_551_615n, transmit_errors: 0n },
    });
    expect(await textOf(createNicExposition(cluster.model, source))).toBe(`\
# HELP multinic_interface_info Properties of a NIC; always 1. The VLAN is the requested one: 0 if untagged, empty if it is not known.
# TYPE multinic_interface_info gauge
multinic_interface_info{namespace="shop",vm="web",nic="eth0",type="bridge",attachment="shop/net-eth0",vlan="",primary="true",mac="02:00:5e:00:00:01",node="node-1",guest_interface="enp1s0"} 1
multinic_interface_info{namespace="shop",vm="web",nic="fast",type="sriov",attachment="shop/net-fast",vlan="",primary="false",mac="02:00:5e:00:00:02",node="node-1",guest_interface=""} 1
# HELP multinic_interface_state State of a NIC: 1 for the state it is in, 0 for the others.
# TYPE multinic_interface_state gauge
multinic_interface_state{namespace="shop",vm="web",nic="eth0",state="Up"} 1
multinic_interface_state{namespace="shop",vm="web",nic="eth0",state="Down"} 0
multinic_interface_state{namespace="shop",vm="web",nic="eth0",state="Unknown"} 0
multinic_interface_state{namespace="shop",vm="web",nic="fast",state="Up"} 1
multinic_interface_state{namespace="shop",vm="web",nic="fast",state="Down"} 0
multinic_interface_state{namespace="shop",vm="web",nic="fast",state="Unknown"} 0
# HELP multinic_interface_state_reason Why a NIC is in its state; always 1.
# TYPE multinic_interface_state_reason gauge
multinic_interface_state_reason{namespace="shop",vm="web",nic="eth0",reason="UP"} 1
multinic_interface_state_reason{namespace="shop",vm="web",nic="fast",reason="UP"} 1
# HELP multinic_interface_mtu_bytes Requested MTU of a NIC in bytes; absent if none was requested.
# TYPE multinic_interface_mtu_bytes gauge
# HELP multinic_interface_drift Number of fields of a NIC whose actual values, in the VM and as reported by the guest agent, differ from the requested ones; absent for VMs whose NICs multinic does not manage.
# TYPE multinic_interface_drift gauge
# HELP multinic_interface_traffic_source Source of the counters of a NIC: virt-handler, or none if KubeVirt has none, as for SR-IOV; always 1.
# TYPE multinic_interface_traffic_source gauge
multinic_interface_traffic_source{namespace="shop",vm="web",nic="eth0",source="virt-handler"} 1
multinic_interface_traffic_source{namespace="shop",vm="web",nic="fast",source="none"} 1
# HELP multinic_interface_receive_bytes_total Bytes that the guest received through a NIC.
# TYPE multinic_interface_receive_bytes_total counter
multinic_interface_receive_bytes_total{namespace="shop",vm="web",nic="eth0"} 18446744073709551615
# HELP multinic_interface_receive_packets_total Packets that the guest received through a NIC.
# TYPE multinic_interface_receive_packets_total counter
# HELP multinic_interface_receive_errors_total Errors while the guest received through a NIC.
# TYPE multinic_interface_receive_errors_total counter
# HELP multinic_interface_receive_packets_dropped_total Packets to the guest that were dropped at a NIC.
# TYPE multinic_interface_receive_packets_dropped_total counter
# HELP multinic_interface_transmit_bytes_total Bytes that the guest sent through a NIC.
# TYPE multinic_interface_transmit_bytes_total counter
# HELP multinic_interface_transmit_packets_total Packets that the guest sent through a NIC.
# TYPE multinic_interface_transmit_packets_total counter
# HELP multinic_interface_transmit_errors_total Errors while the guest sent through a NIC.
# TYPE multinic_interface_transmit_errors_total counter
multinic_interface_transmit_errors_total{namespace="shop",vm="web",nic="eth0"} 0
# HELP multinic_interface_transmit_packets_dropped_total Packets from the guest that were dropped at a NIC.
# TYPE multinic_interface_transmit_packets_dropped_total counter
`);
  });

  it("has the requested values if the VM records them", async ({ expect }) => {
    const { vms, model } = createMemoryCluster();
    const spec = { namespace: "shop", name: "web", networks: [{ name: "eth0", vlanId: 100, mtu: 9000 }] };
    const vm = vmOf(keyOf("shop/web"), [{ name: "eth0" }]);
    const annotations = { [specAnnotation]: JSON.stringify(spec) };
    const labels = { [managedByLabel]: managedBy };
    vms.set(keyOf("shop/web"), readVm({ ...vm, metadata: { ...vm.metadata, annotations, labels } }));
    const lines = await samplesOf(createNicExposition(model, createTestTraffic().source));
    expect(lines).toContain('multinic_interface_mtu_bytes{namespace="shop",vm="web",nic="eth0"} 9000');
    expect(lines[0]).toContain('vlan="100"');
    expect(lines).toContain('multinic_interface_state{namespace="shop",vm="web",nic="eth0",state="Down"} 1');
    // The VM has no binding here, which is how a bridge NIC looks.
    expect(lines).toContain('multinic_interface_drift{namespace="shop",vm="web",nic="eth0"} 0');
  });

  it.for([
    ["cuts a long name", "x".repeat(80), "x".repeat(64)],
    ["never cuts a character in two", `${"x".repeat(63)}\u{1F310}`, `${"x".repeat(63)}\u{FFFD}`],
    ["keeps quotes, backslashes and line feeds", 'Ethernet "a\\b"\n', 'Ethernet "a\\b"\n'],
  ] as const)("%s that a guest gave its interface", async ([, guestInterface, shown], { expect }) => {
    const cluster = createMemoryCluster();
    cluster.setVm("shop/web", [{ ...up("eth0"), guestInterface }]);
    const families = parseExposition(
      await textOf(createNicExposition(cluster.model, createTestTraffic().source)),
    );
    const [info] = families.get("multinic_interface_info")?.samples ?? [];
    expect(info?.labels.get("guest_interface")).toBe(shown);
  });

  it("has no NIC before the lists are complete, while running VMs look stopped", async ({ expect }) => {
    const { model, vms, vmis } = createMemoryCluster({ synced: false });
    const nics = createNicExposition(model, createTestTraffic().source);
    vms.set(keyOf("shop/web"), readVm(vmOf(keyOf("shop/web"), [up("eth0")])));
    vms.sync();
    expect(await samplesOf(nics)).toEqual([]);
    expect([...parseExposition(await textOf(nics)).keys()]).toEqual(nicMetrics.map(({ name }) => name));
    vmis.set(keyOf("shop/web"), vmiOf(keyOf("shop/web"), [up("eth0")], "node-1"));
    vmis.sync();
    expect(await samplesOf(nics)).toContain(
      'multinic_interface_state{namespace="shop",vm="web",nic="eth0",state="Up"} 1',
    );
  });

  it.for([
    ["a VM is gone", (c: MemoryCluster) => c.removeVm("shop/web"), []],
    ["its VM gave it up", (c: MemoryCluster) => c.setVm("shop/web", [up("eth1")]), ["eth1"]],
    ["its VM gave up all", (c: MemoryCluster) => c.setVm("shop/web", []), []],
  ] as const)("loses a NIC's series when %s", async ([, change, left], { expect }) => {
    const cluster = createMemoryCluster();
    cluster.setVm("shop/web", [up("eth0"), up("eth1")]);
    const nics = createNicExposition(
      cluster.model,
      createTestTraffic({ "shop/web/eth0": { receive_bytes: 1n } }).source,
    );
    expect(await samplesOf(nics)).not.toEqual([]);
    change(cluster);
    const families = parseExposition(await textOf(nics));
    const known = [...families.values()].flatMap(({ samples }) =>
      samples.map(({ labels }) => labels.get("nic")),
    );
    expect([...new Set(known)]).toEqual(left);
  });
});

describe("a VM's part", () => {
  it("is rendered once after it changed, with seven neighbours and no others, however often it is scraped", async ({
    expect,
  }) => {
    const cluster = createMemoryCluster();
    const ids = Array.from({ length: 16 }, (_, n) => `shop/vm-${n + 10}`);
    for (const id of ids) cluster.setVm(id, [up("eth0")]);
    const { source, counters, rendered } = createTestTraffic();
    const nics = createNicExposition(cluster.model, source);
    await nics.render();
    expect(rendered()).toHaveLength(16);
    const before = await textOf(nics);
    expect(await textOf(nics)).toBe(before);
    expect(rendered()).toEqual([]);

    cluster.setVm("shop/vm-10", [{ ...up("eth0"), linkState: "down" }]);
    cluster.setVm("shop/vm-10", [up("eth0")]);
    expect(rendered()).toEqual([]);
    expect(await textOf(nics)).toBe(before);
    expect(rendered()).toEqual(ids.slice(0, 8).map((id) => `${id}/eth0`));

    counters["shop/vm-25/eth0"] = { receive_bytes: 5n };
    expect(await textOf(nics)).toBe(before);
    nics.invalidateTraffic({ namespace: "shop", vm: "vm-25" });
    expect(await samplesOf(nics)).toContain(
      'multinic_interface_receive_bytes_total{namespace="shop",vm="vm-25",nic="eth0"} 5',
    );
    expect(rendered()).toEqual(
      ids
        .slice(8)
        .map((id) => `${id}/eth0`)
        .toSorted(),
    );
  });

  it("keeps the rendered state if only counters change, and renders it again if both change", async ({
    expect,
  }) => {
    const cluster = createMemoryCluster();
    cluster.setVm("shop/web", [up("eth0")]);
    const { source, counters } = createTestTraffic();
    const nics = createNicExposition(cluster.model, source);
    const before = await nics.render();
    counters["shop/web/eth0"] = { receive_bytes: 5n };
    nics.invalidateTraffic({ namespace: "shop", vm: "web" });
    const after = await nics.render();
    const kept = nicMetrics.filter((_, index) => after[index] === before[index]).map(({ name }) => name);
    expect(kept).toEqual(nicMetrics.filter(({ of }) => of === "status").map(({ name }) => name));

    cluster.setVm("shop/web", [{ ...up("eth0"), linkState: "down" }]);
    nics.invalidateTraffic({ namespace: "shop", vm: "web" });
    expect(await samplesOf(nics)).toContain(
      'multinic_interface_state{namespace="shop",vm="web",nic="eth0",state="Down"} 1',
    );
  });

  it("does not exist for the counters of an unknown VM", async ({ expect }) => {
    const nics = createNicExposition(createMemoryCluster().model, createTestTraffic().source);
    nics.invalidateTraffic({ namespace: "shop", vm: "web" });
    expect(await samplesOf(nics)).toEqual([]);
  });

  it("shows a change during a scrape in the next scrape at the latest", async ({ expect }) => {
    const cluster = createMemoryCluster();
    for (let n = 0; n < 40; n += 1) cluster.setVm(`shop/vm-${n}`, [up("eth0")]);
    const nics = createNicExposition(cluster.model, createTestTraffic().source);
    const scrapes = [nics.render(), nics.render()];
    await new Promise((resolve) => setImmediate(resolve));
    cluster.setVm("shop/vm-0", [{ ...up("eth0"), linkState: "down" }]);
    cluster.removeVm("shop/vm-39");
    for (const scrape of scrapes) parseExposition(Buffer.concat(await scrape).toString());
    const states = (await samplesOf(nics)).filter((line) => line.endsWith('state="Down"} 1'));
    expect(states).toEqual([
      'multinic_interface_state{namespace="shop",vm="vm-0",nic="eth0",state="Down"} 1',
    ]);
    expect(await textOf(nics)).not.toContain("vm-39");
  });

  it("no longer changes when stopped", async ({ expect }) => {
    const cluster = createMemoryCluster();
    const nics = createNicExposition(cluster.model, createTestTraffic().source);
    nics.stop();
    cluster.setVm("shop/web", [up("eth0")]);
    expect(await samplesOf(nics)).toEqual([]);
  });
});

describe("after any changes and scrapes", () => {
  const nic = record({
    name: constantFrom("eth0", "eth1", "eth2"),
    linkState: constantFrom("up" as const, "down" as const),
    guestInterface: string({ unit: "grapheme" }),
  });
  const step = record({
    vm: constantFrom(...Array.from({ length: 12 }, (_, n) => `shop/vm-${n}`)),
    nics: option(array(nic, { maxLength: 3 }), { nil: undefined }),
    bytes: option(bigInt(0n, 5n), { nil: undefined }),
    scrape: constantFrom(true, false),
  });

  it("the text is the same as if rendered from scratch", async ({ expect }) => {
    await assert(
      asyncProperty(array(step, { maxLength: 40, size: "max" }), async (steps) => {
        const cluster = createMemoryCluster();
        const { source, counters } = createTestTraffic();
        const nics = createNicExposition(cluster.model, source);
        for (const { vm, nics: wanted, bytes, scrape } of steps) {
          if (wanted === undefined) cluster.removeVm(vm);
          else cluster.setVm(vm, [...new Map(wanted.map((each) => [each.name, each])).values()]);
          if (bytes !== undefined) {
            counters[`${vm}/eth0`] = { receive_bytes: bytes };
            nics.invalidateTraffic({ namespace: "shop", vm: keyOf(vm).name });
          }
          if (scrape) await nics.render();
        }
        parseExposition(await textOf(nics));
        const fromScratch = createNicExposition(cluster.model, source);
        expect((await samplesOf(nics)).toSorted()).toEqual((await samplesOf(fromScratch)).toSorted());
      }),
      { numRuns: 50 },
    );
  });
});
