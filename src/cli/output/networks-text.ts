// What a VM's networks come to, for people: the NICs with their defaults filled in, and the guest's routes.
import type { PredictedRoute, ResolvedNetwork } from "../../../gen/multinic/v1/network_pb.ts";
import { networkTypeToProto, routeOriginToProto, wordOf } from "../../api/mapping/enums.ts";
import { tableLines, type TableOptions } from "./table.ts";

const origins: Readonly<Record<keyof typeof routeOriginToProto, string>> = {
  address: "subnet of an address",
  gateway: "ipConfig.gateway",
  route: "routes",
  dhcp: "offered by DHCP",
};

/** A row per NIC; the primary one is marked. */
export function networkLines(networks: readonly ResolvedNetwork[], options: TableOptions): readonly string[] {
  const rows = networks.map((nic) => [
    nic.primary ? `${nic.name} *` : nic.name,
    wordOf(networkTypeToProto, nic.type) ?? "",
    nic.attachment,
    nic.vlanId === 0 ? "" : String(nic.vlanId),
    nic.macAddress,
    nic.mtu === 0 ? "" : String(nic.mtu),
    String(nic.metric),
    nic.addresses.length > 0 ? nic.addresses.join(",") : "DHCP",
  ]);
  return tableLines(
    ["NIC", "TYPE", "ATTACHMENT", "VLAN", "MAC", "MTU", "METRIC", "ADDRESSES"],
    rows,
    options,
  );
}

/** A row per route, best first. */
export function routeLines(routes: readonly PredictedRoute[], options: TableOptions): readonly string[] {
  const rows = routes.map((route) => [
    route.destination,
    route.gateway,
    route.nic,
    String(route.metric),
    `${origins[wordOf(routeOriginToProto, route.origin) ?? "route"]}${route.assumed ? " (assumed)" : ""}`,
  ]);
  return tableLines(["ROUTE", "VIA", "NIC", "METRIC", "WHY"], rows, options);
}
