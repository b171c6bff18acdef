// The guest's routing as tables: its routes, its rules, and where traffic to an address goes.
import type { PredictedRoute, PredictedRule, RouteLookup } from "../../../gen/multinic/v1/network_pb.ts";
import { routeOriginToProto, wordOf } from "../../wire/enums.ts";
import { tableLines, type TableOptions } from "./table.ts";

const origins: Readonly<Record<keyof typeof routeOriginToProto, string>> = {
  address: "subnet of an address",
  gateway: "ipConfig.gateway",
  route: "routes",
  dhcp: "offered by DHCP",
  "link-local": "IPv6 link-local",
};

/** The kernel's main table; 0 (RT_TABLE_UNSPEC) means it too, and is the value of an absent field. */
const mainTables: readonly number[] = [254, 0];

/** A row for each route, best first; with the routing table if there are several. */
export function routeLines(routes: readonly PredictedRoute[], options: TableOptions): readonly string[] {
  const several = routes.some(({ table }) => !mainTables.includes(table));
  const rows = routes.map((route) => [
    route.destination,
    route.gateway,
    route.device,
    String(route.metric),
    ...(several ? [tableName(route.table)] : []),
    `${originText(route)}${assumed(route)}`,
  ]);
  return tableLines(
    ["ROUTE", "VIA", "DEVICE", "METRIC", ...(several ? ["TABLE"] : []), "WHY"],
    rows,
    options,
  );
}

/** A row for each rule, in the order in which the guest tries them. */
export function ruleLines(rules: readonly PredictedRule[], options: TableOptions): readonly string[] {
  const rows = rules.map(({ priority, sourceAddress, destination, device, table }) => [
    String(priority),
    sourceAddress,
    destination === "" ? "any" : destination,
    device,
    tableName(table),
  ]);
  return tableLines(["RULE", "FROM", "TO", "DEVICE", "TABLE"], rows, options);
}

/** A row for each address. */
export function lookupLines(lookups: readonly RouteLookup[], options: TableOptions): readonly string[] {
  const rows = lookups.map((lookup) => [
    lookup.address,
    lookup.device,
    lookup.gateway,
    lookup.sourceAddress,
    lookup.destination,
    lookup.message,
  ]);
  return tableLines(["TO", "DEVICE", "VIA", "FROM", "ROUTE", "WHY"], rows, options);
}

const tableName = (table: number): string => (mainTables.includes(table) ? "main" : String(table));

function originText({ origin }: PredictedRoute): string {
  const word = wordOf(routeOriginToProto, origin);
  return word === undefined ? "unknown" : origins[word];
}

const assumed = (route: PredictedRoute): string => (route.assumed ? " (assumed)" : "");
