// ListInterfaceStatus page by page, while VMs and NICs come and go.
import { createClient, createRouterTransport } from "@connectrpc/connect";
import * as fc from "fast-check";
import { describe, it } from "vitest";
import { InterfaceStatusService } from "../../gen/multinic/v1/interface_status_service_pb.ts";
import { createInterfaceStatusService } from "../../src/api/interface-status-service.ts";
import { createStatusMessages } from "../../src/wire/status-to-proto.ts";
import { createMemoryCluster, type MemoryCluster } from "../app/memory-cluster.ts";

function clientOf({ model }: MemoryCluster) {
  const clock = () => new Date(0);
  const service = createInterfaceStatusService({
    model,
    epoch: "e",
    clock,
    sleepOrAborted: async () => undefined,
    messages: createStatusMessages(),
  });
  const transport = createRouterTransport(({ service: add }) => add(InterfaceStatusService, service));
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
