// Nodes, bridges and Service networks: what is read, how often, and what a service that may not read them knows.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, it } from "vitest";
import { type ClusterReadings, createClusterReadings } from "../../src/app/cluster-readings.ts";
import { indexNodes } from "../../src/domain/network/nodes.ts";
import { connectKube } from "../../src/kube/connection/connect.ts";
import type { KubeClient } from "../../src/kube/kube-client.ts";

const nodesPath = "/api/v1/nodes";
const servicesPath = "/apis/networking.k8s.io/v1/servicecidrs";
const statesPath = "/apis/nmstate.io/v1beta1/nodenetworkstates";

interface Stand {
  readonly readings: ClusterReadings;
  /** Paths, in the order of the requests. */
  readonly asked: string[];
  readonly later: (ms: number) => void;
}

const open: { readonly server: Server; readonly client: KubeClient }[] = [];

/** An API server with those lists: items, or the status that it refuses with; 404 for all others. */
async function stand(lists: Record<string, readonly unknown[] | number>): Promise<Stand> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = (request.url ?? "").split("?")[0] ?? "";
    asked.push(path);
    const answer = lists[path] ?? 404;
    response.writeHead(typeof answer === "number" ? answer : 200, { "content-type": "application/json" });
    response.end(
      JSON.stringify(
        typeof answer === "number"
          ? {
              kind: "Status",
              status: "Failure",
              code: answer,
              reason: answer === 403 ? "Forbidden" : answer === 404 ? "NotFound" : "InternalError",
              message: "no",
            }
          : { kind: "List", metadata: { resourceVersion: "1" }, items: answer },
      ),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const client = connectKube({ server: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  open.push({ server, client });
  let now = 0;
  return {
    asked,
    readings: createClusterReadings(client, () => now),
    later: (ms) => void (now += ms),
  };
}

afterEach(async () => {
  for (const { server, client } of open.splice(0)) {
    await client.close();
    await new Promise((resolve) => server.close(resolve));
  }
});

const schedulable = { "kubevirt.io/schedulable": "true" };

describe("readings of the cluster", () => {
  it("contain what a NIC needs of each node", async ({ expect }) => {
    const { readings } = await stand({
      [nodesPath]: [
        {
          metadata: { name: "node-1", labels: schedulable },
          spec: { podCIDRs: ["10.244.0.0/24"] },
          status: {
            allocatable: { "acme/vf": "8" },
            addresses: [
              { type: "InternalIP", address: "198.51.100.1" },
              { type: "Hostname", address: "node-1" },
            ],
          },
        },
        { metadata: { name: "node-2" } },
        { metadata: { name: "node-3", labels: schedulable }, spec: { unschedulable: true } },
      ],
      [statesPath]: [
        {
          metadata: { name: "node-1" },
          status: {
            currentState: {
              interfaces: [
                { name: "br1", type: "linux-bridge", mtu: 9000 },
                { name: "br1", type: "ovs-interface" },
                { name: "br2", type: "ovs-bridge" },
              ],
            },
          },
        },
      ],
      [servicesPath]: [{ metadata: { name: "kubernetes" }, spec: { cidrs: ["10.96.0.0/16", "fd00::/108"] } }],
    });
    const nothing = { allocatable: {}, addresses: [], podCidrs: [], bridges: undefined };
    expect(await readings.read()).toEqual({
      serviceCidrs: ["10.96.0.0/16", "fd00::/108"],
      nodes: indexNodes([
        {
          name: "node-1",
          takesVms: true,
          allocatable: { "acme/vf": "8" },
          addresses: ["198.51.100.1"],
          podCidrs: ["10.244.0.0/24"],
          bridges: [
            { kind: "linux", name: "br1", mtu: 9000 },
            { kind: "ovs", name: "br2", mtu: undefined },
          ],
        },
        { ...nothing, name: "node-2", takesVms: false },
        { ...nothing, name: "node-3", takesVms: false },
      ]),
    });
  });

  it("have no value for what cannot be read or does not exist", async ({ expect }) => {
    const { readings } = await stand({ [nodesPath]: 403, [servicesPath]: 403 });
    expect(await readings.read()).toEqual({ nodes: undefined, serviceCidrs: undefined });
  });

  it("are shared by callers within ten seconds", async ({ expect }) => {
    const { readings, asked, later } = await stand({ [nodesPath]: [] });
    await Promise.all([readings.read(), readings.read()]);
    later(9_999);
    await readings.read();
    expect(asked.filter((path) => path === nodesPath)).toHaveLength(1);
    later(1);
    await readings.read();
    expect(asked.filter((path) => path === nodesPath)).toHaveLength(2);
  });

  it("fail for the caller, and are tried again for the next", async ({ expect }) => {
    const lists: Record<string, readonly unknown[] | number> = { [nodesPath]: 400 };
    const { readings } = await stand(lists);
    await expect(readings.read()).rejects.toThrow("no");
    lists[nodesPath] = [];
    expect(await readings.read()).toMatchObject({ nodes: indexNodes([]) });
  });
});
