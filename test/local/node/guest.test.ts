import { describe, expect, it } from "vitest";
import type { VmInterface } from "../../../src/domain/objects/kubernetes.ts";
import { createDhcpServers } from "../../../src/local/kubevirt/node/dhcp.ts";
import { buildDomain, type Domain } from "../../../src/local/kubevirt/node/domain.ts";
import {
  agentInterfaces,
  bootGuest,
  guestNics,
  replugGuest,
} from "../../../src/local/kubevirt/node/guest.ts";
import { parseNetworkConfig, type NetworkPlan } from "../../../src/local/kubevirt/node/network-plan.ts";
import { rewire, wiresOf } from "../../../src/local/kubevirt/node/wires.ts";
import { makeVmi } from "./vmi.ts";

const red: VmInterface = { name: "red", bridge: {}, macAddress: "02:00:00:00:00:0a" };
const blue: VmInterface = { name: "blue", bridge: {}, macAddress: "02:00:00:00:00:0b" };
const everywhere: NetworkPlan = { kind: "dhcp-everywhere" };
const bridge = () => "bridge";
const servers = () => ({ dhcp: createDhcpServers(), podIP: undefined });

/** Addresses by name that the agent of a freshly booted guest reports, without link-local ones. */
function boot(interfaces: VmInterface[], plan: NetworkPlan, domain?: Domain): Record<string, string[]> {
  const vmi = makeVmi(interfaces);
  const nics = guestNics(vmi, domain ?? buildDomain(vmi, {}));
  const said = agentInterfaces(bootGuest(plan, nics), wiresOf(vmi, bridge), servers());
  return Object.fromEntries(
    said.map((nic) => [nic.interfaceName, nic.ips.filter((ip) => !ip.startsWith("fe80:"))]),
  );
}

const twoNics = parseNetworkConfig(`
version: 2
ethernets:
  mgmt:
    match: {macaddress: "02:00:00:00:00:0a"}
    set-name: mgmt
    dhcp4: true
  data:
    match: {macaddress: "02:00:00:00:00:0b"}
    set-name: data
    addresses: [10.0.1.100/24]
`);

