// Routes that are rejected do not stop the networks of a Wukong: they are left out, and the rest is applied.
import type { Finding } from "../domain/findings.ts";
import type { VmSpec } from "../domain/spec.ts";

/** `NIC/ROUTE` positions in the spec as it was given. */
export type Positions = ReadonlySet<string>;

const routeField = /^networks\[(\d+)\]\.routes(?:\[(\d+)\])?(?=\.|$)/;

/** True for a finding about static routes and nothing else. */
export function isAboutRoutes({ field }: Pick<Finding, "field">): boolean {
  return routeField.test(field);
}

/**
 * The routes that these findings reject, in addition to `before`. A finding on a whole list of routes rejects all of it.
 * undefined: an error is about something else, or there is no route left that could be left out.
 */
export function rejectedRoutes(
  spec: VmSpec,
  findings: readonly Finding[],
  before: Positions,
): Positions | undefined {
  const errors = findings.filter(({ severity }) => severity === "error");
  if (!errors.every(isAboutRoutes)) return undefined;
  const rejected = new Set(before);
  for (const { field } of errors) {
    const [, nic = "", route] = routeField.exec(field) ?? [];
    const routes = spec.networks[Number(nic)]?.routes ?? [];
    const positions = route === undefined ? [...routes.keys()] : [Number(route)];
    for (const position of positions) rejected.add(`${nic}/${position}`);
  }
  return rejected.size > before.size ? rejected : undefined;
}

export function withoutRoutes(spec: VmSpec, rejected: Positions): VmSpec {
  const networks = spec.networks.map((network, nic) => {
    const { routes, ...rest } = network;
    if (routes === undefined) return network;
    return { ...rest, routes: routes.filter((_, position) => !rejected.has(`${nic}/${position}`)) };
  });
  return { ...spec, networks };
}

/** A finding about the spec without those routes, with its paths as in the spec that was given. */
export function asGiven(found: Finding, rejected: Positions): Finding {
  const { field, related } = found;
  return {
    ...found,
    field: pathAsGiven(field, rejected),
    ...(related === undefined ? {} : { related: related.map((path) => pathAsGiven(path, rejected)) }),
  };
}

function pathAsGiven(path: string, rejected: Positions): string {
  const match = routeField.exec(path);
  if (match?.[2] === undefined) return path;
  const [whole, nic = "", route] = match;
  let position = -1;
  for (let kept = -1; kept < Number(route);) {
    position += 1;
    if (!rejected.has(`${nic}/${position}`)) kept += 1;
  }
  return `networks[${nic}].routes[${position}]${path.slice(whole.length)}`;
}
