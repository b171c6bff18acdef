// Findings on what the routes of all NICs do to each other.
import type { NetworkConfig, VmSpec } from "../../../src/domain/spec.ts";
import { dhcpNic, vmSpec } from "../specs.ts";
import type { SpecCase } from "./case.ts";

/** A NIC with a gateway. */
export const business: NetworkConfig = {
  name: "eth1",
  ipConfig: { address: "10.0.1.100/24", gateway: "10.0.1.1" },
};
const storage: NetworkConfig = { name: "eth2", ipConfig: { address: "10.0.1.200/25" } };
/** With source-based rules. */
export const policy = (networks: readonly NetworkConfig[]): VmSpec =>
  vmSpec(networks, { guest: { renderer: "netplan" }, routing: "policy" });
const inner = (destination: string, metric?: number): NetworkConfig => ({
  ...business,
  routes: [{ destination, gateway: "10.0.1.1", ...(metric === undefined ? {} : { metric }) }],
});
/** An IPv6 NIC with that route. */
export const innerIpv6 = (destination: string, metric: number): NetworkConfig => ({
  name: "eth1",
  ipConfig: { address: "2001:db8::10/64" },
  routes: [{ destination, gateway: "2001:db8::1", metric }],
});

/** A case with the words of its finding. */
export interface TrafficCase extends SpecCase {
  readonly message: string;
}

