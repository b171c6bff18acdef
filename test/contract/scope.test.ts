// Which VMs and NICs lists and streams return, how much of each, and which requests they refuse.
import { type Timestamp, timestampMs } from "@bufbuild/protobuf/wkt";
import { Code, createClient, type Transport } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, it, vi } from "vitest";
import { BadRequestSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { InterfaceStatusService } from "../../gen/multinic/v1/interface_status_service_pb.ts";
import { InterfaceState, RunStrategy } from "../../gen/multinic/v1/virtual_machine_pb.ts";
import {
  VirtualMachineListView,
  VirtualMachineService,
} from "../../gen/multinic/v1/virtual_machine_service_pb.ts";
import type { VirtualMachine } from "../../src/domain/objects/kubernetes.ts";
import { virtualMachines } from "../../src/kube/resource.ts";
import { transports } from "../api/transport/serving.ts";
import { keyOf, vmOf } from "../app/memory-cluster.ts";
import { startRunningService, type RunningService } from "../serve/running-service.ts";
import { refusalOf } from "./refusal.ts";

const { BASIC, FULL, UNSPECIFIED } = VirtualMachineListView;
const { UP, DOWN } = InterfaceState;

let running: RunningService;
/** `a` before `a-b`, although `-` sorts before `/`. */
const inOrder = ["scope/db", "scope/web", "scope-b/db", "scope-b/theirs"];
beforeAll(async () => {
  running = await startRunningService();
  for (const namespace of ["scope", "scope-b"]) await running.namespace(namespace);
  for (const id of inOrder.slice(0, 3)) {
    const runStrategy = id === "scope/web" ? RunStrategy.ALWAYS : RunStrategy.HALTED;
    const networks = [{ name: "eth1" }, { name: "eth0", vlanId: 100 }];
    await running.vms.applyVM({ virtualMachine: { ...keyOf(id), runStrategy, networks } });
  }
  const theirs: VirtualMachine = vmOf(keyOf("scope-b/theirs"), [{ name: "eth0", sriov: true }]);
  await running.cluster.create(virtualMachines, {
    ...theirs,
    spec: { ...theirs.spec, runStrategy: "Halted" },
  });
  await vi.waitUntil(
    async () => {
      const { interfaces } = await running.nics.listInterfaceStatus({ filter: { states: [UP] } });
      const { virtualMachines: all } = await running.vms.listVMs({});
      return interfaces.length === 2 && all.length === 4;
    },
    { timeout: 20_000 },
  );
});
afterAll(async () => await running.stop());

describe.each(Object.entries(transports))("over %s", (_, transport) => {
  const clients = (over: Transport) => ({
    vms: createClient(VirtualMachineService, over),
    nics: createClient(InterfaceStatusService, over),
  });
  const connect = () => clients(transport(running.url));
  type VmList = Parameters<ReturnType<typeof connect>["vms"]["listVMs"]>[0];

  it.for<readonly [string, VmList, readonly string[]]>([
    ["of all namespaces", {}, inOrder],
    ["of one namespace", { namespaces: ["scope"] }, ["scope/db", "scope/web"]],
    ["of several, each once", { namespaces: ["scope-b", "scope", "scope-b"] }, inOrder],
    ["of a namespace that does not exist", { namespaces: ["nowhere"] }, []],
    ["with a NIC in a state", { filter: { states: [UP] } }, ["scope/web"]],
    [
      "with a NIC in one of several states",
      { namespaces: ["scope"], filter: { states: [UP, DOWN] } },
      ["scope/db", "scope/web"],
    ],
    ["that multinic created", { filter: { managed: true } }, inOrder.slice(0, 3)],
    ["that multinic did not create", { filter: { managed: false } }, ["scope-b/theirs"]],
    ["that run on a node", { filter: { node: "no-such-node" } }, []],
  ])("lists VMs %s", async ([, request, expected], { expect }) => {
    const { vms } = connect();
    const seen: string[] = [];
    let pageToken = "";
    do {
      const page = await vms.listVMs({ ...request, pageSize: 1, pageToken });
      seen.push(...page.virtualMachines.map(({ spec: vm }) => `${vm?.namespace}/${vm?.name}`));
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    expect(seen).toEqual(expected);
  });

  it("lists the NICs of a VM in its order, as the stream and GetVM do", async ({ expect }) => {
    const { vms, nics } = connect();
    const scope = { namespaces: ["scope"], vmNames: ["web", "web"] };
    const listed = (await nics.listInterfaceStatus(scope)).interfaces;
    expect(listed.map(({ nic }) => nic)).toEqual(["eth1", "eth0"]);
    for await (const { event } of nics.watchInterfaceStatus(scope)) {
      if (event.case === "synced") break;
      if (event.case === "snapshot") expect(event.value.interfaces).toEqual(listed);
    }
    const { virtualMachine: view } = await vms.getVM({ namespace: "scope", name: "web" });
    expect(view?.interfaces).toEqual(listed);
    const filter = { node: view?.node ?? "" };
    expect((await nics.listInterfaceStatus({ filter })).interfaces).toEqual(listed);
  });

  it("dates the state of a NIC the same for all readers, not after now", async ({ expect }) => {
    const { vms, nics } = connect();
    const { interfaces } = await nics.listInterfaceStatus({});
    const dates = interfaces.map(({ stateSince }) => stateSince && timestampMs(stateSince));
    expect(dates.every((date) => date !== undefined && date <= Date.now())).toBe(true);
    expect((await nics.listInterfaceStatus({})).interfaces).toEqual(interfaces);
    const { virtualMachines: views } = await vms.listVMs({ view: FULL });
    expect(views.flatMap((view) => view.interfaces)).toEqual(interfaces);
  });

  it("returns of each VM what the view names", async ({ expect }) => {
    const { vms } = connect();
    const list = async (view: VirtualMachineListView) => {
      const { virtualMachines: views } = await vms.listVMs({ namespaces: ["scope"], view });
      return views;
    };
    const full = await list(FULL);
    expect(full.map(({ interfaces }) => interfaces.length)).toEqual([2, 2]);
    expect(full.map(({ interfaceCounts }) => interfaceCounts)).toMatchObject([
      { up: 0, down: 2, unknown: 0 },
      { up: 2, down: 0, unknown: 0 },
    ]);
    const basic = full.map((view) => ({ ...view, interfaces: [], pendingChanges: [] }));
    expect(await list(BASIC)).toEqual(basic);
    expect(await list(UNSPECIFIED)).toEqual(basic);
    for (const view of full) {
      const stored = await running.cluster.get(virtualMachines, {
        namespace: "scope",
        name: view.spec?.name ?? "",
      });
      expect(view.uid).toBe(stored.metadata.uid);
      expect(view.deleteTime).toBeUndefined();
      expect(new Set(view.interfaces.map(({ vmUid }) => vmUid))).toEqual(new Set([view.uid]));
    }
  });

  it("refuses names and limits, and says which and why", async ({ expect }) => {
    const { vms, nics } = connect();
    const watch = async (request: Parameters<typeof nics.watchInterfaceStatus>[0]) => {
      for await (const _message of nics.watchInterfaceStatus(request)) return;
    };
    const many = (count: number) => Array.from({ length: count }, (_name, n) => `name-${n}`);
    interface Scope {
      readonly namespaces: string[];
      readonly vmNames?: string[];
      readonly wrong: readonly string[];
    }
    const scopes: readonly Scope[] = [
      {
        namespaces: ["scope", "No", ""],
        wrong: ["namespaces[1] NAME_INVALID", "namespaces[2] NAME_INVALID"],
      },
      { namespaces: many(101), wrong: ["namespaces LIMIT_EXCEEDED"] },
    ];
    const withNames: readonly Scope[] = [
      { namespaces: [], vmNames: ["web"], wrong: ["vmNames NAMESPACE_REQUIRED"] },
      { namespaces: ["scope", "scope-b"], vmNames: ["web"], wrong: ["vmNames NAMESPACE_REQUIRED"] },
      { namespaces: ["scope"], vmNames: ["web", "a/b"], wrong: ["vmNames[1] NAME_INVALID"] },
      { namespaces: ["scope"], vmNames: many(1_001), wrong: ["vmNames LIMIT_EXCEEDED"] },
    ];
    const calls: (readonly [() => Promise<unknown>, readonly string[]])[] = [];
    for (const { namespaces, wrong } of scopes) calls.push([() => vms.listVMs({ namespaces }), wrong]);
    for (const { wrong, ...request } of [...scopes, ...withNames])
      calls.push([() => nics.listInterfaceStatus(request), wrong], [() => watch(request), wrong]);
    const states = [InterfaceState.UNSPECIFIED];
    calls.push(
      [() => vms.listVMs({ filter: { states } }), ["filter.states[0] VALUE_UNKNOWN"]],
      [
        () => nics.listInterfaceStatus({ filter: { states: [UP, ...states] } }),
        ["filter.states[1] VALUE_UNKNOWN"],
      ],
    );
    for (const [call, expected] of calls) {
      const error = await refusalOf(call());
      expect(error.code).toBe(Code.InvalidArgument);
      const [details] = error.findDetails(BadRequestSchema);
      expect(details?.fieldViolations.map(({ field, reason }) => `${field} ${reason}`)).toEqual(expected);
    }
    const most = { namespaces: ["scope"], vmNames: ["web", ...many(999)] };
    expect((await nics.listInterfaceStatus(most)).interfaces).toHaveLength(2);
    expect((await nics.listInterfaceStatus({ namespaces: many(100) })).interfaces).toEqual([]);
  });
});

describe("an enum value that the service does not know", () => {
  it("is refused as a view and as a state", async ({ expect }) => {
    const { vms, nics } = running;
    // As a client of a newer version sends it.
    const newer: number = 99;
    const state = newer as InterfaceState;
    for (const [call, field] of [
      [() => vms.listVMs({ view: newer as VirtualMachineListView }), "view"],
      [() => vms.listVMs({ filter: { states: [state] } }), "filter.states[0]"],
      [() => nics.listInterfaceStatus({ filter: { states: [state] } }), "filter.states[0]"],
    ] as const) {
      const error = await refusalOf(call());
      expect(error.code).toBe(Code.InvalidArgument);
      expect(error.findDetails(BadRequestSchema)[0]?.fieldViolations).toMatchObject([{ field }]);
    }
  });
});

describe("a page token", () => {
  it("of VMs is refused with other namespaces or another filter, and taken with another view", async ({
    expect,
  }) => {
    const { vms } = running;
    const request = { namespaces: ["scope", "scope-b"], filter: { managed: true }, pageSize: 1 };
    const { nextPageToken: pageToken } = await vms.listVMs(request);
    const next = { ...request, namespaces: ["scope-b", "scope"], view: FULL, pageToken };
    expect((await vms.listVMs(next)).virtualMachines).toMatchObject([{ spec: { name: "web" } }]);
    for (const other of [
      { ...next, namespaces: ["scope"] },
      { ...next, filter: { managed: false } },
      { ...next, filter: { managed: true, node: "n" } },
    ])
      expect((await refusalOf(vms.listVMs(other))).code).toBe(Code.InvalidArgument);
  });
});

describe("a VM that is being deleted", () => {
  it("has the time of the request in GetVM and ListVMs", async ({ expect }) => {
    const name = "leaving";
    const ref = { namespace: "scope-b", name };
    const vm = vmOf(ref, [{ name: "eth0", sriov: true }]);
    await running.cluster.create(virtualMachines, {
      ...vm,
      metadata: { ...vm.metadata, finalizers: ["example.org/keep"] },
      spec: { ...vm.spec, runStrategy: "Halted" },
    });
    await running.cluster.delete(virtualMachines, ref);
    const { metadata } = await running.cluster.get(virtualMachines, ref);
    const { virtualMachine } = await running.vms.getVM(ref);
    const isSame = (time: Timestamp | undefined): boolean =>
      time !== undefined && timestampMs(time) === Date.parse(metadata.deletionTimestamp ?? "");
    expect(isSame(virtualMachine?.deleteTime)).toBe(true);
    await vi.waitUntil(async () => {
      const { virtualMachines: all } = await running.vms.listVMs({ namespaces: ["scope-b"] });
      return isSame(all.find((each) => each.spec?.name === name)?.deleteTime);
    });
    await running.cluster.mergePatch(virtualMachines, ref, { metadata: { finalizers: null } });
  });
});
