import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { describe, it, onTestFinished } from "vitest";
import { ErrorInfoSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { Health, HealthCheckResponse_ServingStatus } from "../../gen/grpc/health/v1/health_pb.ts";
import { connectKube } from "../../src/kube/connection/connect.ts";
import { namespaces } from "../../src/kube/resource.ts";
import { startLocalCluster } from "../../src/local/local-cluster.ts";
import { silentLog } from "../support/log.ts";
import { clientsOf, startServiceOver } from "./running-service.ts";
import { namespaceOf } from "../support/objects.ts";

/** A free loopback port. */
async function freePort(): Promise<number> {
  const holder = createServer().listen(0, "127.0.0.1");
  await once(holder, "listening");
  const { port } = holder.address() as AddressInfo;
  holder.close();
  await once(holder, "close");
  return port;
}

const failureOf = (call: Promise<unknown>): Promise<ConnectError | undefined> =>
  call.then(
    () => undefined,
    (reason: unknown) => ConnectError.from(reason),
  );

const vm = { namespace: "shop", name: "web", networks: [{ name: "eth0" }] };

describe("a service whose API server is not reachable", { timeout: 60_000 }, () => {
  it("says so, stays alive, and recovers when the API server appears", async ({ expect }) => {
    const port = await freePort();
    const client = connectKube({ server: `http://127.0.0.1:${port}` });
    onTestFinished(() => client.close());
    const service = await startServiceOver(client);
    onTestFinished(() => service.stop());
    const { vms, nics, networks } = clientsOf(service.url);
    const health = createClient(Health, createGrpcTransport({ baseUrl: service.url }));
    const get = async (path: string) => {
      const answer = await fetch(service.url + path);
      return { status: answer.status, text: await answer.text() };
    };

    const calls: Readonly<Record<string, () => Promise<unknown>>> = {
      GetVM: () => vms.getVM(vm),
      ListVMs: () => vms.listVMs({}),
      ApplyVM: () => vms.applyVM({ virtualMachine: vm }),
      DeleteVM: () => vms.deleteVM(vm),
      ListInterfaceStatus: () => nics.listInterfaceStatus({}),
      ValidateNetworks: () => networks.validateNetworks({ virtualMachine: vm }),
    };
    await Promise.all(
      Object.entries(calls).map(async ([name, call]) => {
        const error = await failureOf(call());
        expect(error?.code, name).toBe(Code.Unavailable);
        expect(error?.rawMessage, name).toMatch(/API server/);
        expect(error?.rawMessage, name).toMatch(/check/);
        expect(error?.findDetails(ErrorInfoSchema), name).toMatchObject([
          { domain: "multinic.novasphere.dev" },
        ]);
        expect(error?.findDetails(RetryInfoSchema), name).toHaveLength(1);
      }),
    );
    expect(await get("/livez")).toEqual({ status: 200, text: "ok\n" });
    const readyz = await get("/readyz");
    expect(readyz.status).toBe(503);
    for (const kind of ["VirtualMachine", "VirtualMachineInstance", "NetworkAttachmentDefinition"]) {
      expect(readyz.text).toContain(`${kind} (`);
    }
    expect(readyz.text).toMatch(/ECONNREFUSED.*check that the API server runs/);
    expect((await get("/metrics")).status).toBe(200);
    expect(await health.check({})).toMatchObject({ status: HealthCheckResponse_ServingStatus.NOT_SERVING });

    const apiListen = { host: "127.0.0.1", port };
    const clock = (): Date => new Date();
    const local = await startLocalCluster({ apiListen, delays: "fast", log: silentLog, clock });
    onTestFinished(() => local.stop());
    await expect.poll(async () => (await get("/readyz")).status, { timeout: 30_000 }).toBe(200);
    await expect
      .poll(async () => (await health.check({})).status)
      .toBe(HealthCheckResponse_ServingStatus.SERVING);
    await client.create(namespaces, namespaceOf("shop"));
    expect(await vms.applyVM({ virtualMachine: vm })).toMatchObject({ written: true });
  });
});
