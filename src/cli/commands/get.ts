// `multinic get`: shows one VM, or all of a namespace, with the state of every NIC.
import { create } from "@bufbuild/protobuf";
import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import { Command, Option } from "commander";
import { createClient, type Client } from "@connectrpc/connect";
import { InterfaceState, type VirtualMachineView } from "../../../gen/multinic/v1/virtual_machine_pb.ts";
import {
  GetVMResponseSchema,
  ListVMsResponseSchema,
  VirtualMachineService,
} from "../../../gen/multinic/v1/virtual_machine_service_pb.ts";
import { CliError, exitCode } from "../io.ts";
import { namespaceOption, outputOption, serverOption, type ServerOptions } from "../options.ts";
import { listNote } from "../output/freshness-text.ts";
import { interfacesTable } from "../output/interfaces-text.ts";
import { pendingText } from "../output/plan-text.ts";
import { structured } from "../output/structured.ts";
import { tableLines } from "../output/table.ts";
import { defaultServer, unaryCall } from "../server.ts";
import type { Run, Session } from "../session.ts";
import { printable } from "../style.ts";

interface GetOptions extends ServerOptions {
  readonly allNamespaces?: true;
  readonly selector?: string;
}

export function getCommand(run: Run): Command {
  return new Command("get")
    .description("show a VM, or all VMs of a namespace, with the state of every NIC")
    .argument("[name]", "name of the VM; default: all")
    .addOption(namespaceOption())
    .addOption(new Option("-A, --all-namespaces", "VMs of all namespaces"))
    .addOption(
      new Option(
        "-l, --selector <selector>",
        "VMs whose labels match, such as app=web or 'tier in (front,back),!canary'",
      ),
    )
    .addOption(serverOption().default(defaultServer))
    .addOption(outputOption())
    .action(
      run(async (session, name: string | undefined, options: GetOptions) => {
        if (name !== undefined) refuseListOptions(options);
        const client = createClient(VirtualMachineService, session.connect(options.server));
        await (name === undefined
          ? getAll(client, options, session)
          : getOne(client, name, options, session));
        return exitCode.ok;
      }),
    );
}

/** @throws CliError for options that select several VMs. */
function refuseListOptions({ allNamespaces, selector }: GetOptions): void {
  const [option, next] = allNamespaces
    ? ["--all-namespaces", "use -n NAMESPACE"]
    : ["--selector", "leave out the name"];
  if (allNamespaces || selector !== undefined)
    throw new CliError(`a VM name and ${option} cannot be combined`, exitCode.usage, next);
}

type VmClient = Client<typeof VirtualMachineService>;

async function getOne(client: VmClient, name: string, options: GetOptions, session: Session): Promise<void> {
  const answer = await client.getVM({ namespace: options.namespace, name }, unaryCall(session.io));
  if (options.output !== "table") {
    session.io.stdout.write(structured(options.output, GetVMResponseSchema, answer));
  } else if (answer.virtualMachine) {
    session.print(vmLines(answer.virtualMachine, session));
  }
}

async function getAll(client: VmClient, options: GetOptions, session: Session): Promise<void> {
  const namespace = options.allNamespaces ? "" : options.namespace;
  const virtualMachines: VirtualMachineView[] = [];
  let oldest: Timestamp | undefined;
  for (let pageToken = ""; ;) {
    const request = {
      namespace,
      pageToken,
      pageSize: 500,
      filter: { labelSelector: options.selector ?? "" },
    };
    const page = await client.listVMs(request, unaryCall(session.io));
    virtualMachines.push(...page.virtualMachines);
    // Later pages are never older.
    oldest ??= page.currentAsOf;
    pageToken = page.nextPageToken;
    if (pageToken === "") break;
  }
  session.note(listNote(oldest, Date.now()));
  if (options.output !== "table") {
    const answer = create(ListVMsResponseSchema, {
      virtualMachines,
      ...(oldest === undefined ? {} : { currentAsOf: oldest }),
    });
    session.io.stdout.write(structured(options.output, ListVMsResponseSchema, answer));
    return;
  }
  const columns = { namespace: namespace === "", vm: true };
  const interfaces = virtualMachines.flatMap((vm) => vm.interfaces);
  if (interfaces.length > 0) session.print(interfacesTable(interfaces, columns, session.tables));
  else session.note([nothingFound(namespace, options)]);
}

function nothingFound(namespace: string, { selector }: GetOptions): string {
  const where = namespace === "" ? "" : ` in namespace ${namespace}`;
  return `no VMs found${where}${selector === undefined ? "" : ` with labels ${printable(selector)}`}`;
}

function vmLines(view: VirtualMachineView, session: Session): readonly string[] {
  const { virtualMachine, printableStatus, node, managed, adopted, pendingChanges, interfaces } = view;
  const { bold, yellow } = {
    bold: (text: string) => session.style("bold", text),
    yellow: (text: string) => session.style("yellow", text),
  };
  const facts = [
    printable(printableStatus),
    ...(node ? [`on node ${printable(node)}`] : []),
    ...(managed ? [] : [adopted ? "not created by multinic, NICs adopted" : "not created by multinic"]),
  ];
  return [
    `${bold(`${virtualMachine?.namespace ?? ""}/${virtualMachine?.name ?? ""}`)}  ${facts.join(", ")}`,
    ...pendingChanges.map((change) => `${yellow("pending:")} ${printable(pendingText(change))}`),
    "",
    ...interfacesTable(interfaces, { namespace: false, vm: false }, session.tables),
    ...messageLines(view),
    ...driftLines(view, session),
    ...noteLines(view),
  ];
}

/** The message of each NIC that is not Up, below the table, where it is not truncated. */
function messageLines({ interfaces }: VirtualMachineView): readonly string[] {
  const messages = interfaces
    .filter(({ state, message }) => state !== InterfaceState.UP && message !== "")
    .map(({ nic, message }) => `${nic}: ${printable(message)}`);
  return messages.length > 0 ? ["", ...messages] : [];
}

/** What the spec lacks that was read from a VM not created by multinic. */
function noteLines({ importNotes }: VirtualMachineView): readonly string[] {
  return importNotes.length > 0 ? ["", ...importNotes.map((note) => `note: ${printable(note)}`)] : [];
}

/** Where the VM differs from its spec. */
function driftLines({ drift }: VirtualMachineView, session: Session): readonly string[] {
  if (drift.length === 0) return [];
  const rows = drift.map(({ field, wanted, actual, source, since }) => [
    field,
    wanted,
    actual,
    since === undefined ? "" : timestampDate(since).toISOString(),
    source,
  ]);
  return [
    "",
    session.style("yellow", "drift:"),
    ...tableLines(["FIELD", "WANTED", "ACTUAL", "SINCE", "SEEN IN"], rows, session.tables),
  ];
}