describe("a guest", () => {
  it("matches its NICs by MAC, independent of their order", () => {
    const said = boot([blue, red], twoNics);
    expect(said).toEqual({ data: ["10.0.1.100"], mgmt: [expect.stringMatching(/^100\./)] });
  });

  it("runs DHCP on every NIC with the kernel's names without a network-config", () => {
    const said = boot([red, blue], everywhere);
    expect(said).toEqual({
      enp1s0: [expect.stringMatching(/^100\./)],
      enp2s0: [expect.stringMatching(/^100\./)],
    });
  });

  it("does not configure a NIC that the network-config does not list", () => {
    const plan = parseNetworkConfig(
      'version: 2\nethernets: {a: {match: {macaddress: "02:00:00:00:00:0a"}, dhcp4: true}}',
    );
    expect(boot([red, blue], plan)).toEqual({ enp1s0: [expect.any(String)], enp2s0: [] });
  });

  it("configures nothing when a NIC with set-name is missing", () => {
    expect(boot([red], twoNics)).toEqual({ enp1s0: [] });
  });

  it("does not wait for a missing NIC without set-name", () => {
    const plan = parseNetworkConfig(`
version: 2
ethernets:
  a: {match: {macaddress: "02:00:00:00:00:0a"}, addresses: [192.0.2.1/24]}
  b: {match: {macaddress: "02:00:00:00:00:ff"}, addresses: [192.0.2.2/24]}
`);
    expect(boot([red], plan)).toEqual({ enp1s0: ["192.0.2.1"] });
  });

  it("configures nothing from an invalid network-config", () => {
    expect(boot([red, blue], parseNetworkConfig("version: 2\nethernets: ["))).toEqual({
      enp1s0: [],
      enp2s0: [],
    });
  });

  it("configures an SR-IOV NIC like any other, matched in lower case", () => {
    const plan = parseNetworkConfig(
      'version: 2\nethernets: {f: {match: {macaddress: "02:00:00:00:00:0c"}, set-name: fast, addresses: [192.0.2.9/24]}}',
    );
    expect(boot([{ name: "fast", sriov: {}, macAddress: "02-00-00-00-00-0C" }], plan)).toEqual({
      fast: ["192.0.2.9"],
    });
  });

  it("gets 10.0.2.2 behind masquerade and the pod's own address on a bridged pod network", () => {
    for (const [nic, address] of [
      [{ name: "default", masquerade: {} }, "10.0.2.2"],
      [{ name: "default", bridge: {} }, "10.244.7.3"],
    ] as const) {
      const vmi = makeVmi([nic], { networks: [{ name: "default", pod: {} }] });
      const guest = bootGuest(everywhere, guestNics(vmi, buildDomain(vmi, {})));
      const [said] = agentInterfaces(guest, wiresOf(vmi, bridge), { ...servers(), podIP: "10.244.7.3" });
      expect(said?.ip).toBe(address);
    }
  });

  it("has a link-local address last on each configured NIC", () => {
    const vmi = makeVmi([red]);
    const guest = bootGuest(everywhere, guestNics(vmi, buildDomain(vmi, {})));
    const [said] = agentInterfaces(guest, wiresOf(vmi, bridge), servers());
    expect(said?.ips.at(-1)).toBe("fe80::ff:fe00:a");
  });

  it("loses the addresses of a NIC without link and regains them with the link", () => {
    const vmi = makeVmi([red, blue]);
    const network = servers();
    const up = bootGuest(twoNics, guestNics(vmi, buildDomain(vmi, {})));
    const down = replugGuest(
      up,
      up.nics.map((nic) => ({ ...nic, linkUp: nic.nic !== "blue" })),
    );
    const again = replugGuest(down, up.nics);
    const addresses = [up, down, again].map(
      (guest) => agentInterfaces(guest, wiresOf(vmi, bridge), network)[1]?.ip ?? "",
    );
    expect(addresses).toEqual(["10.0.1.100", "", "10.0.1.100"]);
  });

  it("gives a plugged NIC the next free name and keeps the other names", () => {
    const vmi = makeVmi([red, blue]);
    const [nicRed, nicBlue] = guestNics(vmi, buildDomain(vmi, {}));
    if (nicRed === undefined || nicBlue === undefined) throw new Error("two NICs expected");
    const green = { nic: "green", mac: "02:00:00:00:00:0d", linkUp: true };
    const guest = replugGuest(replugGuest(bootGuest(everywhere, [nicRed, nicBlue]), [nicBlue]), [
      nicBlue,
      green,
    ]);
    expect(guest.nics.map(({ nic, kernelName }) => [nic, kernelName])).toEqual([
      ["blue", "enp2s0"],
      ["green", "enp1s0"],
    ]);
  });
});

describe("the connection of a NIC", () => {
  it("is dead for macvlan with a bridge binding: DHCP gets no answer", () => {
    const vmi = makeVmi([red]);
    const guest = bootGuest(everywhere, guestNics(vmi, buildDomain(vmi, {})));
    const [said] = agentInterfaces(
      guest,
      wiresOf(vmi, () => "macvlan"),
      servers(),
    );
    expect(said?.ips).toEqual(["fe80::ff:fe00:a"]);
  });

  it("does not change while the NIC is plugged, even if the spec has another network", () => {
    const vmi = makeVmi([red]);
    const moved = makeVmi([red], { networks: [{ name: "red", multus: { networkName: "other/net" } }] });
    const before = wiresOf(vmi, bridge);
    expect(rewire(before, buildDomain(vmi, {}), wiresOf(moved, bridge)).get("red")).toEqual(
      before.get("red"),
    );
    expect(wiresOf(moved, bridge).get("red")).toEqual({ kind: "network", network: "other/net" });
  });
});

describe("DHCP", () => {
  it("leases a constant address to a MAC and different addresses to other MACs of the network", () => {
    const dhcp = createDhcpServers();
    const macs = Array.from(
      { length: 2_000 },
      (_, index) => `02:00:00:00:${(index >> 8).toString(16)}:${(index & 255).toString(16)}`,
    );
    const first = macs.map((mac) => dhcp.lease4("default/red", mac));
    expect(new Set(first).size).toBe(macs.length);
    expect(macs.map((mac) => dhcp.lease4("default/red", mac))).toEqual(first);
  });
});
