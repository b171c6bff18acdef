// The NADs that multinic generates, run by the real multus and CNI programs as virt-controller requests them in the pod.
// macvtap-cni and sriov-cni cannot be built from the module registry: with theirs, multus is followed to the missing
// program, and test/domain/attachment.test.ts holds their configurations against what they read.
import { afterAll, beforeAll, it } from "vitest";
import type { NetworkConfig } from "../../src/domain/spec.ts";
import { pods } from "../../src/local/kubevirt/resources.ts";
import { machine, startStand, type Stand } from "../cluster/stand.ts";
import { describeWithCni } from "./cni/describe-with-cni.ts";
import { type CniNode, type Feature, type Link, type PodName, startCniNode } from "./cni/node.ts";
import {
  bridges,
  bridgesAndOvs,
  catalogue,
  makeLonePod,
  networkStatus,
  podInterface,
  type Started,
  startVm,
} from "./cni/vms.ts";

interface Case {
  readonly vm: string;
  readonly networks: readonly NetworkConfig[];
  readonly needs?: Feature;
}

const safe = { type: "bridge", physicalNetwork: "safe" } as const;
const parent = { type: "macvlan", physicalNetwork: "parent" } as const;

const cases: readonly Case[] = [
  { vm: "bridge", networks: [{ name: "lan" }] },
  { vm: "bridge-mtu-1400", networks: [{ name: "lan", mtu: 1400 }] },
  { vm: "bridge-mtu-9000", networks: [{ name: "lan", mtu: 9000 }] },
  { vm: "bridge-mac", networks: [{ name: "lan", macAddress: "02:AA:BB:CC:DD:EE" }] },
  { vm: "bridge-spoof-check", networks: [{ name: "lan", ...safe }], needs: "bridgeMacSpoofCheck" },
  { vm: "bridge-vlan-100", networks: [{ name: "lan", vlanId: 100 }], needs: "bridgeVlan" },
  { vm: "macvlan-by-bridge", networks: [{ name: "lan", ...parent }] },
  { vm: "macvlan-by-bridge-mtu-9000", networks: [{ name: "lan", ...parent, mtu: 9000 }] },
  { vm: "macvlan-by-bridge-vlan-7", networks: [{ name: "lan", ...parent, vlanId: 7 }], needs: "bridgeVlan" },
  { vm: "ovs", networks: [{ name: "lan", type: "ovs" }] },
  { vm: "ovs-vlan-100", networks: [{ name: "lan", type: "ovs", vlanId: 100 }] },
  { vm: "ovs-vlan-4094-mtu-9000", networks: [{ name: "lan", type: "ovs", vlanId: 4094, mtu: 9000 }] },
  {
    vm: "pod-and-four-more",
    networks: [
      { name: "cluster", type: "pod" },
      { name: "lan" },
      { name: "lan-again" },
      { name: "tagged", type: "ovs", vlanId: 100, mtu: 1400 },
      { name: "over", ...parent },
    ],
  },
];

