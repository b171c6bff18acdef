// What a VM's networks come to, for people: the NICs with their defaults filled in.
import type { ResolvedNetwork } from "../../../gen/multinic/v1/network_pb.ts";
import { networkTypeToProto, wordOf } from "../../wire/enums.ts";
import { tableLines, type TableOptions } from "./table.ts";

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