export const trafficCases: readonly TrafficCase[] = [
  {
    code: "REPLY_ASYMMETRIC",
    when: "another NIC has the better default route",
    spec: vmSpec([dhcpNic, business]),
    field: "networks[1].ipConfig.gateway",
    fix: true,
    message:
      "replies to traffic that arrives on eth1 from beyond 10.0.1.0/24 leave through eth0, whose route has the lower metric (100, not 200)",
  },
  {
    code: "REPLY_ASYMMETRIC",
    when: "another NIC has the better route to the same network",
    spec: vmSpec([
      inner("192.168.0.0/16", 50),
      {
        name: "eth2",
        ipConfig: { address: "192.0.2.10/24" },
        routes: [{ destination: "192.168.0.0/16", gateway: "192.0.2.1" }],
      },
    ]),
    field: "networks[1].routes[0].metric",
    fix: true,
    message:
      "replies to traffic that arrives on eth2 from 192.168.0.0/16 leave through eth1, whose route has the lower metric (50, not 200)",
  },
  {
    code: "SUBNET_OVERLAP",
    when: "one subnet is inside another",
    spec: vmSpec([{ ...business, primary: true }, storage]),
    field: "networks[1].ipConfig.address",
    message:
      "10.0.1.128/25 overlaps 10.0.1.0/24 of networks[0]; traffic to addresses in both leaves through eth2, whose prefix is longer",
  },
  {
    code: "SUBNET_OVERLAP",
    when: "two NICs are in one subnet",
    spec: vmSpec([business, { name: "eth2", ipConfig: { address: "10.0.1.200/24" } }]),
    field: "networks[1].ipConfig.address",
    message:
      "10.0.1.0/24 overlaps 10.0.1.0/24 of networks[0]; traffic to addresses in both leaves through whichever NIC is configured first",
  },
  {
    code: "ROUTE_INSIDE_SUBNET",
    when: "a route takes a part of a subnet",
    spec: vmSpec([inner("10.0.1.128/25")]),
    field: "networks[0].routes[0].destination",
    fix: true,
    message:
      "10.0.1.128/25 is in the subnet of eth1 (10.0.1.0/24): hosts there are reached through 10.0.1.1 on eth1 instead of directly",
  },
  {
    code: "ROUTE_INSIDE_SUBNET",
    when: "a route leads to the subnet itself",
    spec: vmSpec([inner("10.0.1.0/24")]),
    field: "networks[0].routes[0].destination",
    fix: true,
    message: "10.0.1.0/24 is in the subnet of eth1 (10.0.1.0/24): the route is never used",
  },
  {
    code: "ROUTE_INSIDE_SUBNET",
    when: "an IPv6 route beats the subnet itself",
    spec: vmSpec([innerIpv6("2001:db8::/64", 100)]),
    field: "networks[0].routes[0].destination",
    fix: true,
    message:
      "2001:db8::/64 is in the subnet of eth1 (2001:db8::/64): hosts there are reached through 2001:db8::1 on eth1 instead of directly",
  },
  {
    code: "ROUTE_GATEWAY_INDIRECT",
    when: "an earlier IPv6 route covers the next hop",
    spec: vmSpec([
      {
        ...innerIpv6("2001:db8::8000/113", 100),
        routes: [
          { destination: "2001:db8::8000/113", gateway: "2001:db8::1" },
          { destination: "2001:db8:9::/48", gateway: "2001:db8::8005" },
        ],
      },
    ]),
    field: "networks[0].routes[1].gateway",
    fix: true,
    message:
      "the route to 2001:db8::8000/113 would make 2001:db8::8005 itself reachable only through 2001:db8::1",
  },
  {
    code: "ROUTE_GATEWAY_INDIRECT",
    when: "a route of the main table covers its own next hop in the NIC's table",
    spec: policy([innerIpv6("2001:db8::/64", 100)]),
    field: "networks[0].routes[0].gateway",
    fix: true,
    message: "the route to 2001:db8::/64 would make 2001:db8::1 itself reachable only through 2001:db8::1",
  },
  {
    code: "ROUTE_DUPLICATE",
    when: "two IPv6 metrics are the same for the kernel",
    spec: vmSpec([
      {
        ...innerIpv6("2001:db8:9::/48", 0),
        routes: [0, 1024].map((metric) => ({
          destination: "2001:db8:9::/48",
          gateway: "2001:db8::1",
          metric,
        })),
      },
    ]),
    field: "networks[0].routes[1]",
    fix: true,
    message: "networks[0].routes[0] has the same destination and metric",
  },
  {
    code: "GATEWAY_UNREACHABLE",
    when: "the kernel creates no route for the subnet",
    spec: vmSpec([{ name: "eth0", ipConfig: { address: "0.0.1.100/8", gateway: "0.0.1.1" } }]),
    field: "networks[0].ipConfig.gateway",
    message: "0.0.1.1 is outside eth0's 0.0.0.0/8",
  },
  {
    code: "GATEWAY_INVALID",
    when: "the gateway is the broadcast address",
    spec: vmSpec([{ name: "eth0", ipConfig: { address: "10.0.1.100/24", gateway: "10.0.1.255" } }]),
    field: "networks[0].ipConfig.gateway",
    message:
      "10.0.1.255 is not a gateway address such as 10.0.1.1: it is the broadcast address of 10.0.1.0/24",
  },
  {
    code: "GATEWAY_INVALID",
    when: "the next hop of a route is a broadcast address",
    spec: vmSpec([
      {
        ...business,
        routes: [{ destination: "192.168.0.0/16", gateway: "10.0.1.255" }],
      },
    ]),
    field: "networks[0].routes[0].gateway",
    message:
      "10.0.1.255 is not a gateway address such as 10.0.1.1: it is the broadcast address of 10.0.1.0/24",
  },
  {
    code: "ROUTING_POLICY_UNSUPPORTED",
    when: "the guest's renderer is not given",
    spec: vmSpec([business], { routing: "policy" }),
    field: "routing",
    fix: true,
    message: "routing: policy needs guest.renderer netplan or guestConfig nmstate; guest.renderer is not set",
  },
  {
    code: "ROUTING_POLICY_UNSUPPORTED",
    when: "the guest drops rules",
    spec: vmSpec([business], { routing: "policy", guest: { renderer: "network-manager" } }),
    field: "routing",
    fix: true,
    message:
      "routing: policy needs guest.renderer netplan or guestConfig nmstate; guest.renderer is network-manager",
  },
  {
    code: "ROUTING_POLICY_SKIPS_DHCP",
    when: "a NIC with DHCP is not the preferred one",
    spec: policy([dhcpNic, { ...business, primary: true }]),
    field: "networks[0].ipConfig",
    message:
      "eth0 gets no rule, because its address is known only after DHCP; replies to addresses beyond its subnet leave through eth1",
  },
  {
    code: "ROUTING_POLICY_EMPTY",
    when: "no NIC has a route beyond its subnet",
    spec: policy([storage]),
    field: "routing",
    fix: true,
    message: "routing: policy has no effect: no NIC has both a static address and a gateway or a route",
  },
];
