// No VM, however much it reports, makes an answer longer than a gRPC client accepts by default (4 MiB).
import type { JsonObject } from "@bufbuild/protobuf";
import { describe, it } from "vitest";
import { InterfaceStatusService } from "../../gen/multinic/v1/interface_status_service_pb.ts";
import { NetworkService } from "../../gen/multinic/v1/network_service_pb.ts";
import { VirtualMachineService } from "../../gen/multinic/v1/virtual_machine_service_pb.ts";
import { createInterfaceStatusService } from "../../src/api/interface-status-service.ts";
import { createNetworkService } from "../../src/api/network-service.ts";
import { createVirtualMachineService } from "../../src/api/virtual-machine-service.ts";
import type { ClusterView } from "../../src/app/cluster-view.ts";
import { builtInCatalogue } from "../../src/domain/catalogue.ts";
import { readVm } from "../../src/domain/document/read-record.ts";
import type {
  NetworkAttachmentDefinition,
  VirtualMachine,
  VirtualMachineInstance,
} from "../../src/domain/objects/kubernetes.ts";
import { createStatusMessages } from "../../src/wire/status-to-proto.ts";
import { serve } from "../api/transport/serving.ts";
import { createResumeTokens } from "../../src/app/resume-token.ts";
import { createMemoryCache, createMemoryCluster, keyOf, vmiOf, vmOf } from "../app/memory-cluster.ts";
import { grpcJs } from "../interop/clients.ts";
import type { ForeignClient } from "../interop/foreign-client.ts";
import { nad } from "../support/objects.ts";

/** The services over these objects, without an API server. */
async function serving() {
  const cluster = createMemoryCluster();
  const nads = createMemoryCache<NetworkAttachmentDefinition>();
  nads.sync();
  const { vms, vmis, model } = cluster;
  const catalogue = builtInCatalogue();
  const view = { vms, vmis, nads } as unknown as ClusterView;
  // Lists and streams ask no API server.
  const client = undefined as never;
  const messages = createStatusMessages();
  const { port } = await serve({
    routes(router) {
      router.service(
        NetworkService,
        createNetworkService({ catalogue, cluster: { client, view }, version: "test" }),
      );
      router.service(
        VirtualMachineService,
        createVirtualMachineService({ client, view, model, catalogue, messages }),
      );
      const sleepOrAborted = (_ms: number, signal: AbortSignal) =>
        new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
      router.service(
        InterfaceStatusService,
        createInterfaceStatusService({
          model,
          tokens: createResumeTokens("e"),
          catchUp: async () => undefined,
          clock: () => new Date(0),
          sleepOrAborted,
          messages,
        }),
      );
    },
  });
  const set = (id: string, vm: VirtualMachine, vmi: VirtualMachineInstance): void => {
    vms.set(keyOf(id), readVm(vm));
    vmis.set(keyOf(id), vmi);
  };
  return { set, nads, client: grpcJs(`http://127.0.0.1:${port}`) };
}

const { listVMs } = VirtualMachineService.method;
const { listNetworks } = NetworkService.method;
const { listInterfaceStatus, watchInterfaceStatus } = InterfaceStatusService.method;

/** The elements of all pages, and how many pages there were. */
async function all(
  client: ForeignClient,
  method: Parameters<ForeignClient["call"]>[0],
  request: JsonObject,
  field: string,
) {
  const items: JsonObject[] = [];
  let pages = 0;
  let pageToken = "";
  do {
    const page = await client.call(method, { ...request, pageToken });
    items.push(...((page[field] ?? []) as JsonObject[]));
    pageToken = (page["nextPageToken"] ?? "") as string;
    pages += 1;
  } while (pageToken !== "");
  return { items, pages };
}

async function snapshotOf(client: ForeignClient): Promise<readonly JsonObject[]> {
  const nics: JsonObject[] = [];
  for await (const message of client.stream(watchInterfaceStatus, {})) {
    if (message["synced"] !== undefined) return nics;
    const { interfaces = [] } = message["snapshot"] as { readonly interfaces?: JsonObject[] };
    nics.push(...interfaces);
  }
  throw new Error("the stream ended before it was synced");
}

const mebibyte = "x".repeat(1024 * 1024);

