// Findings on addresses and gateways.
import { type SpecCase, ip, nic, route, two } from "./case.ts";
import { vmSpec } from "../specs.ts";

export const addressesCases: readonly SpecCase[] = [
  {
    code: "IPMODE_CONFLICT",
    when: "static has no address",
    spec: nic({ ipConfig: { mode: "static" } }),
    field: "networks[0].ipConfig.address",
  },
  {
    code: "IPMODE_CONFLICT",
    when: "DHCP has an address",
    spec: nic({ ipConfig: { mode: "dhcp", address: "192.0.2.10/24" } }),
    field: "networks[0].ipConfig.address",
  },
  {
    code: "IPMODE_CONFLICT",
    when: "DHCP has further addresses",
    spec: nic({ ipConfig: { mode: "dhcp", addresses: ["192.0.2.10/24"] } }),
    field: "networks[0].ipConfig.addresses",
  },
  {
    code: "IPMODE_CONFLICT",
    when: "DHCP has a gateway",
    spec: nic({ ipConfig: { mode: "dhcp", gateway: "192.0.2.1" } }),
    field: "networks[0].ipConfig.gateway",
  },
  {
    code: "IPMODE_CONFLICT",
    when: "the pod NIC is static",
    spec: vmSpec([{ name: "eth0", type: "pod", ipConfig: { address: "10.0.2.9/24" } }]),
    field: "networks[0].ipConfig.mode",
  },
  {
    code: "ADDRESS_INVALID",
    when: "the prefix length is missing",
    spec: ip({ address: "192.0.2.10" }),
    field: "networks[0].ipConfig.address",
  },
  {
    code: "ADDRESS_INVALID",
    when: "the address has a leading zero",
    spec: ip({ address: "192.0.02.10/24" }),
    field: "networks[0].ipConfig.address",
  },
  {
    code: "ADDRESS_INVALID",
    when: "the prefix length is 33",
    spec: ip({ addresses: ["192.0.2.10/33"] }),
    field: "networks[0].ipConfig.addresses[0]",
  },
  {
    code: "ADDRESS_INVALID",
    when: "the prefix length is 0",
    spec: ip({ address: "192.0.2.10/0" }),
    field: "networks[0].ipConfig.address",
  },
  {
    code: "ADDRESS_INVALID",
    when: "the address is a mapped one",
    spec: ip({ address: "::ffff:192.0.2.10/120" }),
    field: "networks[0].ipConfig.address",
  },
  {
    code: "ADDRESS_INVALID",
    when: "the address has a zone",
    spec: ip({ address: "fe80::1%eth0/64" }),
    field: "networks[0].ipConfig.address",
  },
  {
    code: "ADDRESS_IS_NETWORK",
    when: "the host part is zero",
    spec: ip({ address: "192.0.2.0/24" }),
    field: "networks[0].ipConfig.address",
  },
  {
    code: "ADDRESS_IS_NETWORK",
    when: "the address is the broadcast address",
    spec: ip({ address: "192.0.2.255/24" }),
    field: "networks[0].ipConfig.address",
  },
  {
    code: "ADDRESS_DUPLICATE_IN_VM",
    when: "two NICs share an address",
    spec: two({}, { ipConfig: { address: "192.0.2.10/24" } }),
    field: "networks[1].ipConfig.address",
  },
  {
    code: "SUBNET_OVERLAP",
    when: "two NICs are in one subnet",
    spec: two({}, { ipConfig: { address: "192.0.2.11/25" } }),
    field: "networks[1].ipConfig.address",
  },
  {
    code: "GATEWAY_INVALID",
    when: "the gateway has a prefix",
    spec: ip({ gateway: "192.0.2.1/24" }),
    field: "networks[0].ipConfig.gateway",
  },
  {
    code: "GATEWAY_INVALID",
    when: "a route's gateway is empty",
    spec: route("198.51.100.0/24", ""),
    field: "networks[0].routes[0].gateway",
  },
  {
    code: "GATEWAY_UNREACHABLE",
    when: "the gateway is off-link",
    spec: ip({ gateway: "198.51.100.1" }),
    field: "networks[0].ipConfig.gateway",
  },
  {
    code: "GATEWAY_UNREACHABLE",
    when: "the gateway is of the other family",
    spec: ip({ gateway: "2001:db8::1" }),
    field: "networks[0].ipConfig.gateway",
  },
  {
    code: "GATEWAY_IS_SELF",
    when: "the gateway is the NIC itself",
    spec: ip({ gateway: "192.0.2.10" }),
    field: "networks[0].ipConfig.gateway",
  },
  {
    code: "GATEWAY_IS_SELF",
    when: "a route goes by the NIC itself",
    spec: route("198.51.100.0/24", "192.0.2.10"),
    field: "networks[0].routes[0].gateway",
  },
  {
    code: "DNS_INVALID",
    when: "a name server is a name",
    spec: ip({ dnsServers: ["dns.example"] }),
    field: "networks[0].ipConfig.dnsServers[0]",
  },
  {
    code: "DNS_TOO_MANY",
    when: "there are four name servers",
    spec: ip({ dnsServers: ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"] }),
    field: "networks[0].ipConfig.dnsServers",
  },
  {
    code: "SEARCH_DOMAIN_INVALID",
    when: "a search domain has a space",
    spec: ip({ searchDomains: ["a b"] }),
    field: "networks[0].ipConfig.searchDomains[0]",
  },
  {
    code: "SEARCH_DOMAINS_WITHOUT_SERVERS",
    when: "there are search domains and no name servers",
    spec: ip({ searchDomains: ["example.org"] }),
    field: "networks[0].ipConfig.searchDomains",
  },
];
