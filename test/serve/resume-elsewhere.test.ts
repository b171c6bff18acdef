// A client of several replicas: each honours the resume tokens of the others, over the wire, and so does a restarted one.
import { describe, it, onTestFinished } from "vitest";
import type { VirtualMachine } from "../../src/domain/objects/kubernetes.ts";
import { connectKube } from "../../src/kube/connection/connect.ts";
import type { FullKubeClient } from "../../src/kube/kube-client.ts";
import { secrets, virtualMachines } from "../../src/kube/resource.ts";
import { createApiServer } from "../../src/local/api/api-server.ts";
import type { Service } from "../../src/serve/service.ts";
import { keyOf, vmOf } from "../app/memory-cluster.ts";
import { clientsOf, startServiceOver } from "./running-service.ts";

interface Replicas {
  readonly client: FullKubeClient;
  readonly start: () => Promise<Service>;
}

async function startReplicas(historyLimit?: number): Promise<Replicas> {
  const server = createApiServer(historyLimit === undefined ? {} : { historyLimit });
  const { url } = await server.listen({ host: "127.0.0.1", port: 0 });
  const client = connectKube({ server: url });
  const services: Service[] = [];
  onTestFinished(async () => {
    await Promise.all(services.map((service) => service.stop()));
    await client.close();
    await server.close();
  });
  return {
    client,
    async start() {
      const service = await startServiceOver(client);
      services.push(service);
      await service.whenReady();
      return service;
    },
  };
}

const vm = (name: string, ...nics: readonly string[]): VirtualMachine => {
  const object = vmOf(
    keyOf(`default/${name}`),
    nics.map((nic) => ({ name: nic })),
  );
  return { ...object, spec: { ...object.spec, runStrategy: "Halted" } };
};

/** Reads until `synced`; what came, and the token to go on with. */
async function readUntilSynced({ url }: Service, resumeToken = "") {
  const stopping = new AbortController();
  const events: string[] = [];
  const { nics } = clientsOf(url);
  const scope = { namespaces: ["default"], resumeToken };
  for await (const message of nics.watchInterfaceStatus(scope, { signal: stopping.signal })) {
    const { event, resumeToken: token } = message;
    if (event.case === "changes") {
      events.push(...event.value.updated.map((status) => `${status.vm}/${status.nic}`));
      events.push(...event.value.removed.map((key) => `${key.vm}/${key.nic} removed`));
    } else events.push(event.case ?? "unknown");
    if (event.case === "synced") return { events: events.toSorted(), token };
  }
  throw new Error("the stream ended");
}

describe("a resume token", () => {
  it("is honoured by another replica and after a restart: each sends what has changed since, once", async ({
    expect,
  }) => {
    const { client, start } = await startReplicas();
    await client.create(virtualMachines, vm("web", "eth0", "eth1"));
    await client.create(virtualMachines, vm("db", "eth0"));
    const [one, other] = [await start(), await start()];
    const first = await readUntilSynced(one);
    expect(first.events).toEqual(["snapshot", "synced"]);
    expect((await readUntilSynced(other, first.token)).events).toEqual(["synced"]);

    await one.stop();
    await client.delete(virtualMachines, { namespace: "default", name: "db" });
    const present = await client.get(virtualMachines, { namespace: "default", name: "web" });
    await client.replace(virtualMachines, { ...present, spec: vm("web", "eth0").spec });
    await client.create(virtualMachines, vm("new", "eth0"));
    const restarted = await start();
    const expected = ["db/eth0 removed", "new/eth0", "synced", "web/eth0", "web/eth1 removed"];
    let { token } = first;
    for (const [service, events] of [
      [restarted, expected],
      [other, ["synced"]],
      [restarted, ["synced"]],
    ] as const) {
      const resumed = await readUntilSynced(service, token);
      expect(resumed.events).toEqual(events);
      ({ token } = resumed);
    }
    expect((await readUntilSynced(other, first.token)).events).toEqual(expected);
  });

  it("starts with a reset if the API server has forgotten its versions", async ({ expect }) => {
    const { client, start } = await startReplicas(8);
    await client.create(virtualMachines, vm("web", "eth0"));
    const { token } = await readUntilSynced(await start());
    await client.create(virtualMachines, vm("new", "eth0"));
    for (let index = 0; index < 20; index += 1) {
      const metadata = { namespace: "default", name: `other-${index}` };
      await client.create(secrets, { apiVersion: "v1", kind: "Secret", metadata });
    }
    const resumed = await readUntilSynced(await start(), token);
    expect(resumed.events).toEqual(["reset", "snapshot", "synced"]);
  });
});
