// Which fields of answers are absent, and what that means: not known, or not requested. 0 is a value.
import { createClient } from "@connectrpc/connect";
import { toJson } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, it } from "vitest";
import { InterfaceStatusService } from "../../gen/multinic/v1/interface_status_service_pb.ts";
import { IpMode, NetworkType, ResolvedNetworkSchema } from "../../gen/multinic/v1/network_pb.ts";
import { NetworkService } from "../../gen/multinic/v1/network_service_pb.ts";
import { AddressOrigin } from "../../gen/multinic/v1/virtual_machine_pb.ts";
import { VirtualMachineService } from "../../gen/multinic/v1/virtual_machine_service_pb.ts";
import { networkAttachmentDefinitions } from "../../src/kube/resource.ts";
import { transports } from "../api/transport/serving.ts";
import { startRunningService, type RunningService } from "../serve/running-service.ts";
import { nad } from "../support/objects.ts";

const namespace = "presence";
const uplink = "macvtap.network.kubevirt.io/uplink";
const cniVersion = "0.3.1";

let running: RunningService;
beforeAll(async () => {
  running = await startRunningService();
  await running.namespace(namespace);
  const existing = [
    nad(`${namespace}/lan`, { cniVersion, type: "bridge", bridge: "br0" }),
    nad(`${namespace}/lan-200`, { cniVersion, type: "bridge", bridge: "br0", vlan: 200, mtu: 1400 }),
    nad(`${namespace}/ovs-201`, { cniVersion, type: "ovs", bridge: "br-ovs", vlan: 201 }),
    nad(`${namespace}/ovs-trunk`, { cniVersion, type: "ovs", bridge: "br-ovs", trunk: [{ id: 5 }] }),
    nad(`${namespace}/vf-202`, { cniVersion, type: "sriov", vlan: 202 }, "sriov.network/uplink"),
    nad(`${namespace}/tap`, { cniVersion, type: "macvtap" }, uplink),
    nad(`${namespace}/tap-100`, { cniVersion, type: "macvtap" }, `${uplink}.100`),
    nad(`${namespace}/tap-other`, { cniVersion, type: "macvtap" }, "macvtap.network.kubevirt.io/other"),
    nad(`${namespace}/foreign`, { cniVersion, type: "kube-ovn", vlan: 9 }),
    nad(`${namespace}/refused`, { cniVersion, type: "bridge", bridge: "br0", vlan: "200" }),
  ];
  await Promise.all(existing.map((object) => running.cluster.create(networkAttachmentDefinitions, object)));
});
afterAll(async () => await running.stop());

/** The VLAN of each NAD; undefined: not known. */
const onNad = [
  ["lan", NetworkType.BRIDGE, 0],
  ["lan-200", NetworkType.BRIDGE, 200],
  ["ovs-201", NetworkType.OVS, 201],
  ["ovs-trunk", NetworkType.OVS, undefined],
  ["vf-202", NetworkType.SRIOV, 202],
  ["tap", NetworkType.MACVLAN, 0],
  ["tap-100", NetworkType.MACVLAN, 100],
  ["tap-other", NetworkType.MACVLAN, undefined],
  ["foreign", NetworkType.BRIDGE, undefined],
  ["refused", NetworkType.BRIDGE, undefined],
] as const;

