import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import { describe, it } from "vitest";
import {
  RequestInfoSchema,
  BadRequestSchema,
  ErrorInfoSchema,
} from "../../gen/google/rpc/error_details_pb.ts";
import {
  InterfaceStatusService,
  type WatchInterfaceStatusRequest,
  type WatchInterfaceStatusResponse,
  type WatchInterfaceStatusResponseSchema,
} from "../../gen/multinic/v1/interface_status_service_pb.ts";
import { FindingsSchema, NetworkType, Severity } from "../../gen/multinic/v1/network_pb.ts";
import {
  Effect,
  InterfaceState,
  InterfaceStatusSchema,
  type PendingChangeSchema,
  ObjectAction,
  type InterfaceStatus,
} from "../../gen/multinic/v1/virtual_machine_pb.ts";
import {
  VirtualMachineListView,
  VirtualMachineService,
  type ApplyVMRequest,
  type DeleteVMRequest,
  type ListVMsRequest,
} from "../../gen/multinic/v1/virtual_machine_service_pb.ts";
import { settingRows } from "../../src/config/setting-table.ts";
import { readSettings, type Settings } from "../../src/config/settings.ts";
import { run } from "./run-cli.ts";

const file = "examples/6.1-basic.yaml";
const plan = {
  objects: [
    {
      action: ObjectAction.UNCHANGED,
      kind: "NetworkAttachmentDefinition",
      namespace: "shop",
      name: "mn-1",
      message: "",
    },
    {
      action: ObjectAction.UPDATE,
      kind: "VirtualMachine",
      namespace: "shop",
      name: "multi-nic-vm",
      message: "spec differs",
    },
  ],
  changes: [
    {
      path: "networks[eth1].vlanId",
      nic: "eth1",
      oldValue: "",
      newValue: "100",
      effect: Effect.RESTART,
      message: "another network",
      versions: [
        { kubevirt: "1.9", effect: Effect.LIVE_MIGRATION, proven: true },
        { kubevirt: "1.8", effect: Effect.RESTART, proven: true },
        { kubevirt: "1.6-1.7", effect: Effect.LIVE, proven: false },
      ],
    },
  ],
  effect: Effect.RESTART,
  fingerprint: "abc",
};
const planText = `
ACTION     KIND                         NAME               WHY
unchanged  NetworkAttachmentDefinition  shop/mn-1          -
update     VirtualMachine               shop/multi-nic-vm  spec differs

PATH                   OLD  NEW  EFFECT   WHY
networks[eth1].vlanId  -    100  restart  another network

networks[eth1].vlanId with other KubeVirt versions: 1.9 live-migration; 1.6-1.7 live (from its documentation)

effect: restart (takes effect when the VM is restarted)
fingerprint: abc
`.slice(1);

const nic = (
  name: string,
  state: InterfaceState,
  more: MessageInitShape<typeof InterfaceStatusSchema> = {},
): InterfaceStatus =>
  create(InterfaceStatusSchema, {
    namespace: "shop",
    vm: "multi-nic-vm",
    nic: name,
    type: NetworkType.BRIDGE,
    attachment: "shop/mn-1",
    state,
    ...more,
  });
const up = (name: string): InterfaceStatus =>
  nic(name, InterfaceState.UP, {
    guestInterface: name,
    macAddress: "02:00:5e:10:00:01",
    addresses: [{ address: "192.0.2.10", prefixLength: 24 }, { address: "2001:db8::10" }],
    reason: "UP",
  });
const waiting = (name: string): InterfaceStatus =>
  nic(name, InterfaceState.UNKNOWN, {
    reason: "NOT_SEEN_BY_GUEST",
    message: "the guest agent has not reported",
  });

type Event = WatchInterfaceStatusResponse["event"];
const reset = { case: "reset", value: {} } as Event;
const snapshot = (interfaces: InterfaceStatus[]): Event =>
  ({ case: "snapshot", value: { interfaces } }) as Event;
const synced = { case: "synced", value: { interfaceCount: 1 } } as Event;
const changes = (updated: InterfaceStatus[], removed: object[] = []): Event =>
  ({ case: "changes", value: { updated, removed, merged: 0 } }) as Event;

