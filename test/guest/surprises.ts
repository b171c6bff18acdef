// Compares the NICs in a guest's files with what was requested and with the table of losses, both ways.
import { firstFamily, type GuestTrait, traitsOf } from "../../src/domain/guest/renderers.ts";
import type { IpFamily } from "../../src/domain/ip.ts";
import type { Nic } from "../../src/domain/nic.ts";
import { isIpv6, type GuestNic, type GuestRoute, wanted } from "./guest-nic.ts";

/** The losses of one renderer in one version, and a callback for each trait that occurred. */
export interface Expected {
  readonly isLost: (trait: GuestTrait) => boolean;
  readonly met: (trait: GuestTrait) => void;
}

/** One line for each NIC and setting that is not as expected. */
export function surprises(
  configured: readonly GuestNic[],
  nics: readonly Nic[],
  expected: Expected,
): readonly string[] {
  return nics.flatMap((nic) => {
    const want = wanted(nic);
    const found = configured.find(({ mac }) => mac === nic.mac);
    if (found === undefined) return [`${nic.name} is not configured`];
    const needed = [...traitsOf(nic).keys()];
    const lost = needed.filter(expected.isLost);
    const wrong = [
      ...differing("addresses", want.addresses.toSorted(), found.addresses.toSorted()),
      ...differing("mtu", want.mtu, found.mtu),
      ...differing("dhcp4", want.dhcp4, found.dhcp4),
      ...wrongRoutes(want, found, firstFamily(nic), lost),
      ...wrongServers(want, found, lost),
      ...needed
        .filter((trait) => trait === "dhcpMetric" || trait === "dhcpWithoutRoutes")
        .flatMap((trait) => {
          const kept =
            trait === "dhcpMetric"
              ? found.dhcpMetric === want.dhcpMetric
              : found.dhcpRoutes === want.dhcpRoutes;
          return kept === lost.includes(trait) ? [`${trait} is ${kept ? "kept" : "lost"}`] : [];
        }),
    ];
    for (const trait of needed) expected.met(trait);
    return wrong.map((problem) => `${nic.name}: ${problem}`);
  });
}

function differing(what: string, one: unknown, other: unknown): readonly string[] {
  const [wanted, found] = [one, other].map((value) => JSON.stringify(value));
  return wanted === found ? [] : [`${what} ${found}, not ${wanted}`];
}

/** A route is as requested if no trait that it needs is lost. There may be another in place of a lost one. */
function wrongRoutes(
  want: GuestNic,
  configured: GuestNic,
  first: IpFamily,
  lost: readonly GuestTrait[],
): readonly string[] {
  const wrong = want.routes.flatMap((route) => {
    const there = configured.routes.filter(({ to, via }) => to === route.to && via === route.via);
    const inMetric = there.some(({ metric }) => metric === route.metric);
    const lostFor = routeTraits(route, first).filter((trait) => lost.includes(trait));
    const text = `${route.to} via ${route.via} metric ${route.metric ?? ""}`;
    if (lostFor.length > 0) return inMetric ? [`${text} is there: ${lostFor.join(", ")} is kept`] : [];
    if (there.length === 0) return [`${text} is missing`];
    return inMetric === lost.includes("routeMetrics")
      ? [`${text}: routeMetrics is ${inMetric ? "kept" : "lost"}`]
      : [];
  });
  const unexpected = configured.routes.filter(
    ({ to, via }) => !want.routes.some((each) => each.to === to && each.via === via),
  );
  const excused = want.routes.filter((route) =>
    routeTraits(route, first).some((trait) => lost.includes(trait)),
  );
  return unexpected.length > excused.length
    ? [...wrong, ...differing("routes that were not requested", [], unexpected)]
    : wrong;
}

function routeTraits(route: GuestRoute, first: IpFamily): readonly GuestTrait[] {
  const family: IpFamily = isIpv6(route.to) ? 6 : 4;
  const isDefault = route.to.endsWith("/0");
  return [
    ...(isDefault && family === 6 ? (["ipv6DefaultRoute"] as const) : []),
    ...(isDefault && family !== first ? (["otherFamilyDefaultRoute"] as const) : []),
    ...(!isDefault && family !== first ? (["otherFamilyRoutes"] as const) : []),
  ];
}

/** resolv.conf(5): more are not used. */
const maxNameServers = 3;

function wrongServers(want: GuestNic, configured: GuestNic, lost: readonly GuestTrait[]): readonly string[] {
  const has = (family: IpFamily) => want.addresses.some((address) => isIpv6(address) === (family === 6));
  const traitOf = (family: IpFamily): GuestTrait | undefined => {
    if (want.dhcp4) return family === 6 ? "dhcpIpv6NameServers" : "dhcpNameServers";
    return has(family) ? undefined : "otherFamilyNameServers";
  };
  const servers = want.dns.slice(0, maxNameServers).flatMap((server) => {
    const trait = traitOf(isIpv6(server) ? 6 : 4);
    const kept = configured.dns.includes(server);
    return kept === (trait !== undefined && lost.includes(trait))
      ? [`name server ${server} is ${kept ? "kept" : "lost"}`]
      : [];
  });
  // Search domains are lost with the name servers.
  const searched = want.dns.every((server) => {
    const trait = traitOf(isIpv6(server) ? 6 : 4);
    return trait === undefined || !lost.includes(trait);
  });
  const search = want.search.filter((domain) => !configured.search.includes(domain));
  return searched ? [...servers, ...differing("missing search domains", [], search)] : servers;
}