describe.each(Object.entries(transports))("over %s", (protocol, transport) => {
  const networksOf = () => createClient(NetworkService, transport(running.url));
  const resolve = async (network: object) => {
    const virtualMachine = { namespace, name: "web", networks: [{ name: "eth0", ...network }] };
    const { networks, findings } = await networksOf().validateNetworks({ virtualMachine });
    return { network: networks[0], codes: findings.map(({ code }) => code) };
  };

  it.for(onNad)("a NIC on NAD %s has the VLAN of the NAD", async ([nadName, type, vlan], { expect }) => {
    const { network, codes } = await resolve({ nadName, type });
    expect(network?.vlanId).toBe(vlan);
    expect(network?.mtu).toBeUndefined();
    expect(codes).not.toContain("VLAN_FIXED_BY_NAD");
  });

  it("a NIC on a physical network is untagged unless it names a VLAN", async ({ expect }) => {
    const untagged = (await resolve({})).network;
    expect(untagged?.vlanId).toBe(0);
    expect(untagged && toJson(ResolvedNetworkSchema, untagged)).toMatchObject({ vlanId: 0 });
    expect((await resolve({ vlanId: 7, mtu: 1400 })).network).toMatchObject({ vlanId: 7, mtu: 1400 });
    expect((await resolve({ type: NetworkType.POD })).network?.vlanId).toBeUndefined();
  });

  it("VLAN 0 on a NAD that has a VLAN is refused, and its own VLAN is not", async ({ expect }) => {
    expect((await resolve({ nadName: "lan-200", vlanId: 0 })).codes).toContain("VLAN_FIXED_BY_NAD");
    expect((await resolve({ nadName: "lan-200", vlanId: 200 })).codes).toEqual([]);
    const tap = { nadName: "tap-100", type: NetworkType.MACVLAN };
    expect((await resolve({ ...tap, vlanId: 0 })).codes).toContain("VLAN_FIXED_BY_NAD");
    expect((await resolve({ ...tap, vlanId: 100 })).codes).toEqual([]);
  });

  it("a network has a VLAN, is untagged, or its VLAN is not known", async ({ expect }) => {
    const { networks } = await networksOf().listNetworks({ namespace });
    const listed = new Map(
      networks.map((network) => [
        network.reference.value,
        [network.vlans.map(({ first, last }) => `${first}-${last}`).join(), network.allowsUntagged],
      ]),
    );
    const expected = onNad.map(([name, , vlan]) => [
      `${namespace}/${name}`,
      [vlan === undefined || vlan === 0 ? "" : `${vlan}-${vlan}`, vlan === 0],
    ]);
    for (const [name, of] of expected) expect(listed.get(String(name)), String(name)).toEqual(of);
    const mtuOf = (name: string) =>
      networks.find(({ reference }) => reference.value === `${namespace}/${name}`)?.mtu;
    expect([mtuOf("lan"), mtuOf("lan-200")]).toEqual([undefined, 1400]);
    expect(networks.find(({ reference }) => reference.value?.endsWith("/refused"))?.problem).toContain(
      "vlan",
    );
  });

  it("an IP family that multinic does not configure is absent, and each has its own gateway", async ({
    expect,
  }) => {
    expect((await resolve({})).network).toMatchObject({
      ipv4: { mode: IpMode.DHCP, addresses: [], gateway: "" },
    });
    expect((await resolve({})).network?.ipv6).toBeUndefined();
    const addresses = ["192.0.2.10/24", "2001:db8::10/64"];
    const both = { ipConfig: { addresses, gateway: "2001:db8::1" } };
    expect((await resolve(both)).network).toMatchObject({
      ipv4: { mode: IpMode.STATIC, addresses: ["192.0.2.10/24"], gateway: "" },
      ipv6: { mode: IpMode.STATIC, addresses: ["2001:db8::10/64"], gateway: "2001:db8::1" },
    });
    const six = { ipConfig: { addresses: ["2001:db8::10/64"] } };
    expect((await resolve(six)).network?.ipv4).toBeUndefined();
  });

  it("a status has the VLAN, MTU and prefix lengths that were requested", async ({ expect }) => {
    const name = `vm-${Object.keys(transports).indexOf(protocol)}`;
    const last = 10 + Object.keys(transports).indexOf(protocol);
    const networks = [
      { name: "eth0", mtu: 1400, ipConfig: { addresses: [`192.0.2.${last}/24`] } },
      { name: "eth1", nadName: "lan-200" },
    ];
    const vms = createClient(VirtualMachineService, transport(running.url));
    const applied = await vms.applyVM({ virtualMachine: { namespace, name, networks } });
    expect(applied.networks.map(({ vlanId }) => vlanId)).toEqual([0, 200]);
    const list = async () => {
      const nics = createClient(InterfaceStatusService, transport(running.url));
      return (await nics.listInterfaceStatus({ namespaces: [namespace], vmNames: [name] })).interfaces;
    };
    await expect.poll(async () => (await list())[0]?.addresses.length, { timeout: 30_000 }).toBe(2);
    const [eth0, eth1] = await list();
    expect(eth0).toMatchObject({ vlanId: 0, mtu: 1400, attachment: expect.stringMatching(`^${namespace}/`) });
    expect(eth0?.addresses).toMatchObject([
      { address: `192.0.2.${last}`, prefixLength: 24, origin: AddressOrigin.STATIC },
      { origin: AddressOrigin.LINK_LOCAL },
    ]);
    expect(eth0?.addresses[1]?.prefixLength).toBeUndefined();
    expect(eth1).toMatchObject({ attachment: `${namespace}/lan-200` });
    expect([eth1?.vlanId, eth1?.mtu]).toEqual([undefined, undefined]);
  });
});
