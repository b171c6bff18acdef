// `multinic get`: shows one VM, or all of a namespace, with the state of every NIC.
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import { Command, Option } from "commander";
import { createClient, type Client } from "@connectrpc/connect";
import {
  InterfaceState,
  type ObjectRef,
  type VirtualMachineView,
} from "../../../gen/multinic/v1/virtual_machine_pb.ts";
import {
  GetVMResponseSchema,
  ListVMsResponseSchema,
  type VirtualMachineFilterSchema,
  VirtualMachineListView,
  VirtualMachineService,
} from "../../../gen/multinic/v1/virtual_machine_service_pb.ts";
import { CliError, exitCode } from "../io.ts";
import { interfaceStateToProto } from "../../wire/enums.ts";
import {
  type CallOptions,
  choicesOption,
  type NamespacesOptions,
  namespacesOf,
  oneNamespace,
  outputOption,
  serverOption,
  withNamespaces,
} from "../options.ts";
import { listNote } from "../output/freshness-text.ts";
import { interfacesTable } from "../output/interfaces-text.ts";
import { pendingText } from "../output/plan-text.ts";
import { structured } from "../output/structured.ts";
import { tableLines } from "../output/table.ts";
import { defaultServer, unaryCall } from "../server.ts";
import type { Run, Session } from "../session.ts";
import { printable } from "../style.ts";

interface GetOptions extends CallOptions, NamespacesOptions {
  readonly state?: readonly (keyof typeof states)[];
  readonly node?: string;
  readonly managed?: boolean;
  readonly selector?: string;
}

const states = {
  up: interfaceStateToProto.Up,
  down: interfaceStateToProto.Down,
  unknown: interfaceStateToProto.Unknown,
} as const;

export function getCommand(run: Run): Command {
  const command = new Command("get")
    .description("show a VM, or all VMs of some namespaces, with the state of every NIC")
    .argument("[name]", "name of the VM; default: all");
  return withNamespaces(command)
    .addOption(
      choicesOption(
        "--state <state>",
        "only VMs with a NIC in this state; repeat it for several",
        Object.keys(states),
      ),
    )
    .addOption(new Option("--node <node>", "only VMs that run on this node"))
    .addOption(new Option("--managed", "only VMs that multinic created"))
    .addOption(new Option("--no-managed", "only VMs that multinic did not create"))
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
        if (name !== undefined && isFiltered(options)) {
          throw new CliError(
            "a VM name cannot be combined with --state, --node, --managed and --selector",
            exitCode.usage,
            "leave out the name, or the filter",
          );
        }
        const client = createClient(VirtualMachineService, session.connect(options.server));
        await (name === undefined
          ? getAll(client, options, session)
          : getOne(client, name, options, session));
        return exitCode.ok;
      }),
    );
}

function isFiltered({ state, node, managed, selector }: GetOptions): boolean {
  return [state, node, managed, selector].some((option) => option !== undefined);
}

type VmClient = Client<typeof VirtualMachineService>;

async function getOne(client: VmClient, name: string, options: GetOptions, session: Session): Promise<void> {
  const answer = await client.getVM({ namespace: oneNamespace(options), name }, unaryCall(session.io));
  if (options.output !== "table") {
    session.io.stdout.write(structured(options.output, GetVMResponseSchema, answer));
  } else if (answer.virtualMachine) {
    session.print(vmLines(answer.virtualMachine, session));
  }
}

