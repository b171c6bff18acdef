// What a caller of the service sees when calls to the API server go wrong, and what the cluster holds afterwards.
import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, it } from "vitest";
import { RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { connectKube } from "../../src/kube/connection/connect.ts";
import type { FullKubeClient } from "../../src/kube/kube-client.ts";
import {
  namespaces,
  networkAttachmentDefinitions,
  secrets,
  virtualMachines,
} from "../../src/kube/resource.ts";
import { startLocalCluster } from "../../src/local/local-cluster.ts";
import type { Service } from "../../src/serve/service.ts";
import { type Clients, clientsOf, startServiceOver } from "../serve/running-service.ts";
import { silentLog } from "../support/log.ts";
import { namespaceOf } from "../support/objects.ts";
import type { Fault, Match } from "./fault.ts";
import { type FaultProxy, startFaultProxy } from "./fault-proxy.ts";

let cluster: FullKubeClient;
let proxy: FaultProxy;
let client: FullKubeClient;
let service: Service;
let clients: Clients;
const endings: (() => PromiseLike<void>)[] = [];

beforeAll(async () => {
  const apiListen = { host: "127.0.0.1", port: 0 };
  const clock = (): Date => new Date();
  const local = await startLocalCluster({ apiListen, delays: "fast", log: silentLog, clock });
  endings.unshift(() => local.stop());
  cluster = connectKube({ server: local.url });
  endings.unshift(() => cluster.close());
  proxy = await startFaultProxy(local.url);
  endings.unshift(() => proxy[Symbol.asyncDispose]());
  client = connectKube({ server: proxy.url });
  endings.unshift(() => client.close());
  service = await startServiceOver(client);
  endings.unshift(() => service.stop());
  await service.whenReady();
  clients = clientsOf(service.url);
}, 60_000);

afterAll(async () => {
  for (const end of endings) await end();
});

let tried = 0;

/** A namespace of its own for each case, and a VM in it with a NAD and a Secret. */
async function newMachine() {
  tried += 1;
  const namespace = `case-${tried}`;
  await cluster.create(namespaces, namespaceOf(namespace));
  const userData = { source: { case: "text" as const, value: "#cloud-config\n{}\n" } };
  return { namespace, name: "web", userData, networks: [{ name: "eth0" }, { name: "eth1", vlanId: 100 }] };
}

async function during<T>(match: Match, fault: Fault, work: () => Promise<T>): Promise<T> {
  const injection = proxy.inject(match, fault);
  try {
    return await work();
  } finally {
    injection.remove();
  }
}

/** NADs, Secrets and VMs of the namespace. */
async function held(namespace: string): Promise<number[]> {
  const lists = await Promise.all([
    cluster.list(networkAttachmentDefinitions, { namespace }),
    cluster.list(secrets, { namespace }),
    cluster.list(virtualMachines, { namespace }),
  ]);
  return lists.map(({ items }) => items.length);
}

const failureOf = async (call: Promise<unknown>): Promise<ConnectError> =>
  await call.then(
    () => new ConnectError("it was accepted", Code.Unknown),
    (reason: unknown) => ConnectError.from(reason),
  );

describe("a caller of the service", { timeout: 60_000 }, () => {
  it("F5: gets UNAVAILABLE with the wait that the API server asks for", async ({ expect }) => {
    const refusal: Fault = { kind: "refuse", code: 429, reason: "TooManyRequests", retryAfterSeconds: 31 };
    const error = await during(
      { verb: "get", resource: "virtualmachines" },
      refusal,
      async () => await failureOf(clients.vms.getVM({ namespace: "default", name: "web" })),
    );
    expect(error.code).toBe(Code.Unavailable);
    expect(error.findDetails(RetryInfoSchema)).toMatchObject([{ retryDelay: { seconds: 31n } }]);
  });

  it.for<[string, Fault]>([
    ["a reset after each write", { kind: "reset", executed: true }],
    ["a reset before each write", { kind: "reset", executed: false }],
    ["half an answer to each write", { kind: "truncate" }],
    ["a connection that closes in each answer", { kind: "cut" }],
    ["503", { kind: "refuse", code: 503, reason: "ServiceUnavailable" }],
  ])("F3, F6: does not notice %s, if the next attempt works", async ([, fault], { expect }) => {
    const virtualMachine = await newMachine();
    const injections = ["secrets", "network-attachment-definitions", "virtualmachines"].map((resource) =>
      proxy.inject({ verb: "apply", resource, dryRun: false, nth: 1 }, fault),
    );
    const answer = await clients.vms.applyVM({ virtualMachine });
    for (const injection of injections) injection.remove();
    expect(answer.written).toBe(true);
    expect(injections.map(({ struck }) => struck)).toEqual([1, 1, 1]);
    expect(await held(virtualMachine.namespace)).toEqual([2, 1, 1]);
  });

  it.for(["secrets", "network-attachment-definitions", "virtualmachines"])(
    "F10: whose service may not write %s learns that before anything is written",
    async (resource, { expect }) => {
      const virtualMachine = await newMachine();
      const message = `User "multinic" cannot patch resource "${resource}"`;
      const error = await during(
        { verb: "apply", resource },
        { kind: "refuse", code: 403, reason: "Forbidden", message },
        async () => await failureOf(clients.vms.applyVM({ virtualMachine })),
      );
      expect([Code.FailedPrecondition, Code.InvalidArgument]).toContain(error.code);
      expect(error.rawMessage).toContain(message);
      expect(await held(virtualMachine.namespace)).toEqual([0, 0, 0]);
    },
  );

  it("F6: gets UNAVAILABLE from reads as long as the answers are cut off, and the objects after that", async ({
    expect,
  }) => {
    const virtualMachine = await newMachine();
    await clients.vms.applyVM({ virtualMachine });
    const get = async () => await clients.vms.getVM(virtualMachine);
    const error = await during(
      { verb: "get", resource: "virtualmachines" },
      { kind: "truncate" },
      async () => await failureOf(get()),
    );
    expect(error.code).toBe(Code.Unavailable);
    expect((await get()).virtualMachine?.interfaces.map(({ nic }) => nic)).toEqual(["eth0", "eth1"]);
  });
});