await describeWithCni("multus and the CNI programs", (whyNot) => {
  let stand: Stand;
  let namespace: string;
  beforeAll(async () => {
    stand = await startStand(catalogue);
    namespace = await stand.namespace();
  });
  afterAll(async () => await stand?.stop());

  const start = async (vm: string, networks: readonly NetworkConfig[]): Promise<Started> =>
    await startVm(stand, namespace, vm, networks);

  /** CNI ADD; the pod's links. @throws with multus' own words. */
  async function add(node: CniNode, pod: PodName): Promise<readonly Link[]> {
    const added = await node.add(pod);
    if (!added.ok) throw new Error(added.error);
    return added.links;
  }

  /** CNI ADD, and a guest with its address behind each NIC. */
  async function attach(node: CniNode, { pod, networks }: Started, otherMac?: string): Promise<void> {
    await add(node, pod);
    for (const { name, macAddress, ipv4 } of networks) {
      const mac = otherMac ?? macAddress;
      await node.startGuest(pod, {
        podInterface: podInterface(name),
        mac,
        address: ipv4?.addresses[0] ?? "",
      });
    }
  }

  it.for(cases)(
    "create the interfaces as promised and leave nothing behind: $vm",
    async (row, { expect, skip }) => {
      const reason = whyNot(row.needs);
      if (reason !== undefined) return skip(reason);
      await using node = await startCniNode(bridgesAndOvs);
      const { pod, networks } = await start(row.vm, row.networks);
      const promised = networks
        .filter(({ attachment }) => attachment !== "")
        .map(({ name, attachment: nad, macAddress: mac, mtu }) => ({
          nad,
          device: podInterface(name),
          mac,
          mtu,
        }));
      const status = promised.map(({ nad, device, mac }) => ({ nad, device, mac }));
      const played = await networkStatus(stand, pod);

      const links = await add(node, pod);

      const byName = (a: { readonly device: string }, b: { readonly device: string }): number =>
        a.device < b.device ? -1 : 1;
      expect(
        links
          .filter(({ ifname }) => ifname !== "lo" && ifname !== "eth0")
          .map(({ ifname: device, address: mac, mtu }) => ({ device, mac, mtu }))
          .toSorted(byName),
      ).toEqual(
        promised
          .map(({ device, mac, mtu }) => ({ device, mac, mtu: mtu === undefined ? 1500 : mtu }))
          .toSorted(byName),
      );
      expect(await networkStatus(stand, pod)).toEqual(status);
      expect(played, "what the embedded cluster's node reported").toEqual(status);
      expect(await node.check(pod)).toEqual({ ok: true });
      expect(await node.del(pod)).toEqual({ ok: true, links: ["lo"] });
      expect(await node.left()).toEqual([]);
    },
  );

  it("put a NIC of type ovs into its VLAN, and one without VLAN into none", async ({ expect }) => {
    await using node = await startCniNode(bridgesAndOvs);
    const { pod } = await start("two-ovs", [
      { name: "tagged", type: "ovs", vlanId: 300 },
      { name: "untagged", type: "ovs" },
    ]);

    await add(node, pod);

    expect(new Set(await node.ovsVlans())).toEqual(new Set([300, 0]));
  });

  it.for([
    ["macvtap", { name: "lan", type: "macvlan", vlanId: 100, mtu: 1400 }],
    ["sriov", { name: "lan", type: "sriov", vlanId: 100 }],
  ] as const)("lack only the program %s for its NAD", async ([plugin, network], { expect }) => {
    await using node = await startCniNode(bridges);
    const { pod } = await start(plugin, [network]);

    expect(await node.add(pod)).toMatchObject({
      ok: false,
      error: expect.stringContaining(`failed to find plugin "${plugin}" in path`),
    });
    expect(await node.left()).toEqual([]);
  });

  it("connect VMs of one network, and separate VLANs of one", async ({ expect }) => {
    await using node = await startCniNode(bridgesAndOvs);
    const nics = (host: number, vlanId: number): readonly NetworkConfig[] => [
      { name: "lan", ipConfig: { address: `192.0.2.${host}/24` } },
      { name: "tagged", type: "ovs", vlanId, ipConfig: { address: `198.51.100.${host}/24` } },
    ];
    const [a, ...others] = await Promise.all([
      start("a", nics(1, 100)),
      start("b", nics(2, 100)),
      start("c", nics(3, 200)),
    ]);
    const all = [a, ...others];
    for (const started of all) await attach(node, started);

    const reached = await Promise.all(
      ["192.0.2.2", "192.0.2.3", "198.51.100.2", "198.51.100.3"].map(
        async (address) => [address, await node.reaches(a.pod, address)] as const,
      ),
    );

    expect(Object.fromEntries(reached)).toEqual({
      "192.0.2.2": true,
      "192.0.2.3": true,
      "198.51.100.2": true,
      "198.51.100.3": false,
    });
    for (const { pod } of all) expect(await node.del(pod)).toMatchObject({ ok: true });
    // The kernel removes the sandbox's links in its own time.
    await expect.poll(async () => await node.left()).toEqual([]);
  });

  it("leave nothing behind if VM, pod and NADs are deleted first", async ({ expect }) => {
    await using node = await startCniNode(bridgesAndOvs);
    const { pod } = await start("gone", [{ name: "lan" }, { name: "tagged", type: "ovs", vlanId: 100 }]);
    await add(node, pod);
    await stand.vms.deleteVM({ namespace, name: "gone" });
    const { client } = stand.target;
    await expect.poll(async () => await client.find(pods, pod), { timeout: 30_000 }).toBeUndefined();

    expect(await node.del(pod)).toEqual({ ok: true, links: ["lo"] });

    expect(await node.left()).toEqual([]);
  });

  it("drop what a guest sends from a MAC other than its own", async ({ expect, skip }) => {
    const reason = whyNot("bridgeMacSpoofCheck");
    if (reason !== undefined) return skip(reason);
    await using node = await startCniNode(bridges);
    const nics = (host: number): readonly NetworkConfig[] => [
      { name: "lan", ...safe, ipConfig: { address: `203.0.113.${host}/24` } },
    ];
    const [honest, forger, peer] = await Promise.all([
      start("honest", nics(1)),
      start("forger", nics(2)),
      start("peer", nics(3)),
    ]);
    await attach(node, honest);
    await attach(node, forger, "02:00:00:00:09:09");
    await attach(node, peer);

    const reachesPeer = async (pod: PodName): Promise<boolean> => await node.reaches(pod, "203.0.113.3");
    expect(await reachesPeer(honest.pod)).toBe(true);
    expect(await reachesPeer(forger.pod)).toBe(false);
  });

  it("never reach a VM behind a macvlan device, which is why such NADs are refused", async (context) => {
    const { expect, skip } = context;
    const reason = whyNot("macvlan");
    if (reason !== undefined) return skip(reason);
    await using node = await startCniNode(["uplink:eth1"]);
    await stand.makeNad(namespace, "macvlan", { type: "macvlan", master: "eth1", mode: "bridge" });
    const makePod = async (name: string, host: number): Promise<PodName> => {
      const nic = { podInterface: podInterface("lan"), mac: `02:00:00:00:07:0${host}` };
      const wanted = [{ namespace, name: "macvlan", interface: nic.podInterface, mac: nic.mac }];
      await makeLonePod(stand, { namespace, name }, wanted);
      await add(node, { namespace, name });
      await node.startGuest({ namespace, name }, { ...nic, address: `192.0.2.${host}/24` });
      return { namespace, name };
    };
    const first = await makePod("macvlan-1", 1);
    await makePod("macvlan-2", 2);

    expect(await node.reaches(first, "192.0.2.2")).toBe(false);

    const spec = machine(namespace, "behind-macvlan", [{ name: "lan", type: "macvlan", nadName: "macvlan" }]);
    const { findings } = await stand.apply(spec, { validateOnly: true });
    expect(findings).toMatchObject([{ code: "BINDING_UNSUPPORTED" }]);
  });
});
