// ListInterfaceStatus page by page, while VMs and NICs come and go.
import type { MessageInitShape } from "@bufbuild/protobuf";
import { createClient, createRouterTransport } from "@connectrpc/connect";
import * as fc from "fast-check";
import { describe, it } from "vitest";
import {
  InterfaceStatusService,
  type ListInterfaceStatusRequestSchema,
} from "../../gen/multinic/v1/interface_status_service_pb.ts";
import { InterfaceState } from "../../gen/multinic/v1/virtual_machine_pb.ts";
import { errorInterceptor } from "../../src/api/error-mapping.ts";
import { createInterfaceStatusService } from "../../src/api/interface-status-service.ts";
import { createResumeTokens } from "../../src/app/resume-token.ts";
import { createStatusMessages } from "../../src/wire/status-to-proto.ts";
import { createMemoryCluster, type MemoryCluster } from "../app/memory-cluster.ts";

type ListInit = MessageInitShape<typeof ListInterfaceStatusRequestSchema>;

function clientOf({ model }: MemoryCluster) {
  const clock = () => new Date(0);
  const service = createInterfaceStatusService({
    model,
    tokens: createResumeTokens("e"),
    catchUp: async () => undefined,
    clock,
    sleepOrAborted: async () => undefined,
    messages: createStatusMessages(),
  });
  const transport = createRouterTransport(({ service: add }) => add(InterfaceStatusService, service), {
    router: { interceptors: [errorInterceptor] },
  });
  return createClient(InterfaceStatusService, transport);
}

/** One VM's name begins with another's, and "-" sorts before "/". */
const vms = ["lab/db", "shop/web", "shop/web-2", "shop/web.a"];