/** Answers each call of the stream with the next of `streams`; after its events the stream stays open, or fails. */
function streaming(
  streams: readonly {
    readonly events: readonly Event[];
    readonly error?: ConnectError;
    /** Messages of an unfinished snapshot have no token. */
    readonly isUnfinished?: boolean;
  }[],
  asked: WatchInterfaceStatusRequest[] = [],
): (router: ConnectRouter) => void {
  let sent = 0;
  return (router) =>
    void router.service(InterfaceStatusService, {
      async *watchInterfaceStatus(request, context) {
        const stream = streams[asked.length];
        asked.push(request);
        for (const event of stream?.events ?? []) {
          sent += 1;
          yield { resumeToken: stream?.isUnfinished === true ? "" : `t${sent}`, event };
        }
        if (stream?.error) throw stream.error;
        await new Promise((resolve) => context.signal.addEventListener("abort", resolve, { once: true }));
      },
    });
}

describe("multinic plan", () => {
  it("shows what would be written and its effect, and writes nothing", async ({ expect }) => {
    const asked: ApplyVMRequest[] = [];
    const { code, stdout, connected } = await run(`plan ${file} -n shop`, {
      routes: (router) =>
        void router.service(VirtualMachineService, {
          applyVM: (request) => {
            asked.push(request);
            return { plan };
          },
        }),
    });
    expect(stdout).toBe(planText);
    expect({ code, connected }).toEqual({ code: 0, connected: ["http://127.0.0.1:8080"] });
    expect(asked[0]).toMatchObject({ validateOnly: true, virtualMachine: { namespace: "shop" } });
  });

  it("fails on findings of severity error", async ({ expect }) => {
    const finding = {
      code: "MAC_IN_USE",
      severity: Severity.ERROR,
      field: "networks[0].macAddress",
      message: "taken",
    };
    const answer = await run(`plan ${file}`, {
      routes: (router) =>
        void router.service(VirtualMachineService, { applyVM: () => ({ findings: [finding] }) }),
    });
    expect(answer).toMatchObject({ code: 1, stdout: "" });
    expect(answer.stderr).toBe("error  networks[0].macAddress  MAC_IN_USE  taken\n1 error\n\n");
  });
});

