// A cluster that lacks what multinic needs: /readyz and the calls name the kind, the last refusal and what to do.
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, it, onTestFinished } from "vitest";
import { connectKube } from "../../src/kube/connection/connect.ts";
import { startLocalCluster } from "../../src/local/local-cluster.ts";
import type { Refusal } from "../faults/fault.ts";
import { startFaultProxy } from "../faults/fault-proxy.ts";
import { silentLog } from "../support/log.ts";
import { clientsOf, startServiceOver } from "./running-service.ts";

/** As kube-apiserver answers for a kind that it does not serve. */
const notServed: Refusal = {
  kind: "refuse",
  code: 404,
  reason: "NotFound",
  message: "the server could not find the requested resource",
};
const forbidden = (resource: string): Refusal => ({
  kind: "refuse",
  code: 403,
  reason: "Forbidden",
  message: `${resource} is forbidden: User "system:serviceaccount:multinic:multinic" cannot list resource`,
});

const failureOf = async (call: Promise<unknown>): Promise<ConnectError | undefined> =>
  await call.then(
    () => undefined,
    (reason: unknown) => ConnectError.from(reason),
  );

describe("a service in a cluster that lacks something", { timeout: 60_000 }, () => {
  it.for<[string, string, Refusal, RegExp[]]>([
    [
      "KubeVirt",
      "virtualmachines",
      notServed,
      [/VirtualMachine \(virtualmachines\.kubevirt\.io\)/, /does not serve this kind/, /install KubeVirt/],
    ],
    [
      "Multus",
      "network-attachment-definitions",
      notServed,
      [
        /NetworkAttachmentDefinition \(network-attachment-definitions\.k8s\.cni\.cncf\.io\)/,
        /install Multus/,
      ],
    ],
    [
      "the right to list instances",
      "virtualmachineinstances",
      forbidden("virtualmachineinstances.kubevirt.io"),
      [
        /VirtualMachineInstance/,
        /cannot list resource/,
        /give the service account of multinic the verbs list and watch for virtualmachineinstances\.kubevirt\.io/,
      ],
    ],
    [
      "valid credentials",
      "virtualmachines",
      { kind: "refuse", code: 401, reason: "Unauthorized", message: "virtualmachines: Unauthorized" },
      [/VirtualMachine/, /token or client certificate/],
    ],
  ])("names %s, and is ready once it is there", async ([, resource, refusal, parts], { expect }) => {
    const clock = (): Date => new Date();
    const apiListen = { host: "127.0.0.1", port: 0 };
    const local = await startLocalCluster({ apiListen, delays: "fast", log: silentLog, clock });
    onTestFinished(() => local.stop());
    const proxy = await startFaultProxy(local.url);
    onTestFinished(() => proxy[Symbol.asyncDispose]());
    const lack = proxy.inject({ resource }, refusal);
    const client = connectKube({ server: proxy.url });
    onTestFinished(() => client.close());
    const service = await startServiceOver(client);
    onTestFinished(() => service.stop());
    const readyz = async (): Promise<string> => await (await fetch(`${service.url}/readyz`)).text();

    for (const part of parts) await expect.poll(readyz).toMatch(part);
    const { vms, nics, networks } = clientsOf(service.url);
    const calls = {
      ListVMs: vms.listVMs({}),
      ListNetworks: networks.listNetworks({ namespace: "default" }),
      ...(resource.startsWith("virtualmachine") && { ListInterfaceStatus: nics.listInterfaceStatus({}) }),
    };
    for (const [name, call] of Object.entries(calls)) {
      const error = await failureOf(call);
      expect(error?.code, name).toBe(Code.Unavailable);
      for (const part of parts) expect(error?.rawMessage, name).toMatch(part);
    }

    const machine = {
      namespace: "default",
      name: "web",
      networks: [{ name: "eth0" }, { name: "eth1", vlanId: 100 }],
    };
    const error = await failureOf(vms.applyVM({ virtualMachine: machine }));
    expect([Code.Unavailable, Code.FailedPrecondition]).toContain(error?.code);
    expect(error?.rawMessage).toContain(resource);
    expect(error?.rawMessage).toMatch(
      /check that KubeVirt and Multus are installed|lacks a permission|check its token/,
    );

    lack.remove();
    await expect.poll(readyz, { timeout: 20_000 }).toBe("ok\n");
    expect((await vms.listVMs({})).virtualMachines).toEqual([]);
  });
});
