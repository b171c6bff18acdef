// The traffic that a request asks about, parsed once.
import type { RouteQuery as ProtoRouteQuery } from "../../gen/multinic/v1/network_service_pb.ts";
import type { RouteQuery } from "../app/validate-networks.ts";
import { type IpAddress, parseIp } from "../domain/ip.ts";
import { type FieldViolation, invalidArgument } from "./transport/errors.ts";

/** Upper bound for interactive use. */
const maxQueries = 100;

type AddressFields = Pick<ProtoRouteQuery, "address" | "sourceAddress">;

/** @throws ConnectError INVALID_ARGUMENT with every text that is not an address, and every pair of different families. */
export function readRouteQueries(queries: readonly AddressFields[]): readonly RouteQuery[] {
  if (queries.length > maxQueries) {
    const description = `${queries.length} queries; at most ${maxQueries} are allowed`;
    throw invalidArgument([{ field: "routeQueries", description, reason: "LIMIT_EXCEEDED" }]);
  }
  const wrong: FieldViolation[] = [];
  const read = (text: string, field: string): IpAddress | undefined => {
    const parsed = parseIp(text);
    if ("value" in parsed) return parsed.value;
    const description = `${JSON.stringify(text.slice(0, 80))} is not an address such as 192.0.2.1: ${parsed.problem}`;
    wrong.push({ field, description, reason: "ADDRESS_INVALID" });
    return undefined;
  };
  const parsed = queries.flatMap((query, index): readonly RouteQuery[] => {
    const at = `routeQueries[${index}]`;
    const address = read(query.address, `${at}.address`);
    const sourceAddress =
      query.sourceAddress === "" ? undefined : read(query.sourceAddress, `${at}.sourceAddress`);
    if (address === undefined) return [];
    if (sourceAddress !== undefined && sourceAddress.family !== address.family) {
      const description = `${sourceAddress.text} is an IPv${sourceAddress.family} address, but the traffic goes to ${address.text}; give a source address of IPv${address.family}`;
      wrong.push({ field: `${at}.sourceAddress`, description, reason: "ADDRESS_FAMILY" });
    }
    return [{ address, sourceAddress }];
  });
  if (wrong.length > 0) throw invalidArgument(wrong);
  return parsed;
}
