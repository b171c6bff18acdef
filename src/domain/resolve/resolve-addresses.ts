// Parses ipConfig and routes. A value that cannot be parsed is left out and becomes a finding.
import { finding, type Finding } from "../findings.ts";
import { replaceWith } from "../fix.ts";
import { type Cidr, type IpAddress, parseCidr, type Parsed, parseIp } from "../ip.ts";
import type { NicAddress, NicRoute } from "../nic.ts";
import type { IpConfig, IpMode, RouteConfig } from "../spec.ts";

const maxMetric = 0xffff_ffff;

interface ResolvedAddresses {
  readonly mode: IpMode;
  readonly addresses: readonly NicAddress[];
  readonly gateway: IpAddress | undefined;
  readonly dnsServers: readonly IpAddress[];
  readonly findings: readonly Finding[];
}

/** Without `mode`, a NIC with an address is static, any other uses DHCP. */
function modeOf(config: IpConfig | undefined): IpMode {
  if (config?.mode !== undefined) return config.mode;
  return config?.address !== undefined || (config?.addresses ?? []).length > 0 ? "static" : "dhcp";
}

export function resolveAddresses(config: IpConfig | undefined, field: string): ResolvedAddresses {
  const findings: Finding[] = [];
  const read = reader(findings);
  const texts = [
    ...(config?.address === undefined ? [] : [{ at: `${field}.address`, text: config.address }]),
    ...(config?.addresses ?? []).map((text, index) => ({ at: `${field}.addresses[${index}]`, text })),
  ];
  const addresses = texts.flatMap(({ at, text }): readonly NicAddress[] => {
    const cidr = read(parseHostCidr, text, at, "ADDRESS_INVALID");
    return cidr === undefined ? [] : [{ field: at, cidr }];
  });
  const gateway =
    config?.gateway === undefined
      ? undefined
      : read(parseIp, config.gateway, `${field}.gateway`, "GATEWAY_INVALID");
  const dnsServers = (config?.dnsServers ?? [])
    .map((text, index) => read(parseIp, text, `${field}.dnsServers[${index}]`, "DNS_INVALID"))
    .filter((server) => server !== undefined);
  return { mode: modeOf(config), addresses, gateway, dnsServers, findings };
}

type UnreadableCode = "ADDRESS_INVALID" | "GATEWAY_INVALID" | "DNS_INVALID" | "ROUTE_DESTINATION_INVALID";

/** Returns a function that parses a text of the input, or adds a finding. */
function reader(findings: Finding[]) {
  return <T>(
    parse: (text: string) => Parsed<T>,
    text: string,
    field: string,
    code: UnreadableCode,
  ): T | undefined => {
    const parsed = parse(text);
    if ("value" in parsed) return parsed.value;
    findings.push(finding(code, field, { given: text, problem: parsed.problem }));
    return undefined;
  };
}

/** netplan refuses the whole file for prefix length 0 (invalid prefix length in address). */
function parseHostCidr(text: string): Parsed<Cidr> {
  const cidr = parseCidr(text);
  const everything = "value" in cidr && cidr.value.prefixLength === 0;
  return everything ? { problem: "the prefix length of a host must be at least 1" } : cidr;
}

/** `metric`: for routes without one. */
export function resolveRoutes(
  routes: readonly RouteConfig[],
  field: string,
  metric: number,
): { readonly routes: readonly NicRoute[]; readonly findings: readonly Finding[] } {
  const findings: Finding[] = [];
  const read = reader(findings);
  const resolved = routes.flatMap((route, position): readonly NicRoute[] => {
    const at = `${field}.routes[${position}]`;
    const destination = read(parseCidr, route.destination, `${at}.destination`, "ROUTE_DESTINATION_INVALID");
    findings.push(...hostBits(destination, `${at}.destination`));
    const gateway = read(parseIp, route.gateway, `${at}.gateway`, "GATEWAY_INVALID");
    const given = route.metric ?? metric;
    const metricIsValid =
      route.metric === undefined || (Number.isInteger(given) && given >= 0 && given <= maxMetric);
    if (!metricIsValid) findings.push(finding("ROUTE_METRIC_INVALID", `${at}.metric`, { given }));
    if (destination === undefined || gateway === undefined || !metricIsValid) return [];
    return [{ field: at, position, destination, gateway, metric: given }];
  });
  return { routes: resolved, findings };
}

/** No bit beyond the prefix may be set (RFC 4632 3.1). */
function hostBits(destination: Cidr | undefined, at: string): readonly Finding[] {
  if (destination === undefined || !destination.hasHostBits) return [];
  const { text: given, network } = destination;
  return [finding("ROUTE_HOST_BITS", at, { given, network }, { fix: replaceWith(at, network) })];
}
