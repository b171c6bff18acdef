// Where virt-handler is read: through the API server over TLS with a token, or at given URLs.
import { readFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, it } from "vitest";
import { podTargets, urlTargets } from "../../src/exporter/virt-handler-targets.ts";
import { connectKube } from "../../src/kube/connection/connect.ts";
import type { KubeClient } from "../../src/kube/kube-client.ts";
import { startScriptedServer, type ScriptedServer } from "../kube/scripted-server.ts";

const pem = async (name: string): Promise<string> =>
  await readFile(new URL(`../kube/tls/${name}`, import.meta.url), "utf8");
const { signal } = new AbortController();

describe("virt-handler's pods", () => {
  let server: ScriptedServer;
  let client: KubeClient;
  beforeEach(async () => {
    server = await startScriptedServer({
      key: await pem("server-one.key"),
      cert: await pem("server-one.crt"),
    });
    const authentication = { headers: { authorization: "Bearer t" }, tls: { ca: await pem("ca-one.crt") } };
    const current = () => Promise.resolve(authentication);
    client = connectKube({ server: server.url, credentials: { current, renew: current } });
  });
  afterEach(async () => {
    await client.close();
    await server[Symbol.asyncDispose]();
  });

  const list = (...items: readonly object[]): object => ({ metadata: { resourceVersion: "1" }, items });
  const pod = (name: string, phase: string): object => ({
    metadata: { namespace: "kv", name },
    status: { phase },
  });
  const proxied = "/api/v1/namespaces/kv/pods/https:virt-handler-a:8443/proxy/metrics";

  function playCluster(metrics = "a 1\n"): void {
    server.play(({ path }, reply) => {
      if (path === "/apis/kubevirt.io/v1/kubevirts") {
        reply.json(list({ metadata: { namespace: "kv", name: "kubevirt" } }));
      } else if (path === "/api/v1/namespaces/kv/pods") {
        reply.json(list(pod("virt-handler-a", "Running"), pod("virt-handler-b", "Pending")));
      } else if (path === proxied) reply.text(metrics, 200);
      else reply.refuse(404, "NotFound");
    });
  }

  it("are found in KubeVirt's namespace if they run, and read at port 8443 with the token", async ({
    expect,
  }) => {
    playCluster();
    const targets = await podTargets(client)(signal);
    expect(targets.map(({ url }) => url)).toEqual([proxied]);
    expect(await targets[0]?.read(signal)).toBe("a 1\n");
    const [, pods, metrics] = server.requests;
    expect(pods?.query.get("labelSelector")).toBe("kubevirt.io=virt-handler");
    expect(metrics?.headers.authorization).toBe("Bearer t");
  });

  it("are not found if KubeVirt is not installed", async ({ expect }) => {
    server.play((_, reply) => reply.json(list()));
    expect(await podTargets(client)(signal)).toEqual([]);
  });

  it("are read up to 32 MiB", async ({ expect }) => {
    playCluster("#".repeat(32 * 1024 * 1024 + 1));
    const [target] = await podTargets(client)(signal);
    await expect(target?.read(signal)).rejects.toMatchObject({
      reason: "Undecodable",
      message: "the answer is longer than 33554432 bytes",
    });
  });

  it("are requested once per scrape, even if the API server cannot reach one", async ({ expect }) => {
    server.play((_, reply) => reply.refuse(503, "ServiceUnavailable"));
    const read = client.getText(proxied, { signal });
    await expect(read).rejects.toMatchObject({ reason: "ServiceUnavailable" });
    expect(server.requests).toHaveLength(1);
  });
});

describe("URLs of virt-handler", () => {
  it("are read once each, without the API server", async ({ expect }) => {
    await using server = await startScriptedServer();
    server.play((_, reply) => reply.text("a 1\n", 200));
    const url = `${server.url}/metrics`;
    const targets = await urlTargets([url, url])(signal);
    expect(targets.map((target) => target.url)).toEqual([url]);
    expect(await targets[0]?.read(signal)).toBe("a 1\n");
  });

  it("fail with the status of an answer that is an error", async ({ expect }) => {
    await using server = await startScriptedServer();
    const [target] = await urlTargets([`${server.url}/metrics`])(signal);
    await expect(target?.read(signal)).rejects.toThrow("HTTP 404");
  });
});
