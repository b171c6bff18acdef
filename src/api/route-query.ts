// The addresses that a request asks about, parsed once.
import type { RouteQuery } from "../app/validate-networks.ts";
import { type IpAddress, parseIp } from "../domain/ip.ts";
import { type FieldViolation, invalidArgument } from "./transport/errors.ts";

/** Upper bound for interactive use. */
const maxAddresses = 100;

/** @throws ConnectError INVALID_ARGUMENT with every text that is not an address. */
export function readRouteQuery(routeTo: readonly string[], routeFrom: string): RouteQuery {
  const wrong: FieldViolation[] = [];
  const read = (text: string, field: string): readonly IpAddress[] => {
    const parsed = parseIp(text);
    if ("value" in parsed) return [parsed.value];
    const description = `${JSON.stringify(text.slice(0, 80))} is not an address such as 192.0.2.1: ${parsed.problem}`;
    wrong.push({ field, description, reason: "ADDRESS_INVALID" });
    return [];
  };
  if (routeTo.length > maxAddresses) {
    const description = `${routeTo.length} addresses; at most ${maxAddresses} are allowed`;
    throw invalidArgument([{ field: "routeTo", description, reason: "LIMIT_EXCEEDED" }]);
  }
  const to = routeTo.flatMap((text, index) => read(text, `routeTo[${index}]`));
  const [from] = routeFrom === "" ? [] : read(routeFrom, "routeFrom");
  if (wrong.length > 0) throw invalidArgument(wrong);
  return { to, from };
}
