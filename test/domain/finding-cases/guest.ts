// Findings on what the guest's renderer makes of its network-config.
import type { GuestRenderer, NetworkConfig, VmSpec } from "../../../src/domain/spec.ts";
import { storedVm } from "../../support/objects.ts";
import { dhcpNic, staticNic, vmSpec } from "../specs.ts";
import type { SpecCase } from "./case.ts";

const rendered = (renderer: GuestRenderer, nic: NetworkConfig): VmSpec =>
  vmSpec([nic], { guest: { renderer } });
const bothFamilies: NetworkConfig = {
  name: "eth0",
  ipConfig: { address: "192.0.2.10/24", addresses: ["2001:db8::10/64"], gateway: "192.0.2.1" },
  routes: [{ destination: "::/0", gateway: "2001:db8::1" }],
};

export const nmstateCases: readonly SpecCase[] = [
  {
    code: "NMSTATE_NEEDS_USER_DATA",
    when: "guestConfig is nmstate and the user-data is in the caller's Secret",
    spec: vmSpec([dhcpNic], { guestConfig: "nmstate", userData: { secretName: "theirs" } }),
    field: "userData.secretName",
    fix: true,
  },
  {
    code: "NMSTATE_NEEDS_USER_DATA",
    when: "guestConfig is nmstate for a VM that multinic did not create",
    spec: vmSpec([dhcpNic], { guestConfig: "nmstate" }),
    facts: { vm: storedVm() },
    field: "guestConfig",
    fix: true,
  },
  {
    code: "LIMIT_EXCEEDED",
    when: "the user-data leaves no room in the Secret for the nmstate part",
    spec: vmSpec([dhcpNic], { guestConfig: "nmstate", userData: { text: "#cloud-config\n".repeat(50_000) } }),
    field: "userData.text",
  },
];

export const guestCases: readonly SpecCase[] = [
  {
    code: "GUEST_LOSES_DEFAULT_ROUTE_NEVER",
    when: "NetworkManager uses DHCP and must not take a default route",
    spec: rendered("network-manager", { name: "eth0", ipConfig: { mode: "dhcp", defaultRoute: "never" } }),
    field: "networks[0].ipConfig.defaultRoute",
  },
  {
    code: "GUEST_LOSES_NAME_SERVERS",
    when: "ifupdown uses DHCP and a DNS server is given",
    spec: rendered("eni", { ...dhcpNic, ipConfig: { mode: "dhcp", dnsServers: ["192.0.2.53"] } }),
    field: "networks[0].ipConfig.dnsServers",
  },
  {
    code: "GUEST_LOSES_NAME_SERVERS",
    when: "NetworkManager is given an IPv6 DNS server without an IPv6 address",
    spec: rendered("network-manager", {
      ...staticNic,
      ipConfig: { address: "192.0.2.10/24", dnsServers: ["2001:db8::53"] },
    }),
    field: "networks[0].ipConfig.dnsServers",
  },
  {
    code: "GUEST_LOSES_METRIC",
    when: "the ifcfg files must contain default routes of both families",
    spec: rendered("sysconfig", bothFamilies),
    field: "networks[0].routes[0].metric",
    fix: true,
  },
  {
    code: "GUEST_LOSES_NETWORKS",
    when: "NetworkManager must configure default routes of both families on one NIC",
    spec: rendered("network-manager", bothFamilies),
    field: "networks[0].routes[0].metric",
    fix: true,
  },
  {
    code: "GUEST_NEEDS_CLOUD_INIT",
    when: "NetworkManager must keep metrics, which older versions drop",
    spec: rendered("network-manager", {
      ...staticNic,
      routes: [{ destination: "198.51.100.0/24", gateway: "192.0.2.1", metric: 50 }],
    }),
    field: "guest.renderer",
  },
];