describe("guests that report 60,000 addresses each, and texts of a mebibyte", () => {
  it("cost no client of the lists and the stream anything", async ({ expect }) => {
    const { set, client } = await serving();
    const addresses = Array.from({ length: 60_000 }, (_, n) => `2001:db8::${n.toString(16)}`);
    for (let vm = 0; vm < 6; vm += 1) {
      const id = `shop/web-${vm}`;
      const nics = [{ name: "eth0", linkState: "up" as const }];
      const vmi = vmiOf(keyOf(id), nics, mebibyte);
      const [reported] = vmi.status?.interfaces ?? [];
      set(id, vmOf(keyOf(id), nics), {
        ...vmi,
        status: {
          ...vmi.status,
          interfaces: [
            {
              ...reported,
              ipAddresses: addresses,
              interfaceName: mebibyte,
              mac: mebibyte,
              linkState: mebibyte,
            },
          ],
        },
      });
      const starting = `shop/starting-${vm}`;
      set(starting, vmOf(keyOf(starting), nics), {
        ...vmiOf(keyOf(starting), nics, "node-1"),
        status: {
          phase: "Scheduling",
          conditions: [{ type: "Synchronized", status: "False", message: mebibyte }],
        },
      });
    }
    const { items: nics } = await all(client, listInterfaceStatus, {}, "interfaces");
    expect(nics).toHaveLength(12);
    expect(await snapshotOf(client)).toEqual(nics);
    const [web] = nics.filter(({ vm }) => vm === "web-0");
    expect(web).toMatchObject({
      addresses: addresses.slice(0, 64).map((address) => ({ address })),
      omittedAddressCount: 60_000 - 64,
    });
    const { items: views } = await all(
      client,
      listVMs,
      { view: "VIRTUAL_MACHINE_LIST_VIEW_FULL" },
      "virtualMachines",
    );
    expect(views).toHaveLength(12);
    expect(views.map(({ interfaces }) => (interfaces as JsonObject[]).length)).toEqual(Array(12).fill(1));
  });
});

describe("VMs as large as the API server allows", () => {
  it("are listed and streamed in messages that fit, if it is the names of their NICs", async ({ expect }) => {
    const { set, client } = await serving();
    const ids = Array.from({ length: 10 }, (_, n) => `shop/vm-${n}`);
    const names = Array.from({ length: 100 }, (_, n) => `${n}-`.padEnd(4_000, "a"));
    const nics = names.map((name) => ({ name, linkState: "up" as const }));
    for (const id of ids) set(id, vmOf(keyOf(id), nics), vmiOf(keyOf(id), nics, "node-1"));
    const expected = ids.flatMap(() => names);
    const listed = await all(client, listInterfaceStatus, { pageSize: 5_000 }, "interfaces");
    expect(listed.items.map(({ nic }) => nic)).toEqual(expected);
    expect(listed.pages).toBeGreaterThan(1);
    expect((await snapshotOf(client)).map(({ nic }) => nic)).toEqual(expected);
    for (const view of ["BASIC", "FULL"]) {
      const request = { view: `VIRTUAL_MACHINE_LIST_VIEW_${view}` };
      const { items } = await all(client, listVMs, request, "virtualMachines");
      expect(items.map(({ interfaceCounts }) => interfaceCounts)).toEqual(ids.map(() => ({ up: 100 })));
    }
  });

  it("come without their NICs in a list of VMs, if these alone are too long for it", async ({ expect }) => {
    const { set, client } = await serving();
    const nics = Array.from({ length: 9_000 }, (_, n) => ({ name: `n${n}`, linkState: "up" as const }));
    set("shop/large", vmOf(keyOf("shop/large"), nics), vmiOf(keyOf("shop/large"), nics, "node-1"));
    const small = [{ name: "eth0", linkState: "up" as const }];
    set("shop/web", vmOf(keyOf("shop/web"), small), vmiOf(keyOf("shop/web"), small, "node-1"));
    const { items } = await all(
      client,
      listVMs,
      { view: "VIRTUAL_MACHINE_LIST_VIEW_FULL" },
      "virtualMachines",
    );
    const [large, web] = items;
    expect(large).toMatchObject({ interfaceCounts: { up: 9_000 } });
    expect(large?.["interfaces"]).toBeUndefined();
    expect(web).toMatchObject({ interfaceCounts: { up: 1 }, interfaces: [{ nic: "eth0" }] });
    const { items: listed } = await all(client, listInterfaceStatus, { pageSize: 5_000 }, "interfaces");
    expect(listed).toHaveLength(9_001);
  });
});

describe("40 networks that 1,100 VMs use", () => {
  it("are listed in pages that fit, each with its first 1,000 users", async ({ expect }) => {
    const { set, nads, client } = await serving();
    const names = Array.from({ length: 40 }, (_, n) => `net-${String(n).padStart(3, "0")}`);
    for (const name of names) nads.set({ namespace: "shop", name }, nad(name, { type: "bridge" }));
    const nics = names.map((name) => ({ name: name.slice("net-".length) }));
    const ids = Array.from({ length: 1_100 }, (_, n) =>
      `shop/${String(n).padStart(4, "0")}-`.padEnd(60, "a"),
    );
    for (const id of ids) set(id, vmOf(keyOf(id), nics), vmiOf(keyOf(id), [], "node-1"));
    const { items, pages } = await all(
      client,
      listNetworks,
      { namespace: "shop", pageSize: 500 },
      "networks",
    );
    const listed = items.filter(({ nadName }) => nadName !== undefined);
    expect(listed.map(({ nadName }) => nadName)).toEqual(names.map((name) => `shop/${name}`));
    expect(listed[0]).toMatchObject({ usedBy: ids.slice(0, 1_000), omittedUsedByCount: 100 });
    expect(pages).toBeGreaterThan(1);
  });
});
