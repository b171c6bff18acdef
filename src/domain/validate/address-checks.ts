// Checks of a NIC's addresses, gateway and name servers.
import { type Finding, finding } from "../findings.ts";
import { removeField, replaceWith } from "../fix.ts";
import { hostRange, type IpAddress, isNetworkOrBroadcast } from "../ip.ts";
import { hasIpv6 } from "../routing/predicted-routes.ts";
import type { NicCheck, NicContext } from "./context.ts";
import { hasNeighbours } from "./subnet-index.ts";

type OwnSubnets = Pick<NicContext, "nic" | "own">;

/**
 * The subnets of the NIC, if the next hop is in none of them. undefined if it is in one, or if the subnets are not known in
 * advance (DHCP). IPv6 link-local addresses are on every link.
 */
function onLinkSubnets({ nic, own }: OwnSubnets, hop: IpAddress): readonly string[] | undefined {
  const networks = own.networks[hop.family];
  if (nic.mode === "dhcp" && networks.length === 0) return undefined;
  if (hop.family === 6 && hop.value.range() === "linkLocal") return hasIpv6(nic) ? undefined : [];
  return own.connected.containing(hop) === undefined ? networks : undefined;
}

/** Linux refuses a broadcast address as next hop (Nexthop has invalid gateway). */
function broadcastHop({ own }: OwnSubnets, hop: IpAddress, field: string): Finding | undefined {
  const subnet = own.byBroadcast.get(hop.text);
  if (subnet === undefined) return undefined;
  const problem = `it is the broadcast address of ${subnet.network}`;
  return finding("GATEWAY_INVALID", field, { given: hop.text, problem });
}

/** The subnets that do not contain the next hop, as text. */
function inWords({ nic }: OwnSubnets, hop: IpAddress, subnets: readonly string[]): string {
  return subnets.length === 0
    ? `every subnet of ${nic.name}, which has no IPv${hop.family} address`
    : `${nic.name}'s ${someOf(subnets)}`;
}

const mostNamed = 3;

/** The first few, and how many more there are. */
export function someOf(texts: readonly string[]): string {
  const named = texts.slice(0, mostNamed).join(" and ");
  return texts.length > mostNamed ? `${named} and ${texts.length - mostNamed} more` : named;
}

/** A finding if the next hop is outside the subnets of the NIC, or a broadcast address. */
export function checkNextHop(
  context: OwnSubnets,
  hop: IpAddress,
  field: string,
  code: "GATEWAY_UNREACHABLE" | "ROUTE_GATEWAY_UNREACHABLE",
): Finding | undefined {
  const outside = onLinkSubnets(context, hop);
  if (outside === undefined) return broadcastHop(context, hop, field);
  return finding(code, field, { gateway: hop.text, subnets: inWords(context, hop, outside) });
}

const modeFitsAddresses: NicCheck = ({ nic, config }) => {
  const { address, addresses = [], gateway } = config.ipConfig ?? {};
  const field = `${nic.field}.ipConfig`;
  const { mode } = nic;
  if (mode === "static") {
    if (nic.type === "pod") {
      const problem = "does not work on the pod network, where KubeVirt assigns the address";
      return finding("IPMODE_CONFLICT", `${field}.mode`, { mode, problem }, { fix: removeField(field) });
    }
    const problem = "needs an address with prefix length";
    const hasAddress = address !== undefined || addresses.length > 0;
    return hasAddress ? undefined : finding("IPMODE_CONFLICT", `${field}.address`, { mode, problem });
  }
  const given = [
    ...(address === undefined ? [] : ["address"]),
    ...(addresses.length === 0 ? [] : ["addresses"]),
    ...(gateway === undefined ? [] : ["gateway"]),
  ];
  return given.map((name) => {
    const at = `${field}.${name}`;
    const fix = name === "gateway" ? removeField(at) : replaceWith(`${field}.mode`, "static");
    const problem = `cannot be combined with ${name}`;
    return finding("IPMODE_CONFLICT", at, { mode, problem }, { fix, related: [`${field}.mode`] });
  });
};

const addressIsHost: NicCheck = ({ nic }) =>
  nic.addresses.map(({ field, cidr }) => {
    if (!isNetworkOrBroadcast(cidr)) return undefined;
    const { first = "", last = "" } = hostRange(cidr) ?? {};
    return finding("ADDRESS_IS_NETWORK", field, { given: cidr.text, first, last });
  });