async function getAll(client: VmClient, options: GetOptions, session: Session): Promise<void> {
  const namespaces = namespacesOf(options);
  const request = {
    namespaces: [...namespaces],
    view: VirtualMachineListView.FULL,
    filter: filterOf(options),
    pageSize: 500,
  };
  const virtualMachines: VirtualMachineView[] = [];
  let oldest: Timestamp | undefined;
  for (let pageToken = ""; ;) {
    const page = await client.listVMs({ ...request, pageToken }, unaryCall(session.io));
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
  const columns = { namespace: namespaces.length !== 1, vm: true };
  const interfaces = virtualMachines.flatMap((vm) => vm.interfaces);
  if (interfaces.length > 0) session.print(interfacesTable(interfaces, columns, session.tables));
  const leftOut = virtualMachines.flatMap(leftOutNote);
  session.note(leftOut);
  if (virtualMachines.length === 0) session.note([nothingFound(namespaces, options)]);
  else if (interfaces.length === 0 && leftOut.length === 0) session.note(["the VMs found have no NICs"]);
}

/** For a VM that alone is too large for the answer. */
function leftOutNote({ spec, interfaces, interfaceCounts }: VirtualMachineView): readonly string[] {
  const { up = 0, down = 0, unknown = 0 } = interfaceCounts ?? {};
  const { namespace = "", name = "" } = spec ?? {};
  return interfaces.length > 0 || up + down + unknown === 0
    ? []
    : [
        `${namespace}/${name} has too many NICs for this list; \`multinic get ${name} -n ${namespace}\` shows them`,
      ];
}

function nothingFound(namespaces: readonly string[], { selector }: GetOptions): string {
  const where =
    namespaces.length === 0
      ? ""
      : ` in ${namespaces.length === 1 ? "namespace" : "namespaces"} ${namespaces.join(", ")}`;
  return `no VMs found${where}${selector === undefined ? "" : ` with labels ${printable(selector)}`}`;
}

function filterOf({
  state = [],
  node = "",
  managed,
  selector = "",
}: GetOptions): MessageInitShape<typeof VirtualMachineFilterSchema> {
  return {
    states: state.map((word) => states[word]),
    node,
    labelSelector: selector,
    ...(managed === undefined ? {} : { managed }),
  };
}

function vmLines(view: VirtualMachineView, session: Session): readonly string[] {
  const { spec, printableStatus, node, managed, adopted, pendingChanges, interfaces } = view;
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
    `${bold(`${spec?.namespace ?? ""}/${spec?.name ?? ""}`)}  ${facts.join(", ")}`,
    ...pendingChanges.map((change) => `${yellow("pending:")} ${printable(pendingText(change))}`),
    "",
    ...interfacesTable(interfaces, { namespace: false, vm: false }, session.tables),
    ...messageLines(view),
    ...driftLines(view, session),
    ...noteLines(view),
  ];
}

/** The message of each NIC that is not Up, and since when, below the table, where it is not truncated. */
function messageLines({ interfaces }: VirtualMachineView): readonly string[] {
  const messages = interfaces
    .filter(({ state, message }) => state !== InterfaceState.UP && message !== "")
    .map(({ nic, message, stateSince }) => {
      const since = stateSince === undefined ? "" : ` (since ${timestampDate(stateSince).toISOString()})`;
      return `${nic}: ${printable(message)}${since}`;
    });
  return messages.length > 0 ? ["", ...messages] : [];
}

/** What the spec lacks that was read from a VM not created by multinic. */
function noteLines({ importNotes }: VirtualMachineView): readonly string[] {
  return importNotes.length > 0 ? ["", ...importNotes.map((note) => `note: ${printable(note)}`)] : [];
}

/** Where the VM differs from its spec. */
function driftLines({ drift }: VirtualMachineView, session: Session): readonly string[] {
  if (drift.length === 0) return [];
  const rows = drift.map(({ path, wanted, actual, object, manager, since }) => [
    path,
    wanted,
    actual,
    since === undefined ? "" : timestampDate(since).toISOString(),
    objectText(object),
    manager,
  ]);
  return [
    "",
    session.style("yellow", "drift:"),
    ...tableLines(["PATH", "WANTED", "ACTUAL", "SINCE", "OBJECT", "MANAGER"], rows, session.tables),
  ];
}

function objectText(object: ObjectRef | undefined): string {
  return object === undefined ? "" : `${object.kind} ${object.namespace}/${object.name}`;
}
