// The resolved NICs of a VM as a table, with their defaults filled in.
import { IpMode, type ResolvedNetwork } from "../../../gen/multinic/v1/network_pb.ts";
import { networkTypeToProto, wordOf } from "../../wire/enums.ts";
import { tableLines, type TableOptions } from "./table.ts";

/** A row for each NIC; `*` marks the primary one. */
export function networkLines(networks: readonly ResolvedNetwork[], options: TableOptions): readonly string[] {
  const rows = networks.map((nic) => [
    nic.primary ? `${nic.name} *` : nic.name,
    wordOf(networkTypeToProto, nic.type) ?? "",
    nic.attachment,
    vlanText(nic.vlanId),
    nic.macAddress,
    nic.mtu === undefined ? "" : String(nic.mtu),
    String(nic.metric),
    addressesText(nic),
  ]);
  return tableLines(
    ["NIC", "TYPE", "ATTACHMENT", "VLAN", "MAC", "MTU", "METRIC", "ADDRESSES"],
    rows,
    options,
  );
}

/** Empty if it is not known. */
function vlanText(vlanId: number | undefined): string {
  if (vlanId === undefined) return "";
  return vlanId === 0 ? "untagged" : String(vlanId);
}

function addressesText({ ipv4, ipv6 }: ResolvedNetwork): string {
  return [ipv4, ipv6]
    .flatMap((ip) => (ip?.mode === IpMode.DHCP ? ["DHCP"] : (ip?.addresses ?? [])))
    .join(",");
}
