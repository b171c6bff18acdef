// `multinic watch`: prints the state of NICs, then a line for each change until it is stopped.
import { Command } from "commander";
import {
  WatchInterfaceStatusResponseSchema,
  type InterfaceKey,
  type WatchInterfaceStatusResponse,
} from "../../../gen/multinic/v1/interface_status_service_pb.ts";
import type { InterfaceStatus } from "../../../gen/multinic/v1/virtual_machine_pb.ts";
import { exitCode } from "../io.ts";
import {
  type CallOptions,
  type NamespacesOptions,
  namespacesOf,
  oneNamespace,
  outputOption,
  serverOption,
  withNamespaces,
} from "../options.ts";
import { createStreamNotes } from "../output/freshness-text.ts";
import { addressText, stateCell } from "../output/interfaces-text.ts";
import { structuredItem } from "../output/structured.ts";
import type { Run } from "../session.ts";
import { defaultServer } from "../server.ts";
import { interfaceStatusStream, statusesIn } from "../status-stream.ts";
import { printable, type Style } from "../style.ts";

type WatchOptions = CallOptions & NamespacesOptions;

export function watchCommand(run: Run): Command {
  const command = new Command("watch")
    .description(
      "print the state of NICs, then a line for each change; reconnects if the connection is lost, and notes if the states are out of date",
    )
    .argument("[names...]", "names of VMs; default: all");
  return withNamespaces(command)
    .addOption(serverOption().default(defaultServer))
    .addOption(outputOption())
    .action(
      run(async (session, names: string[], options: WatchOptions) => {
        const stream = interfaceStatusStream(session.connect(options.server), {
          namespaces: names.length === 0 ? namespacesOf(options) : [oneNamespace(options)],
          vmNames: names,
          signal: session.io.signal ?? new AbortController().signal,
          onReconnect: (reason) => session.note([`connection lost (${printable(reason)}); reconnecting`]),
        });
        const lines = changeLines(session.style);
        const notes = createStreamNotes();
        for await (const message of stream) {
          const { event } = message;
          session.note(notes(message));
          if (event.case === "synced" && event.value.interfaceCount === 0) session.note(["no NICs yet"]);
          if (options.output === "table") session.print(lines(message));
          else
            session.io.stdout.write(
              structuredItem(options.output, WatchInterfaceStatusResponseSchema, message),
            );
        }
        return exitCode.ok;
      }),
    );
}

/** The lines of a message: only what differs from the lines so far, so that a repeated snapshot prints nothing. */
function changeLines(style: Style): (message: WatchInterfaceStatusResponse) => readonly string[] {
  const shown = new Map<string, string>();
  let unseen: Set<string> | undefined;
  const gone = (key: string): string => {
    shown.delete(key);
    return `${key.padEnd(nameWidth)}  ${style("dim", "gone")}`;
  };
  return ({ event }) => {
    if (event.case === "reset") unseen = new Set(shown.keys());
    if (event.case === "synced") {
      const lines = [...(unseen ?? [])].map(gone);
      unseen = undefined;
      return lines;
    }
    const removed = event.case === "changes" ? event.value.removed : [];
    const changed = statusesIn(event).flatMap((status) => {
      const key = keyOf(status);
      const line = statusLine(key, status, style);
      unseen?.delete(key);
      if (shown.get(key) === line) return [];
      shown.set(key, line);
      return [line];
    });
    return [...changed, ...removed.map((key) => gone(keyOf(key)))];
  };
}

/** A stream does not know its longest name in advance; a longer one shifts its line to the right. */
const nameWidth = 28;
const stateWidth = 7;
const macWidth = 17;

function statusLine(key: string, status: InterfaceStatus, style: Style): string {
  const { text, format } = stateCell(status.state);
  const addresses = [status.guestInterface, ...status.addresses.map(addressText)].filter(Boolean).join(" ");
  return [
    key.padEnd(nameWidth),
    style(format, text) + " ".repeat(stateWidth - text.length),
    (printable(status.macAddress) || "-").padEnd(macWidth),
    ...[addresses, status.reason].map(printable).filter(Boolean),
  ].join("  ");
}

const keyOf = ({ namespace, vm, nic }: InterfaceKey | InterfaceStatus): string =>
  `${printable(namespace)}/${printable(vm)} ${printable(nic)}`;
