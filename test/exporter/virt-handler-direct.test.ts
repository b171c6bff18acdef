// Reading virt-handler at its pod's address: a TLS server with certificates like KubeVirt's, which name no address.
import { readFile } from "node:fs/promises";
import { describe, it, onTestFinished } from "vitest";
import { directTargets, readTls } from "../../src/exporter/virt-handler-direct.ts";
import { connectKube } from "../../src/kube/connection/connect.ts";
import { type ScriptedServer, startScriptedServer } from "../kube/scripted-server.ts";

const pem = async (name: string): Promise<string> =>
  await readFile(new URL(`../kube/tls/${name}`, import.meta.url), "utf8");
const { signal } = new AbortController();
const patient = AbortSignal.timeout(20_000);

/** virt-handler's port, with the certificate of that name. */
async function startHandler(certificate: string): Promise<ScriptedServer> {
  const key = await pem(`${certificate}.key`);
  const cert = await pem(`${certificate}.crt`);
  // As SetupPromTLS: a client certificate is neither needed nor asked for.
  const server = await startScriptedServer({ key, cert });
  onTestFinished(() => server[Symbol.asyncDispose]());
  server.play((_, reply) => reply.text("kubevirt_vmi_network_receive_bytes_total 1\n", 200));
  return server;
}

describe("a virt-handler at its pod's address", () => {
  it("is read with the CA of KubeVirt, without credentials", async ({ expect }) => {
    const handler = await startHandler("virt-handler");
    const text = await readTls(`${handler.url}/metrics`, await pem("ca-kubevirt.crt"), patient);
    expect(text).toBe("kubevirt_vmi_network_receive_bytes_total 1\n");
    expect(handler.requests[0]?.headers).not.toHaveProperty("authorization");
  });

  it.for([
    ["its certificate is of another CA", "server-one", "ca-kubevirt.crt", /certificate/],
    ["KubeVirt has rotated its CA", "virt-handler", "ca-one.crt", /certificate/],
    ["it is another component of KubeVirt", "virt-api", "ca-kubevirt.crt", /altnames|does not match/],
  ] as const)("is not read if %s", async ([, certificate, ca, words], { expect }) => {
    const handler = await startHandler(certificate);
    await expect(readTls(`${handler.url}/metrics`, await pem(ca), patient)).rejects.toThrow(words);
    expect(handler.requests).toEqual([]);
  });

  it("fails with the status of an answer that is an error, and when it never answers", async ({ expect }) => {
    const handler = await startHandler("virt-handler");
    const ca = await pem("ca-kubevirt.crt");
    handler.play((_, reply) => reply.text("busy", 503));
    await expect(readTls(`${handler.url}/metrics`, ca, patient)).rejects.toThrow("HTTP 503");
    handler.play(() => undefined);
    const giveUp = new AbortController();
    const reading = readTls(`${handler.url}/metrics`, ca, giveUp.signal);
    await expect.poll(() => handler.requests.length).toBe(2);
    giveUp.abort();
    await expect(reading).rejects.toThrow("abort");
  });
});

describe("virt-handler's pods with direct access", () => {
  const list = (...items: readonly object[]): object => ({ metadata: { resourceVersion: "1" }, items });
  const pod = (name: string, phase: string, podIP?: string): object => ({
    metadata: { namespace: "kv", name },
    status: { phase, podIP },
  });

  async function startCluster(configMap: object | undefined) {
    const server = await startScriptedServer();
    onTestFinished(() => server[Symbol.asyncDispose]());
    const client = connectKube({ server: server.url });
    onTestFinished(() => client.close());
    server.play(({ path }, reply) => {
      if (path === "/apis/kubevirt.io/v1/kubevirts") {
        reply.json(list({ metadata: { namespace: "kv", name: "kubevirt" } }));
      } else if (path === "/api/v1/namespaces/kv/pods") {
        const pods = [pod("a", "Running", "10.0.0.1"), pod("b", "Pending"), pod("c", "Running", "fd00::1")];
        reply.json(list(...pods, pod("d", "Running")));
      } else if (path === "/api/v1/namespaces/kv/configmaps/kubevirt-ca" && configMap !== undefined) {
        reply.json(configMap);
      } else reply.refuse(404, "NotFound");
    });
    return { server, client };
  }

  it("are those that run and have an address, at port 8443, and the CA is read each time", async ({
    expect,
  }) => {
    const { server, client } = await startCluster({
      metadata: { name: "kubevirt-ca" },
      data: { "ca-bundle": await pem("ca-kubevirt.crt") },
    });
    const find = directTargets(client);
    const targets = await find(signal);
    expect(targets.map(({ url }) => url)).toEqual([
      "https://10.0.0.1:8443/metrics",
      "https://[fd00::1]:8443/metrics",
    ]);
    await find(signal);
    expect(server.requests.filter(({ path }) => path.endsWith("kubevirt-ca")).length).toBe(2);
  });

  it.for([undefined, { metadata: { name: "kubevirt-ca" } }])(
    "are not read without a CA: %o",
    async (configMap, { expect }) => {
      const { client } = await startCluster(configMap);
      await expect(directTargets(client)(signal)).rejects.toThrow("kv/kubevirt-ca has no ca-bundle");
    },
  );
});
