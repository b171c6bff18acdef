// The texts of ipConfig and routes, read once. What cannot be read is a finding and left out.
import { finding, type Finding, type FindingCode } from "../findings.ts";
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

/** Without `mode` a NIC with an address is static, any other one asks DHCP. */
function modeOf(config: IpConfig | undefined): IpMode {
  if (config?.mode !== undefined) return config.mode;
  return config?.address !== undefined || (config?.addresses ?? []).length > 0 ? "static" : "dhcp";
}

export function resolveAddresses(config: IpConfig | undefined, field: string): ResolvedAddresses {
  const findings: Finding[] = [];
  const texts = [
    ...(config?.address === undefined ? [] : [{ field: `${field}.address`, text: config.address }]),
    ...(config?.addresses ?? []).map((text, index) => ({ field: `${field}.addresses[${index}]`, text })),
  ];
  const addresses: NicAddress[] = [];
  for (const { field: at, text } of texts) {
    const cidr = parseHostCidr(text);
    if ("value" in cidr) addresses.push({ field: at, cidr: cidr.value });
    else findings.push(finding("ADDRESS_INVALID", at, { given: text, problem: cidr.problem }));
  }
  const ip = (text: string, at: string, code: FindingCode): IpAddress | undefined => {
    const parsed = parseIp(text);
    if ("value" in parsed) return parsed.value;
    findings.push(finding(code, at, { given: text, problem: parsed.problem }));
    return undefined;
  };
  const gateway =
    config?.gateway === undefined ? undefined : ip(config.gateway, `${field}.gateway`, "GATEWAY_INVALID");
  const dnsServers = (config?.dnsServers ?? [])
    .map((text, index) => ip(text, `${field}.dnsServers[${index}]`, "DNS_INVALID"))
    .filter((server) => server !== undefined);
  return { mode: modeOf(config), addresses, gateway, dnsServers, findings };
}

/** netplan refuses prefix length 0 (invalid prefix length in address), with it the whole file. */
function parseHostCidr(text: string): Parsed<Cidr> {
  const cidr = parseCidr(text);
  const everything = "value" in cidr && cidr.value.prefixLength === 0;
  return everything ? { problem: "the prefix length of a host must be at least 1" } : cidr;
}

/** `metric` is for routes that name none. */
export function resolveRoutes(
  routes: readonly RouteConfig[],
  field: string,
  metric: number,
): { readonly routes: readonly NicRoute[]; readonly findings: readonly Finding[] } {
  const findings: Finding[] = [];
  const resolved: NicRoute[] = [];
  for (const [position, route] of routes.entries()) {
    const at = `${field}.routes[${position}]`;
    const destination = parseCidr(route.destination);
    if ("problem" in destination) {
      const { problem } = destination;
      findings.push(
        finding("ROUTE_DESTINATION_INVALID", `${at}.destination`, { given: route.destination, problem }),
      );
    }
    const gateway = parseIp(route.gateway);
    if ("problem" in gateway) {
      findings.push(
        finding("GATEWAY_INVALID", `${at}.gateway`, { given: route.gateway, problem: gateway.problem }),
      );
    }
    const given = route.metric;
    const metricIsValid =
      given === undefined || (Number.isInteger(given) && given >= 0 && given <= maxMetric);
    if (!metricIsValid)
      findings.push(finding("ROUTE_METRIC_INVALID", `${at}.metric`, { given: given ?? "" }));
    if ("value" in destination && "value" in gateway && metricIsValid) {
      resolved.push({
        field: at,
        position,
        destination: destination.value,
        gateway: gateway.value,
        metric: given ?? metric,
      });
    }
  }
  return { routes: resolved, findings };
}