/** Whichever NIC is configured first, the guest treats the address as a broadcast address or loses that broadcast. */
const addressIsNoBroadcast: NicCheck = ({ nic, subnets }) =>
  nic.addresses.map(({ field, cidr: { address } }) => {
    const other = subnets.byBroadcast.get(address.text);
    if (other === undefined) return undefined;
    const values = { address: address.text, subnet: other.cidr.network, index: other.index };
    return finding("ADDRESS_IS_BROADCAST", field, values, { related: [other.field] });
  });

const addressIsUniqueInVm: NicCheck = ({ nic, subnets }) =>
  nic.addresses.map(({ field, cidr }) => {
    const first = subnets.firstWith.get(cidr.address.text);
    if (first === undefined || first.index >= nic.index) return undefined;
    const values = { address: cidr.address.text, first: first.index };
    const related = [`${first.field}.ipConfig.address`];
    return finding("ADDRESS_DUPLICATE_IN_VM", field, values, { related });
  });

const subnetIsApart: NicCheck = ({ nic, vm, subnets }) =>
  nic.addresses.map(({ field, cidr }) => {
    if (!hasNeighbours(cidr)) return undefined;
    for (const earlier of vm.nics.slice(0, nic.index)) {
      const other = subnets.ofNics[earlier.index]?.shared.overlapping(cidr);
      if (other !== undefined && other.cidr.address.text !== cidr.address.text) {
        const longer = cidr.prefixLength - other.cidr.prefixLength;
        const winner =
          longer === 0
            ? "whichever NIC is configured first"
            : `${longer > 0 ? nic.name : earlier.name}, whose prefix is longer`;
        const values = { subnet: cidr.network, other: other.cidr.network, first: earlier.index, winner };
        return finding("SUBNET_OVERLAP", field, values, { related: [other.field] });
      }
    }
    return undefined;
  });

const gatewayIsOnLink: NicCheck = ({ nic, own }) => {
  const { gateway } = nic;
  if (gateway === undefined || nic.mode === "dhcp" || nic.addresses.length === 0) return undefined;
  const field = `${nic.field}.ipConfig.gateway`;
  if (own.own.has(gateway.text)) {
    return finding("GATEWAY_IS_SELF", field, { gateway: gateway.text }, { fix: removeField(field) });
  }
  return checkNextHop({ nic, own }, gateway, field, "GATEWAY_UNREACHABLE");
};

/** resolv.conf(5): MAXNS. */
const maxNameServers = 3;

const nameServersAreFew: NicCheck = ({ nic }) => {
  const { length: count } = nic.dnsServers;
  if (count <= maxNameServers) return undefined;
  const field = `${nic.field}.ipConfig.dnsServers`;
  const value = nic.dnsServers.slice(0, maxNameServers).map(({ text }) => text);
  const fix = { description: `keep only ${value.join(", ")}`, patches: [{ field, value }] };
  return finding("DNS_TOO_MANY", field, { count }, { fix });
};

const searchDomainsAreNames: NicCheck = ({ nic }) =>
  nic.searchDomains.map((domain, index) =>
    /^(?=.{1,253}$)([a-z0-9_]([-a-z0-9_]{0,61}[a-z0-9_])?)(\.[a-z0-9_]([-a-z0-9_]{0,61}[a-z0-9_])?)*$/i.test(
      domain,
    )
      ? undefined
      : finding("SEARCH_DOMAIN_INVALID", `${nic.field}.ipConfig.searchDomains[${index}]`, { given: domain }),
  );

/** cloud-init's parser refuses `search` without `addresses`, so multinic leaves it out then. */
const searchDomainsReachGuest: NicCheck = ({ nic }) => {
  if (nic.searchDomains.length === 0 || nic.dnsServers.length > 0) return undefined;
  const field = `${nic.field}.ipConfig`;
  const related = [`${field}.dnsServers`];
  return finding("SEARCH_DOMAINS_WITHOUT_SERVERS", `${field}.searchDomains`, {}, { related });
};

export const addressChecks: readonly NicCheck[] = [
  modeFitsAddresses,
  addressIsHost,
  addressIsNoBroadcast,
  addressIsUniqueInVm,
  subnetIsApart,
  gatewayIsOnLink,
  nameServersAreFew,
  searchDomainsAreNames,
  searchDomainsReachGuest,
];
