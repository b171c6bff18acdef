// Checks of a NIC's addresses, gateway and name servers.
import { type Finding, finding } from "../findings.ts";
import { removeField, replaceWith } from "../fix.ts";
import {
  broadcastAddress,
  type Cidr,
  contains,
  hostRange,
  type IpAddress,
  isNetworkOrBroadcast,
  overlaps,
} from "../ip.ts";
import type { Nic, NicAddress } from "../nic.ts";
import { hasConnectedRoute, hasIpv6, masquerade } from "../routing/predicted-routes.ts";
import { type NicCheck, nicsBefore } from "./context.ts";

/**
 * The subnets of the NIC, if the next hop is in none of them. undefined if it is in one, or if the subnets are not known in
 * advance (DHCP). IPv6 link-local addresses are on every link.
 */
function onLinkSubnets(nic: Nic, hop: IpAddress): readonly string[] | undefined {
  const subnets = nic.addresses.filter(({ cidr }) => cidr.address.family === hop.family);
  if (nic.mode === "dhcp" && subnets.length === 0) return undefined;
  if (hop.family === 6 && hop.value.range() === "linkLocal") return hasIpv6(nic) ? undefined : [];
  return subnets.some(({ cidr }) => hasConnectedRoute(cidr) && contains(cidr, hop))
    ? undefined
    : subnets.map(({ cidr }) => cidr.network);
}

/** Linux refuses a broadcast address as next hop (Nexthop has invalid gateway). */
function broadcastHop(nic: Nic, hop: IpAddress, field: string): Finding | undefined {
  const subnet = nic.addresses.find(({ cidr }) => broadcastAddress(cidr) === hop.text);
  if (subnet === undefined) return undefined;
  const problem = `it is the broadcast address of ${subnet.cidr.network}`;
  return finding("GATEWAY_INVALID", field, { given: hop.text, problem });
}

/** The subnets that do not contain the next hop, as text. */
function inWords(nic: Nic, hop: IpAddress, subnets: readonly string[]): string {
  return subnets.length === 0
    ? `every subnet of ${nic.name}, which has no IPv${hop.family} address`
    : `${nic.name}'s ${subnets.join(" and ")}`;
}

/** A finding if the next hop is outside the subnets of the NIC, or a broadcast address. */
export function checkNextHop(
  nic: Nic,
  hop: IpAddress,
  field: string,
  code: "GATEWAY_UNREACHABLE" | "ROUTE_GATEWAY_UNREACHABLE",
): Finding | undefined {
  const outside = onLinkSubnets(nic, hop);
  if (outside === undefined) return broadcastHop(nic, hop, field);
  return finding(code, field, { gateway: hop.text, subnets: inWords(nic, hop, outside) });
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
const addressIsNoBroadcast: NicCheck = ({ nic, vm }) => {
  const subnets = vm.nics.flatMap(subnetsOf);
  return nic.addresses.map(({ field, cidr: { address } }) => {
    const other = subnets.find(
      ({ cidr }) => cidr.address.text !== address.text && broadcastAddress(cidr) === address.text,
    );
    if (other === undefined) return undefined;
    const values = { address: address.text, subnet: other.cidr.network, index: other.index };
    return finding("ADDRESS_IS_BROADCAST", field, values, { related: [other.field] });
  });
};

/** The subnets of a NIC that are known beforehand. */
function subnetsOf({ type, index, field, addresses }: Nic): (NicAddress & { readonly index: number })[] {
  if (type === "pod") return [{ index, field: `${field}.type`, cidr: masquerade.address }];
  return addresses.map((address) => ({ ...address, index }));
}

const addressIsUniqueInVm: NicCheck = (context) =>
  context.nic.addresses.map(({ field, cidr }) => {
    const first = nicsBefore(context).find(({ addresses }) =>
      addresses.some((other) => other.cidr.address.text === cidr.address.text),
    );
    if (first === undefined) return undefined;
    const values = { address: cidr.address.text, first: first.index };
    const related = [`${first.field}.ipConfig.address`];
    return finding("ADDRESS_DUPLICATE_IN_VM", field, values, { related });
  });

const subnetIsApart: NicCheck = (context) =>
  context.nic.addresses.map(({ field, cidr }) => {
    if (!hasNeighbours(cidr)) return undefined;
    for (const earlier of nicsBefore(context)) {
      const other = earlier.addresses.find(
        (address) => hasNeighbours(address.cidr) && overlaps(address.cidr, cidr),
      );
      if (other !== undefined && other.cidr.address.text !== cidr.address.text) {
        const longer = cidr.prefixLength - other.cidr.prefixLength;
        const winner =
          longer === 0
            ? "whichever NIC is configured first"
            : `${longer > 0 ? context.nic.name : earlier.name}, whose prefix is longer`;
        const values = { subnet: cidr.network, other: other.cidr.network, first: earlier.index, winner };
        return finding("SUBNET_OVERLAP", field, values, { related: [other.field] });
      }
    }
    return undefined;
  });

/** False for a single address such as a /32. */
const hasNeighbours = (cidr: Cidr): boolean =>
  hasConnectedRoute(cidr) && cidr.prefixLength < (cidr.address.family === 4 ? 32 : 128);

const gatewayIsOnLink: NicCheck = ({ nic }) => {
  const { gateway } = nic;
  if (gateway === undefined || nic.mode === "dhcp" || nic.addresses.length === 0) return undefined;
  const field = `${nic.field}.ipConfig.gateway`;
  if (nic.addresses.some(({ cidr }) => cidr.address.text === gateway.text)) {
    return finding("GATEWAY_IS_SELF", field, { gateway: gateway.text }, { fix: removeField(field) });
  }
  return checkNextHop(nic, gateway, field, "GATEWAY_UNREACHABLE");
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