describe("multinic apply", () => {
  /** Each GetVM answers with the next of `pending`, then with none. */
  const applying =
    (asked: ApplyVMRequest[] = [], pending: MessageInitShape<typeof PendingChangeSchema>[][] = []) =>
    (router: ConnectRouter): void =>
      void router.service(VirtualMachineService, {
        getVM: () => ({ virtualMachine: { pendingChanges: pending.shift() ?? [] } }),
        applyVM: (request) => {
          asked.push(request);
          return { plan, written: true, etag: "7" };
        },
      });

  it("applies the plan with the fingerprint and prints it", async ({ expect }) => {
    const asked: ApplyVMRequest[] = [];
    const table = await run(`apply ${file} -n shop --plan-fingerprint abc`, { routes: applying(asked) });
    const json = await run(`apply ${file} -n shop -o json`, { routes: applying(asked) });
    expect(table).toMatchObject({ code: 0, stdout: planText });
    expect(JSON.parse(json.stdout)).toMatchObject({
      written: true,
      etag: "7",
      plan: { effect: "EFFECT_RESTART" },
    });
    expect(asked.map(({ planFingerprint, validateOnly }) => [planFingerprint, validateOnly])).toEqual([
      ["abc", false],
      ["", false],
    ]);
  });

  it("applies only the fields that it is asked to", async ({ expect }) => {
    const asked: ApplyVMRequest[] = [];
    for (const command of ["plan", "apply"])
      await run(`${command} ${file} --only networks,bootDisk`, { routes: applying(asked) });
    await run(`apply ${file}`, { routes: applying(asked) });
    expect(asked.map(({ updateMask }) => updateMask?.paths)).toEqual([
      ["networks", "boot_disk"],
      ["networks", "boot_disk"],
      [],
    ]);
    const { code, stderr } = await run(`apply ${file} --only networks,nics`, { routes: applying(asked) });
    expect(code).toBe(2);
    expect(stderr).toContain(
      "There is no field nics; the fields are namespace, name, cpu, memory, bootDisk,",
    );
    expect(asked).toHaveLength(3);
  });

  it("shows what it resets of the machine, and applies it", async ({ expect }) => {
    const finding = { code: "MACHINE_RESET", severity: Severity.WARNING, field: "cpu", message: "reset" };
    for (const command of ["plan", "apply"]) {
      const { code, stderr } = await run(`${command} ${file}`, {
        routes: (router) =>
          void router.service(VirtualMachineService, { applyVM: () => ({ plan, findings: [finding] }) }),
      });
      expect(code).toBe(0);
      expect(stderr).toBe("warning  cpu  MACHINE_RESET  reset\n1 warning\n\n");
    }
  });

  it("waits until every NIC is Up, and prints its progress to stderr", async ({ expect }) => {
    const asked: WatchInterfaceStatusRequest[] = [];
    const streams = [
      {
        events: [
          snapshot([waiting("eth0"), nic("eth1", InterfaceState.DOWN, { reason: "VM_STOPPED" })]),
          synced,
          changes([up("eth1")]),
        ],
        error: new ConnectError("going down", Code.Unavailable),
      },
      { events: [synced, changes([waiting("eth0")]), changes([up("eth0")])] },
    ];
    const { code, stdout, stderr } = await run(`apply ${file} -n shop --wait`, {
      routes: (router) => {
        applying()(router);
        streaming(streams, asked)(router);
      },
    });
    expect({ code, stdout }).toEqual({ code: 0, stdout: planText });
    expect(stderr).toBe(
      `
eth0  Unknown  NOT_SEEN_BY_GUEST  the guest agent has not reported
eth1  Down  VM_STOPPED
eth1  Up  UP
connection lost (going down); reconnecting
eth0  Up  UP
every NIC of shop/multi-nic-vm is in the requested state
`.slice(1),
    );
    expect(asked.map(({ vmNames, resumeToken }) => [vmNames, resumeToken])).toEqual([
      [["multi-nic-vm"], ""],
      [["multi-nic-vm"], "t3"],
    ]);
  });

  it("waits on while a change needs a restart, and says who has to act", async ({ expect }) => {
    const pending = nic("eth0", InterfaceState.UP, {
      reason: "UP",
      pendingFields: ["networks[eth0].ipConfig.addresses"],
      pendingEffect: Effect.RESTART,
    });
    const events = [snapshot([pending, up("eth1")]), synced];
    const { code, stderr } = await run(`apply ${file} -n shop --wait --timeout 200ms`, {
      routes: (router) => {
        applying()(router);
        streaming([{ events }])(router);
      },
    });
    expect(code).toBe(1);
    expect(stderr).toContain(
      "networks[eth0].ipConfig.addresses is pending until the VM is restarted: virtctl restart multi-nic-vm -n shop",
    );
    expect(stderr).toContain("1 of 2 NICs are not in the requested state");
  });

  it("waits on while a removed NIC is still in the running VM", async ({ expect }) => {
    const removal = { path: "networks[eth2]", nic: "eth2", effect: Effect.RESTART };
    const events = [snapshot([up("eth0"), up("eth1")]), synced, changes([up("eth1")])];
    const { code, stderr } = await run(`apply ${file} -n shop --wait`, {
      routes: (router) => {
        applying([], [[removal]])(router);
        streaming([{ events }])(router);
      },
    });
    expect(code).toBe(0);
    expect(stderr).toBe(
      `
eth0  Up  UP
eth1  Up  UP
networks[eth2] is pending until the VM is restarted: virtctl restart multi-nic-vm -n shop
every NIC of shop/multi-nic-vm is in the requested state
`.slice(1),
    );
  });

  it("stops after --timeout and says what each NIC waits for", async ({ expect }) => {
    const { code, stderr } = await run(`apply ${file} -n shop --wait --timeout 200ms`, {
      routes: (router) => {
        applying()(router);
        streaming([{ events: [snapshot([up("eth0")]), synced] }])(router);
      },
    });
    expect(code).toBe(1);
    expect(stderr).toContain(
      "error: timed out after 0.2 s: 1 of 2 NICs are not in the requested state:\n  eth1  no status yet\nnext: ",
    );
  });

  it("says that it was interrupted, not that it timed out", async ({ expect }) => {
    const stop = new AbortController();
    const { code, stdout, stderr } = await run(`apply ${file} -n shop --wait`, {
      signal: stop.signal,
      routes: (router) => {
        applying()(router);
        router.service(InterfaceStatusService, {
          async *watchInterfaceStatus() {
            yield { resumeToken: "t1", event: synced };
            stop.abort();
          },
        });
      },
    });
    expect({ code, stdout, stderr }).toEqual({ code: 130, stdout: planText, stderr: "stopped\n" });
  });

  it("waits for Down if linkState is down, and for nothing if the VM is halted", async ({ expect }) => {
    const stdin = "name: multi-nic-vm\nnetworks: [{name: eth0, linkState: down}]\n";
    const routes = (router: ConnectRouter): void => {
      applying()(router);
      streaming([{ events: [snapshot([nic("eth0", InterfaceState.DOWN)]), synced] }])(router);
    };
    expect((await run("apply - --wait", { stdin, routes })).code).toBe(0);
    const halted = await run("apply - --wait", { stdin: `${stdin}runStrategy: Halted`, routes: applying() });
    expect(halted).toMatchObject({
      code: 0,
      stderr: "nothing to wait for: with runStrategy Halted the VM does not run\n",
    });
  });

  it("shows the findings for which the service refuses", async ({ expect }) => {
    const finding = {
      code: "NETWORK_NOT_FOUND",
      severity: Severity.ERROR,
      field: "networks[0].nadName",
      message: "shop/lan does not exist",
      fix: { description: "make it" },
    };
    const details = [
      {
        desc: ErrorInfoSchema,
        value: { reason: "FINDINGS", domain: "multinic.novasphere.dev" },
      },
      {
        desc: BadRequestSchema,
        value: {
          fieldViolations: [
            { field: "networks[0].nadName", description: "same", reason: "NETWORK_NOT_FOUND" },
          ],
        },
      },
      { desc: FindingsSchema, value: { findings: [finding], omittedCount: 3 } },
    ];
    const routes = (router: ConnectRouter): void =>
      void router.service(VirtualMachineService, {
        applyVM: () => {
          throw new ConnectError("findings", Code.InvalidArgument, undefined, details);
        },
      });
    const table = await run(`apply ${file}`, { routes });
    expect(table).toMatchObject({ code: 1, stdout: "" });
    expect(table.stderr).toBe(
      `
error  networks[0].nadName  NETWORK_NOT_FOUND  shop/lan does not exist
       fix: make it
1 error
error: rejected; nothing was written; 3 more findings did not fit; multinic plan shows all of them
`.slice(1),
    );
    const json = await run(`apply ${file} -o json`, { routes });
    expect(JSON.parse(json.stdout)).toMatchObject({ findings: [{ code: "NETWORK_NOT_FOUND" }] });
    expect(json.code).toBe(1);
  });

  it("says what to do if the plan has changed", async ({ expect }) => {
    const details = [
      { desc: ErrorInfoSchema, value: { reason: "PLAN_CHANGED", domain: "multinic.novasphere.dev" } },
    ];
    const { code, stderr } = await run(`apply ${file} --plan-fingerprint old`, {
      routes: (router) =>
        void router.service(VirtualMachineService, {
          applyVM: () => {
            throw new ConnectError("the plan has changed", Code.Aborted, undefined, details);
          },
        }),
    });
    expect(code).toBe(1);
    expect(stderr).toBe(
      "error: the plan has changed\nnext: run `multinic plan` again and apply with the new fingerprint\n",
    );
  });
});

