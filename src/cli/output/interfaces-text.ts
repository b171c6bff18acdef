// NIC states as a table.
import {
  type InterfaceAddress,
  InterfaceState,
  type InterfaceStatus,
} from "../../../gen/multinic/v1/virtual_machine_pb.ts";
import { interfaceStateToProto, networkTypeToProto, wordOf } from "../../wire/enums.ts";
import { tableLines, type Cell, type TableOptions } from "./table.ts";

const stateColours = { Up: "green", Down: "red", Unknown: "yellow" } as const;

/** Which of the columns before the NIC are shown. */
export interface InterfaceColumns {
  readonly namespace: boolean;
  readonly vm: boolean;
}

/** A row for each NIC. */
export function interfacesTable(
  interfaces: readonly InterfaceStatus[],
  columns: InterfaceColumns,
  options: TableOptions,
): readonly string[] {
  const header = ["NIC", "TYPE", "ATTACHMENT", "GUEST", "MAC", "IP", "STATE", "REASON"];
  return tableLines(
    [...(columns.namespace ? ["NAMESPACE"] : []), ...(columns.vm ? ["VM"] : []), ...header],
    interfaces.map((status) => [
      ...(columns.namespace ? [status.namespace] : []),
      ...(columns.vm ? [status.vm] : []),
      status.nic,
      wordOf(networkTypeToProto, status.type) ?? "",
      attachmentOf(status),
      status.guestInterface,
      status.macAddress,
      addressesOf(status),
      stateCell(status.state),
      status.reason,
    ]),
    options,
  );
}

/** Up, Down or Unknown, in its colour. */
export function stateCell(state: InterfaceState): Cell & object {
  const text = stateWord(state);
  return { text, format: stateColours[text] };
}

/** Up, Down or Unknown. */
export function stateWord(state: InterfaceState): keyof typeof stateColours {
  return wordOf(interfaceStateToProto, state) ?? "Unknown";
}

/** With its prefix length, if that is known. */
export function addressText({ address, prefixLength }: InterfaceAddress): string {
  return prefixLength === undefined ? address : `${address}/${prefixLength}`;
}

function addressesOf({ addresses, omittedAddressCount }: InterfaceStatus): string {
  const more = omittedAddressCount === 0 ? [] : [`and ${omittedAddressCount} more`];
  return [...addresses.map(addressText), ...more].join(",");
}

function attachmentOf({ attachment, vlanId }: InterfaceStatus): string {
  return vlanId === undefined || vlanId === 0 ? attachment : `${attachment} (VLAN ${vlanId})`;
}
