// The resolved NICs of a VM as a table, with their defaults filled in.
import type { ResolvedNetwork } from "../../../gen/multinic/v1/network_pb.ts";
import { networkTypeToProto, wordOf } from "../../wire/enums.ts";
import { tableLines, type TableOptions } from "./table.ts";

/** A row for each NIC; `*` marks the primary one. */
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