describe("multinic get", () => {
  const vm = (namespace: string, name: string, interfaces: InterfaceStatus[]): object => ({
    spec: { namespace, name },
    managed: true,
    printableStatus: "Running",
    node: "node-1",
    interfaces,
    pendingChanges: [
      {
        path: "networks[eth1].macAddress",
        nic: "eth1",
        oldValue: "02:00:5e:00:00:01",
        newValue: "02:00:5e:00:00:02",
        effect: Effect.RESTART,
        message: "KubeVirt cannot change it",
      },
    ],
  });
  const listing =
    (asked: ListVMsRequest[] = []) =>
    (router: ConnectRouter): void =>
      void router.service(VirtualMachineService, {
        getVM: ({ namespace, name }) => ({
          virtualMachine: vm(namespace, name, [
            up("eth0"),
            { ...waiting("eth1"), stateSince, omittedAddressCount: 7 },
          ]),
        }),
        listVMs: (request) => {
          asked.push(request);
          return request.pageToken === ""
            ? { virtualMachines: [vm("shop", "multi-nic-vm", [up("eth0")])], nextPageToken: "2" }
            : { virtualMachines: [vm("shop", "multi-nic-vm", [waiting("eth1")])] };
        },
      });

  const stateSince = timestampFromDate(new Date("2026-07-01T12:00:00Z"));

  it("shows one VM, its NICs and what they wait for", async ({ expect }) => {
    const { code, stdout } = await run("get web -n shop", { routes: listing() });
    expect(code).toBe(0);
    expect(stdout).toBe(
      `
shop/web  Running, on node node-1
pending: networks[eth1].macAddress 02:00:5e:00:00:01 -> 02:00:5e:00:00:02: waits for a restart: KubeVirt cannot change it

NIC   TYPE    ATTACHMENT  GUEST  MAC                IP                          STATE    REASON
eth0  bridge  shop/mn-1   eth0   02:00:5e:10:00:01  192.0.2.10/24,2001:db8::10  Up       UP
eth1  bridge  shop/mn-1   -      -                  and 7 more                  Unknown  NOT_SEEN_BY_GUEST

eth1: the guest agent has not reported (since 2026-07-01T12:00:00.000Z)
`.slice(1),
    );
  });

  it("lists all VMs of a namespace from all pages", async ({ expect }) => {
    const asked: ListVMsRequest[] = [];
    const { stdout } = await run("get -n shop", { routes: listing(asked) });
    expect(stdout).toBe(
      `
VM            NIC   TYPE    ATTACHMENT  GUEST  MAC                IP                          STATE    REASON
multi-nic-vm  eth0  bridge  shop/mn-1   eth0   02:00:5e:10:00:01  192.0.2.10/24,2001:db8::10  Up       UP
multi-nic-vm  eth1  bridge  shop/mn-1   -      -                  -                           Unknown  NOT_SEEN_BY_GUEST
`.slice(1),
    );
    const all = await run("get -A -o json", { routes: listing(asked) });
    expect(JSON.parse(all.stdout)).toMatchObject({
      virtualMachines: [{ node: "node-1" }, { node: "node-1" }],
    });
    expect(asked.map(({ namespaces, pageToken }) => [namespaces.join(), pageToken])).toEqual([
      ["shop", ""],
      ["shop", "2"],
      ["", ""],
      ["", "2"],
    ]);
  });

  it("lists several namespaces, and only VMs with a NIC in a state or on a node", async ({ expect }) => {
    const asked: ListVMsRequest[] = [];
    const { stdout } = await run("get -n shop --namespace lab", { routes: listing(asked) });
    expect(stdout).toMatch(/^NAMESPACE +VM +NIC/);
    await run("get --state unknown --state down --node n1 --no-managed", { routes: listing(asked) });
    await run("get -A --managed", { routes: listing(asked) });
    const { UNKNOWN, DOWN } = InterfaceState;
    const first = asked.filter(({ pageToken }) => pageToken === "");
    expect(first.map(({ namespaces, filter }) => ({ namespaces, ...filter }))).toMatchObject([
      { namespaces: ["shop", "lab"], states: [], node: "" },
      { namespaces: ["default"], states: [UNKNOWN, DOWN], node: "n1", managed: false },
      { namespaces: [], states: [], node: "", managed: true },
    ]);
    expect(first[0]?.filter?.managed).toBeUndefined();
    expect(new Set(asked.map(({ view }) => view))).toEqual(new Set([VirtualMachineListView.FULL]));
  });

  it.for([
    ["get web -A", "a VM name and --all-namespaces cannot be combined"],
    ["get web -n a -n b", "a VM name and several namespaces cannot be combined"],
    ["get web --state up", "a VM name cannot be combined with --state, --node, --managed and --selector"],
    ["watch web -A", "a VM name and --all-namespaces cannot be combined"],
    ["get -A -n shop", "cannot be used with option"],
    ["get --state asleep", "Allowed choices are up, down, unknown."],
  ] as const)("is a usage error: %s", async ([args, message], { expect }) => {
    const { code, stderr } = await run(args, { routes: listing() });
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  it("notes a VM whose NICs the list leaves out", async ({ expect }) => {
    const large = {
      spec: { namespace: "shop", name: "large" },
      interfaceCounts: { up: 8_999, down: 1 },
    };
    const { stdout, stderr } = await run("get -n shop", {
      routes: (router) =>
        void router.service(VirtualMachineService, { listVMs: () => ({ virtualMachines: [large] }) }),
    });
    expect(stdout).toBe("");
    expect(stderr).toBe(
      "shop/large has too many NICs for this list; `multinic get large -n shop` shows them\n",
    );
  });

  it("cuts the last column on a narrow terminal, and nothing in a pipe", async ({ expect }) => {
    const narrow = await run("get -n shop", {
      routes: listing(),
      isTerminal: true,
      columns: 110,
      env: { NO_COLOR: "1" },
    });
    expect(narrow.stdout.split("\n")[2]).toMatch(/Unknown {2}NOT_SEEN_BY_GUE…$/);
  });

  it("notes that the list is out of date, and as of when it is", async ({ expect }) => {
    const listedAsOf = (currentAsOf: Date) => (router: ConnectRouter) =>
      void router.service(VirtualMachineService, {
        listVMs: () => ({ currentAsOf: timestampFromDate(currentAsOf) }),
      });
    const old = await run("get -A -o json", { routes: listedAsOf(new Date("2026-07-01T12:00:00Z")) });
    expect(old).toMatchObject({
      code: 0,
      stderr:
        "out of date: this is as of 2026-07-01T12:00:00.000Z; the service has no contact with the Kubernetes API server\n",
    });
    expect(JSON.parse(old.stdout)).toEqual({ currentAsOf: "2026-07-01T12:00:00Z" });
    const fresh = await run("get -A -o json", { routes: listedAsOf(new Date()) });
    expect(fresh.stderr).toBe("");
  });

  it("names the request to look for in the log if the service fails", async ({ expect }) => {
    const details = [{ desc: RequestInfoSchema, value: { requestId: "job-7" } }];
    const routes = (router: ConnectRouter): void =>
      void router.service(VirtualMachineService, {
        getVM: () => {
          throw new ConnectError("internal error", Code.Internal, undefined, details);
        },
      });
    const failed = await run("get web", { routes });
    expect(failed.code).not.toBe(0);
    expect(failed.stderr).toBe(
      "error: internal error\nnext: look for request job-7 in the log of the service\n",
    );
  });

  it("lists the VMs that a label selector selects, on every page", async ({ expect }) => {
    const asked: unknown[] = [];
    const routes = (router: ConnectRouter): void =>
      void router.service(VirtualMachineService, {
        listVMs: ({ namespaces, filter, pageToken }) => {
          asked.push([namespaces, filter?.labelSelector, pageToken]);
          return { nextPageToken: pageToken === "" ? "next" : "" };
        },
      });
    const found = await run("get -n shop -l app=web,!canary", { routes });
    expect(found).toMatchObject({
      code: 0,
      stderr: "no VMs found in namespace shop with labels app=web,!canary\n",
    });
    expect(asked).toEqual([
      [["shop"], "app=web,!canary", ""],
      [["shop"], "app=web,!canary", "next"],
    ]);
    const both = await run("get web -l app=web", { routes });
    expect(both).toMatchObject({ code: 2, stdout: "" });
    expect(both.stderr).toContain("--selector");
  });

  it("says that there are no VMs, and that a VM does not exist", async ({ expect }) => {
    const routes = (router: ConnectRouter): void =>
      void router.service(VirtualMachineService, {
        listVMs: () => ({}),
        getVM: () => {
          throw new ConnectError("VirtualMachine shop/web does not exist", Code.NotFound);
        },
      });
    expect(await run("get -n shop", { routes })).toMatchObject({
      code: 0,
      stdout: "",
      stderr: "no VMs found in namespace shop\n",
    });
    const one = await run("get web -n shop", { routes });
    expect(one).toMatchObject({ code: 1, stdout: "" });
    expect(one.stderr).toContain(
      "error: VirtualMachine shop/web does not exist\nnext: `multinic get -n NAMESPACE` lists",
    );
  });
});

describe("multinic watch", () => {
  /** Runs watch until `last` was printed. */
  async function watchUntil(args: string, last: string, routes: (router: ConnectRouter) => void) {
    const stop = new AbortController();
    return run(args, {
      routes,
      signal: stop.signal,
      onStdout: (text) => {
        if (text.includes(last)) stop.abort();
      },
    });
  }

  it("prints a line for each NIC and each change", async ({ expect }) => {
    const asked: WatchInterfaceStatusRequest[] = [];
    const events = [
      snapshot([waiting("eth0")]),
      synced,
      { case: "heartbeat", value: {} } as Event,
      changes([up("eth0")], [{ namespace: "shop", vm: "old", nic: "eth9" }]),
    ];
    const { code, stdout } = await watchUntil(
      "watch multi-nic-vm -n shop",
      "gone",
      streaming([{ events }], asked),
    );
    expect(stdout).toBe(
      `
shop/multi-nic-vm eth0        Unknown  -                  NOT_SEEN_BY_GUEST
shop/multi-nic-vm eth0        Up       02:00:5e:10:00:01  eth0 192.0.2.10/24 2001:db8::10  UP
shop/old eth9                 gone
`.slice(1),
    );
    expect(code).toBe(0);
    expect(asked[0]).toMatchObject({ namespaces: ["shop"], vmNames: ["multi-nic-vm"], resumeToken: "" });
  });

  it("reports no NIC as gone that a restarted service sends in a later part of its snapshot", async ({
    expect,
  }) => {
    const streams = [
      {
        events: [snapshot([up("eth0"), up("eth1")]), synced],
        error: new ConnectError("stopping", Code.Unavailable),
      },
      { events: [reset, snapshot([up("eth0")]), snapshot([up("eth1")]), synced, changes([up("eth2")])] },
    ];
    const { stdout } = await watchUntil("watch -A", "eth2", streaming(streams));
    expect(stdout).not.toContain("gone");
  });

  it("notes when the states get out of date by the clock of the service, and when they are current again", async ({
    expect,
  }) => {
    const at = (seconds: number) => timestampFromDate(new Date(Date.UTC(2026, 6, 1, 12, 0, seconds)));
    const messages: MessageInitShape<typeof WatchInterfaceStatusResponseSchema>[] = [
      {
        time: at(1),
        event: {
          case: "synced",
          value: { interfaceCount: 1, heartbeatInterval: durationFromMs(5_000), currentAsOf: at(0) },
        },
      },
      { time: at(10), event: { case: "heartbeat", value: { currentAsOf: at(0) } } },
      { time: at(15), event: { case: "heartbeat", value: { currentAsOf: at(0) } } },
      { time: at(20), event: { case: "heartbeat", value: { currentAsOf: at(0) } } },
      { time: at(25), event: { case: "heartbeat", value: { currentAsOf: at(24) } } },
      { time: at(30), event: { case: "heartbeat", value: { currentAsOf: at(29) } } },
      { time: at(31), event: changes([up("eth0")]) },
    ];
    const { stderr } = await watchUntil("watch -A", "eth0", (router) => {
      router.service(InterfaceStatusService, {
        async *watchInterfaceStatus() {
          yield* messages;
        },
      });
    });
    expect(stderr).toBe(
      `
out of date: this is as of 2026-07-01T12:00:00.000Z; the service has no contact with the Kubernetes API server
the states are current again
`.slice(1),
    );
  });

  it("resumes after a lost connection with the token of the last message, and shows only what is new", async ({
    expect,
  }) => {
    const asked: WatchInterfaceStatusRequest[] = [];
    const streams = [
      {
        events: [snapshot([up("eth0"), up("eth1")]), synced],
        error: new ConnectError("stopping", Code.Unavailable),
      },
      { events: [], error: new ConnectError("stream closed", Code.Canceled) },
      { events: [reset, snapshot([up("eth0"), waiting("eth2")]), synced] },
    ];
    const { stdout, stderr } = await watchUntil("watch -A", "gone", streaming(streams, asked));
    expect(
      stdout.split("\n").map((line) => line.replaceAll(/ +/g, " ").split(" ").slice(0, 3).join(" ")),
    ).toEqual([
      "shop/multi-nic-vm eth0 Up",
      "shop/multi-nic-vm eth1 Up",
      "shop/multi-nic-vm eth2 Unknown",
      "shop/multi-nic-vm eth1 gone",
      "",
    ]);
    expect(stderr).toBe(
      "connection lost (stopping); reconnecting\nconnection lost (stream closed); reconnecting\n",
    );
    expect(asked.map(({ namespaces, resumeToken }) => [namespaces.join(), resumeToken])).toEqual([
      ["", ""],
      ["", "t2"],
      ["", "t2"],
    ]);
  });

  it("starts again after a snapshot that was cut off: the token from before its reset leads to other states", async ({
    expect,
  }) => {
    const asked: WatchInterfaceStatusRequest[] = [];
    const error = new ConnectError("stopping", Code.Unavailable);
    const streams = [
      { events: [snapshot([up("eth0"), up("eth1"), up("eth2")]), synced], error },
      { events: [reset, snapshot([up("eth0")])], isUnfinished: true, error },
      { events: [reset, snapshot([up("eth0"), up("eth1")]), synced] },
    ];
    const { stdout } = await watchUntil("watch -A", "gone", streaming(streams, asked));
    expect(stdout.match(/eth\d +gone/g)?.map((line) => line.slice(0, 4))).toEqual(["eth2"]);
    expect(asked.map(({ resumeToken }) => resumeToken)).toEqual(["", "t2", "-"]);
  });

  it("prints each message as a line of JSON or a YAML document with -o", async ({ expect }) => {
    const events = [snapshot([up("eth0")]), synced];
    const json = await watchUntil("watch -o json", "synced", streaming([{ events }]));
    expect(
      json.stdout
        .trim()
        .split("\n")
        .map((line) => Object.keys(JSON.parse(line) as object)),
    ).toEqual([
      ["resumeToken", "snapshot"],
      ["resumeToken", "synced"],
    ]);
    const yaml = await watchUntil("watch -o yaml", "synced", streaming([{ events }]));
    expect(yaml.stdout.match(/^---$/gm)).toHaveLength(2);
  });

  it("ends when the first connection fails, and on an error that retrying does not fix", async ({
    expect,
  }) => {
    const first = await run("watch", {
      routes: streaming([{ events: [], error: new ConnectError("x", Code.Unavailable) }]),
    });
    expect(first.code).toBe(3);
    const later = await run("watch", {
      routes: streaming([{ events: [synced], error: new ConnectError("no more", Code.PermissionDenied) }]),
    });
    expect(later).toMatchObject({ code: 1, stderr: expect.stringContaining("error: no more") as string });
  });
});

describe("multinic delete", () => {
  const objects = [
    { action: ObjectAction.DELETE, kind: "VirtualMachine", namespace: "shop", name: "web", message: "" },
  ];
  it("deletes the VM, prints the deleted objects, and waits until it is gone", async ({ expect }) => {
    const asked: DeleteVMRequest[] = [];
    let looks = 0;
    const { code, stdout, stderr } = await run("delete web -n shop --wait", {
      routes: (router) =>
        void router.service(VirtualMachineService, {
          deleteVM: (request) => {
            asked.push(request);
            return { objects };
          },
          getVM: () => {
            looks += 1;
            if (looks > 1) throw new ConnectError("gone", Code.NotFound);
            return { virtualMachine: { printableStatus: "Terminating" } };
          },
        }),
    });
    expect(stdout).toBe("ACTION  KIND            NAME      WHY\ndelete  VirtualMachine  shop/web  -\n");
    expect(stderr).toBe("web  Terminating\nshop/web is gone\n");
    expect(code).toBe(0);
    expect(asked[0]).toMatchObject({ namespace: "shop", name: "web" });
  });

  it("only shows what it would delete, or that there is no VM, if asked to", async ({ expect }) => {
    const asked: DeleteVMRequest[] = [];
    const answering = (answer: typeof objects) => (router: ConnectRouter) =>
      void router.service(VirtualMachineService, {
        deleteVM: (request) => {
          asked.push(request);
          return { objects: answer };
        },
      });
    const looked = await run("delete web -n shop --dry-run --wait", { routes: answering(objects) });
    expect(looked).toMatchObject({ code: 0, stderr: "" });
    const absent = await run("delete web -n shop --ignore-not-found", { routes: answering([]) });
    expect(absent).toMatchObject({ code: 0, stdout: "", stderr: "shop/web does not exist\n" });
    expect(asked).toMatchObject([
      { validateOnly: true, allowMissing: false },
      { validateOnly: false, allowMissing: true },
    ]);
  });

  it("says so when the timeout has passed", async ({ expect }) => {
    const { code, stderr } = await run("delete web --wait --timeout 50ms", {
      routes: (router) =>
        void router.service(VirtualMachineService, {
          deleteVM: () => ({ objects }),
          getVM: () => ({ virtualMachine: { printableStatus: "Terminating" } }),
        }),
    });
    expect(code).toBe(1);
    expect(stderr).toContain("error: timed out after 0.05 s: default/web still exists (Terminating)");
  });
});

describe("multinic serve", () => {
  it("reads its settings from flags and environment, flags first", async ({ expect }) => {
    const given: Settings[] = [];
    const serve = async (settings: Settings): Promise<number> => {
      given.push(settings);
      return 7;
    };
    const env = {
      MULTINIC_LISTEN: "127.0.0.1:1",
      MULTINIC_LOCAL: "true",
      MULTINIC_LOG_LEVEL: "debug",
      MULTINIC_CONFIG: "",
    };
    expect((await run("serve", { serve })).code).toBe(7);
    await run("serve --listen 127.0.0.1:2 --examples --tls-cert c.pem --tls-key k.pem", { serve, env });
    expect(given).toEqual([
      readSettings({}, {}),
      {
        ...readSettings({}, {}),
        listen: { host: "127.0.0.1", port: 2 },
        local: true,
        examples: true,
        tls: { listen: { host: "127.0.0.1", port: 8443 }, certFile: "c.pem", keyFile: "k.pem" },
        logLevel: "debug",
      },
    ]);
    const odd = await run("serve", { serve, env: { MULTINIC_LOCAL: "perhaps" } });
    expect(odd).toMatchObject({
      code: 2,
      stderr:
        'error: --local (MULTINIC_LOCAL) must be true or false, not "perhaps"\nnext: see multinic serve --help\n',
    });
  });

  it("has an option for every setting, with its variable and default", async ({ expect }) => {
    const help = (await run("serve --help", { columns: 1_000 })).stdout;
    for (const [, { flag, variable, help: words }] of settingRows)
      expect(help).toMatch(
        new RegExp(`${flag} +${words.replaceAll(".", "\\.")} \\[\\$${variable}\\] \\(default: `),
      );
  });
});
