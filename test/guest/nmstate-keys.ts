// The keys of NMState that are used here, with their kinds, from its documented API (nmstate 2.2: NetworkPolicy,
// NetworkState, BaseInterface, InterfaceIpv4, InterfaceIpv6, RouteEntry, RouteRuleEntry, DnsClientState). It refuses
// a document with any key that it does not know (serde deny_unknown_fields).

type Keys = { readonly [key: string]: Shape };
type Shape = "text" | "flag" | "number" | "texts" | readonly [Keys] | Keys;

const address: Keys = { ip: "text", "prefix-length": "number" };
const ip: Keys = {
  enabled: "flag",
  dhcp: "flag",
  address: [address],
  "auto-dns": "flag",
  "auto-gateway": "flag",
  "auto-routes": "flag",
  "auto-route-metric": "number",
};
const desired: Keys = {
  interfaces: [
    {
      name: "text",
      type: "text",
      state: "text",
      identifier: "text",
      "mac-address": "text",
      mtu: "number",
      ipv4: ip,
      ipv6: { ...ip, autoconf: "flag" },
    },
  ],
  routes: {
    config: [
      {
        destination: "text",
        "next-hop-address": "text",
        "next-hop-interface": "text",
        metric: "number",
        "table-id": "number",
      },
    ],
  },
  "route-rules": {
    config: [
      { family: "text", "ip-from": "text", "ip-to": "text", priority: "number", "route-table": "number" },
    ],
  },
  "dns-resolver": { config: { server: "texts", search: "texts" } },
};

/** Where the document is not as nmstate reads it; empty when it is. */
export function notNmstate(document: unknown): readonly string[] {
  const { capture, ...rest } = document as { readonly capture?: Readonly<Record<string, unknown>> };
  const rules: Keys = Object.fromEntries(Object.keys(capture ?? {}).map((name) => [name, "text" as const]));
  return misfits({ capture, ...rest }, { capture: rules, desired }, "");
}

function misfits(value: unknown, shape: Shape, at: string): readonly string[] {
  if (shape === "texts") return isTexts(value) ? [] : [`${at} is not a list of texts`];
  if (shape === "text" || shape === "flag" || shape === "number") {
    const type = { text: "string", flag: "boolean", number: "number" }[shape];
    return typeof value === type ? [] : [`${at} is no ${shape}`];
  }
  if (Array.isArray(shape)) {
    const [of] = shape as readonly [Keys];
    return Array.isArray(value)
      ? value.flatMap((element: unknown, index) => misfits(element, of, `${at}[${index}]`))
      : [`${at} is not a list`];
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [`${at} is not a mapping`];
  return Object.entries(value).flatMap(([key, child]: [string, unknown]) => {
    const known = (shape as Keys)[key];
    return known === undefined ? [`${at}.${key} is not known`] : misfits(child, known, `${at}.${key}`);
  });
}

const isTexts = (value: unknown): boolean =>
  Array.isArray(value) && value.every((element) => typeof element === "string");