describe("the list of NICs", () => {
  it("returns each NIC once, ordered by VM and then as in the VM, with every page size", async ({
    expect,
  }) => {
    const nics = fc.uniqueArray(fc.constantFrom("eth0", "eth1", "storage", "a"));
    await fc.assert(
      fc.asyncProperty(
        fc.array(nics, { minLength: 4, maxLength: 4 }),
        fc.integer({ min: 1, max: 5 }),
        async (all, pageSize) => {
          const cluster = createMemoryCluster();
          for (const [index, id] of vms.entries())
            cluster.setVm(
              id,
              (all[index] ?? []).map((name) => ({ name })),
            );
          const client = clientOf(cluster);
          const seen: string[] = [];
          let pageToken = "";
          do {
            const page = await client.listInterfaceStatus({ pageSize, pageToken });
            seen.push(...page.interfaces.map(({ namespace, vm, nic }) => `${namespace}/${vm}/${nic}`));
            pageToken = page.nextPageToken;
          } while (pageToken !== "");
          expect(seen).toEqual(vms.flatMap((id, index) => (all[index] ?? []).map((nic) => `${id}/${nic}`)));
        },
      ),
      { numRuns: 100 },
    );
  });

  it("continues after a NIC that has been removed, and after its VM", async ({ expect }) => {
    const cluster = createMemoryCluster();
    for (const id of vms) cluster.setVm(id, [{ name: "eth0" }, { name: "eth1" }]);
    const client = clientOf(cluster);
    const { nextPageToken: pageToken } = await client.listInterfaceStatus({ pageSize: 3 });
    cluster.setVm("shop/web", [{ name: "eth1" }]);
    const next = async () => {
      const { interfaces } = await client.listInterfaceStatus({ pageSize: 1, pageToken });
      return interfaces.map(({ vm, nic }) => `${vm}/${nic}`);
    };
    expect(await next()).toEqual(["web/eth1"]);
    cluster.removeVm("shop/web");
    expect(await next()).toEqual(["web-2/eth0"]);
  });

  it("returns each NIC that stays once, while others come, go and change their places", async ({
    expect,
  }) => {
    const names = ["eth0", "eth1", "storage", "a"];
    const nics = fc.uniqueArray(fc.constantFrom(...names));
    const edit = fc.record({ vm: fc.constantFrom(...vms), nics });
    await fc.assert(
      fc.asyncProperty(
        fc.array(nics, { minLength: 4, maxLength: 4 }),
        fc.array(fc.array(edit, { maxLength: 2 }), { minLength: 16, maxLength: 16 }),
        fc.integer({ min: 1, max: 3 }),
        async (start, edits, pageSize) => {
          const cluster = createMemoryCluster();
          const now = new Map(vms.map((id, index) => [id, start[index] ?? []]));
          const stayed = new Set([...now].flatMap(([id, all]) => all.map((nic) => `${id}/${nic}`)));
          const write = (id: string, all: readonly string[]): void => {
            for (const nic of names) if (!all.includes(nic)) stayed.delete(`${id}/${nic}`);
            cluster.setVm(
              id,
              all.map((name) => ({ name })),
            );
          };
          for (const [id, all] of now) write(id, all);
          const client = clientOf(cluster);
          const seen: string[] = [];
          let pageToken = "";
          for (const changes of edits) {
            const page = await client.listInterfaceStatus({ pageSize, pageToken });
            seen.push(...page.interfaces.map(({ namespace, vm, nic }) => `${namespace}/${vm}/${nic}`));
            pageToken = page.nextPageToken;
            if (pageToken === "") break;
            for (const change of changes) write(change.vm, change.nics);
          }
          expect(pageToken).toBe("");
          expect(new Set(seen).size).toBe(seen.length);
          for (const id of stayed) expect(seen).toContain(id);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("selects by namespace, VM, state and node", async ({ expect }) => {
    const cluster = createMemoryCluster();
    cluster.setVm(
      "shop/web",
      [
        { name: "eth0", linkState: "up" },
        { name: "eth1", linkState: "down" },
      ],
      "n1",
    );
    cluster.setVm("shop/db", [{ name: "eth0", linkState: "up" }], "n2");
    cluster.setVm("lab/web", [{ name: "eth0" }]);
    const client = clientOf(cluster);
    const { UP, DOWN } = InterfaceState;
    const cases: readonly (readonly [ListInit, readonly string[]])[] = [
      [{ namespaces: ["shop"] }, ["shop/db/eth0", "shop/web/eth0", "shop/web/eth1"]],
      [
        { namespaces: ["shop", "lab"], vmNames: [] },
        ["lab/web/eth0", "shop/db/eth0", "shop/web/eth0", "shop/web/eth1"],
      ],
      [{ namespaces: ["shop", "shop"], vmNames: ["web", "web", "gone"] }, ["shop/web/eth0", "shop/web/eth1"]],
      [{ namespaces: ["nowhere"] }, []],
      [{ filter: { states: [UP] } }, ["shop/db/eth0", "shop/web/eth0"]],
      [{ filter: { states: [UP, DOWN], node: "n1" } }, ["shop/web/eth0", "shop/web/eth1"]],
      [{ namespaces: ["shop"], filter: { states: [DOWN], node: "n2" } }, []],
    ];
    for (const [request, expected] of cases) {
      const answer = await client.listInterfaceStatus(request);
      expect(answer.interfaces.map(({ namespace, vm, nic }) => `${namespace}/${vm}/${nic}`)).toEqual(
        expected,
      );
    }
  });

  it("takes a page token only with the scope and the filter that it is of", async ({ expect }) => {
    const cluster = createMemoryCluster();
    for (const id of vms) cluster.setVm(id, [{ name: "eth0" }, { name: "eth1" }]);
    const client = clientOf(cluster);
    const { DOWN } = InterfaceState;
    const request = { namespaces: ["shop", "lab"], filter: { states: [DOWN] }, pageSize: 3 };
    const { nextPageToken: pageToken } = await client.listInterfaceStatus(request);
    const next = { ...request, namespaces: ["lab", "shop", "lab"], pageToken };
    expect((await client.listInterfaceStatus(next)).interfaces).toHaveLength(3);
    for (const other of [
      { ...next, namespaces: [] },
      { ...next, filter: {} },
      { ...next, filter: { states: [DOWN], node: "n1" } },
    ])
      await expect(client.listInterfaceStatus(other)).rejects.toThrow("does not belong to this list");
  });

  it("gives a token from which a stream sends each change since the first page, and no snapshot", async ({
    expect,
  }) => {
    const cluster = createMemoryCluster();
    for (const id of vms) cluster.setVm(id, [{ name: "eth0" }]);
    const client = clientOf(cluster);
    const scope = { namespaces: ["shop"] };
    const { resumeToken } = await client.listInterfaceStatus({ ...scope, pageSize: 1 });
    cluster.setVm("shop/web", [{ name: "eth0" }, { name: "eth1" }]);
    cluster.removeVm("shop/web-2");
    const events: string[] = [];
    for await (const { event } of client.watchInterfaceStatus({ ...scope, resumeToken })) {
      events.push(event.case ?? "");
      if (event.case === "changes") {
        const { updated, removed } = event.value;
        events.push(...[...updated, ...removed].map(({ vm, nic }) => `${vm}/${nic}`));
      }
      if (event.case === "synced") break;
    }
    // The etag of the VM is in each of its NICs.
    expect(events).toEqual(["changes", "web/eth0", "web/eth1", "web-2/eth0", "synced"]);
  });

  it("shows what has changed since the last call", async ({ expect }) => {
    const cluster = createMemoryCluster();
    const client = clientOf(cluster);
    const macs = async () =>
      (await client.listInterfaceStatus({})).interfaces.map(({ macAddress }) => macAddress);
    cluster.setVm("shop/web", [{ name: "eth0", mac: "02:00:5e:00:00:01" }]);
    expect(await macs()).toEqual(["02:00:5e:00:00:01"]);
    cluster.setVm("shop/web", [{ name: "eth0", mac: "02:00:5e:00:00:02" }]);
    expect(await macs()).toEqual(["02:00:5e:00:00:02"]);
  });
});
