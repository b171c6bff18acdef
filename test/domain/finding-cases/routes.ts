// Findings on routes.
import { type SpecCase, nic, route, two } from "./case.ts";
import { dhcpNic, vmSpec } from "../specs.ts";

export const routesCases: readonly SpecCase[] = [
  {
    code: "ROUTE_DESTINATION_INVALID",
    when: "the destination has no prefix",
    spec: route("198.51.100.0"),
    field: "networks[0].routes[0].destination",
  },
  {
    code: "ROUTE_HOST_BITS",
    when: "the destination has host bits",
    spec: route("198.51.100.1/24"),
    field: "networks[0].routes[0].destination",
    fix: true,
  },
  {
    code: "ROUTE_FAMILY_MISMATCH",
    when: "an IPv6 route has an IPv4 next hop",
    spec: route("2001:db8:1::/48"),
    field: "networks[0].routes[0].gateway",
  },
  {
    code: "ROUTE_GATEWAY_UNREACHABLE",
    when: "the next hop is off-link",
    spec: route("203.0.113.0/24", "198.51.100.1"),
    field: "networks[0].routes[0].gateway",
  },
  {
    code: "ROUTE_GATEWAY_UNREACHABLE",
    when: "an IPv6-only NIC has an IPv4 route",
    spec: nic({
      ipConfig: { address: "2001:db8::10/64" },
      routes: [{ destination: "203.0.113.0/24", gateway: "192.0.2.1" }],
    }),
    field: "networks[0].routes[0].gateway",
  },
  {
    code: "ROUTE_METRIC_INVALID",
    when: "the metric is negative",
    spec: route("198.51.100.0/24", "192.0.2.1", -1),
    field: "networks[0].routes[0].metric",
  },
  {
    code: "ROUTE_DUPLICATE",
    when: "a route is given twice",
    spec: nic({
      routes: [
        { destination: "203.0.113.0/24", gateway: "192.0.2.1" },
        { destination: "203.0.113.0/24", gateway: "192.0.2.2" },
      ],
    }),
    field: "networks[0].routes[1]",
    fix: true,
  },
  {
    code: "DEFAULT_ROUTE_CONFLICT",
    when: "a default route in routes has the metric of the one from DHCP",
    spec: vmSpec([
      dhcpNic,
      {
        name: "eth1",
        ipConfig: { address: "198.51.100.10/24" },
        routes: [{ destination: "0.0.0.0/0", gateway: "198.51.100.1", metric: 100 }],
      },
    ]),
    field: "networks[1].routes[0].metric",
    fix: true,
  },
  {
    code: "DEFAULT_ROUTE_CONFLICT",
    when: "a gateway has the metric of an earlier default route in routes",
    spec: two(
      { routes: [{ destination: "0.0.0.0/0", gateway: "192.0.2.1", metric: 200 }] },
      { ipConfig: { address: "198.51.100.10/24", gateway: "198.51.100.1" } },
    ),
    field: "networks[1].ipConfig.gateway",
    fix: true,
  },
];
