import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createConnection } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { inspect, promisify } from "node:util";
import { afterEach, beforeEach, describe, it } from "vitest";
import { stringify } from "yaml";
import type { Secret } from "../../src/domain/objects/kubernetes.ts";
import { connectKube } from "../../src/kube/connection/connect.ts";
import { loadKubeConnection } from "../../src/kube/connection/credentials.ts";
import type { LoadedConnection } from "../../src/kube/connection/credentials.ts";
import { KubeError } from "../../src/kube/errors.ts";
import type { FullKubeClient } from "../../src/kube/kube-client.ts";
import type { KubeConfigChoice, Surroundings } from "../../src/kube/connection/kubeconfig.ts";
import { secrets } from "../../src/kube/resource.ts";
import { startScriptedServer } from "./scripted-server.ts";
import type { ScriptedServer } from "./scripted-server.ts";
import { createTestTiming } from "./test-timing.ts";
import type { TestTiming } from "./test-timing.ts";

let folder: string;
let timing: TestTiming;
const open: { close(): Promise<void> }[] = [];

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "multinic-credentials-"));
  timing = createTestTiming();
});

afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each.close();
  await rm(folder, { recursive: true });
});

const secret: Secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "s", namespace: "lab" } };
const ref = { namespace: "lab", name: "s" };

async function pem(name: string): Promise<string> {
  return await readFile(new URL(`tls/${name}`, import.meta.url), "utf8");
}

async function serverTls(which: "one" | "two") {
  return { key: await pem(`server-${which}.key`), cert: await pem(`server-${which}.crt`) };
}

async function startTlsServer(): Promise<ScriptedServer> {
  const ca = [await pem("ca-one.crt"), await pem("ca-two.crt")];
  const server = await startScriptedServer({
    ...(await serverTls("one")),
    ca,
    requestCert: true,
    rejectUnauthorized: false,
  });
  open.push({ close: async () => await server[Symbol.asyncDispose]() });
  return server;
}

/** Accepts one bearer token; the test changes it. */
function acceptToken(server: ScriptedServer, token: string): void {
  server.play(({ headers }, reply) => {
    if (headers.authorization === `Bearer ${token}`) reply.json(secret);
    else reply.refuse(401, "Unauthorized");
  });
}

function inFolder(name: string): string {
  return path.join(folder, name);
}

interface Entry {
  readonly name?: string;
  readonly cluster?: object;
  readonly user?: object;
  readonly namespace?: string;
}

async function writeKubeconfig(file: string, { name = "lab", cluster, user = {}, namespace }: Entry) {
  const context = { cluster: name, user: name, ...(namespace === undefined ? {} : { namespace }) };
  const config = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": name,
    clusters: [{ name, cluster }],
    users: [{ name, user }],
    contexts: [{ name, context }],
  };
  await writeFile(inFolder(file), stringify(config));
  return inFolder(file);
}

function around(env: Surroundings["env"] = {}): Surroundings {
  return { env, home: folder, serviceAccount: inFolder("serviceaccount") };
}

async function load(choice: KubeConfigChoice, where = around()): Promise<LoadedConnection> {
  return await loadKubeConnection(choice, where, timing.now);
}

async function connected(choice: KubeConfigChoice, where = around()): Promise<FullKubeClient> {
  const client = connectKube({ ...(await load(choice, where)), timing });
  open.push(client);
  return client;
}

async function messageOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof KubeError) return error.message;
  throw new Error("expected a KubeError", { cause: error });
}

describe("a connection is loaded", () => {
  const cluster = { server: "https://192.0.2.1:6443" };

  it("from the given file", async ({ expect }) => {
    const kubeconfig = await writeKubeconfig("k", { cluster, namespace: "lab" });
    expect(await load({ kubeconfig })).toMatchObject({
      server: "https://192.0.2.1:6443",
      context: "lab",
      namespace: "lab",
    });
  });

  it("from all files of KUBECONFIG: the first value wins, and missing files are skipped", async ({
    expect,
  }) => {
    const one = await writeKubeconfig("one", { cluster });
    const two = await writeKubeconfig("two", { cluster: { server: "https://192.0.2.2:6443" } });
    const three = await writeKubeconfig("three", {
      name: "other",
      cluster: { server: "https://192.0.2.3:6443" },
    });
    const env = { KUBECONFIG: [one, inFolder("nothing"), two, three].join(path.delimiter) };
    expect((await load({}, around(env))).server).toBe("https://192.0.2.1:6443");
    expect((await load({ context: "other" }, around(env))).server).toBe("https://192.0.2.3:6443");
  });

  it("without credentials if the server speaks plain HTTP", async ({ expect }) => {
    const kubeconfig = await writeKubeconfig("k", {
      cluster: { server: "http://127.0.0.1:8080" },
      user: { token: "t" },
    });
    expect((await load({ kubeconfig })).credentials).toBeUndefined();
  });

  it.for<[string, () => Promise<unknown>, RegExp]>([
    [
      "nothing is there",
      () => load({}),
      /KUBECONFIG is not set and there is no .*\.kube\/config; set KUBECONFIG/,
    ],
    [
      "the file is not there",
      () => load({ kubeconfig: inFolder("k") }),
      /no kubeconfig file .*\/k; set KUBECONFIG to one that exists/,
    ],
    [
      "the context is unknown",
      async () => load({ kubeconfig: await writeKubeconfig("k", { cluster }), context: "prod" }),
      /has no context "prod"; it has lab/,
    ],
    [
      "the file is not a kubeconfig",
      async () => {
        await writeFile(inFolder("k"), "- : [");
        await load({ kubeconfig: inFolder("k") });
      },
      /the kubeconfig .*\/k cannot be read: /,
    ],
    [
      "a proxy speaks SOCKS",
      async () =>
        load({
          kubeconfig: await writeKubeconfig("k", { cluster: { ...cluster, "proxy-url": "socks5://p" } }),
        }),
      /proxy-url must be an http or https proxy/,
    ],
  ])("or fails with an error that says what to do: %s", async ([, work, words], { expect }) => {
    expect(await messageOf(work())).toMatch(words);
  });
});

describe("a token", () => {
  it("F14: in a pod comes from the ServiceAccount, and is read again at the first 401", async ({
    expect,
  }) => {
    const server = await startTlsServer();
    acceptToken(server, "first");
    await mkdir(inFolder("serviceaccount"));
    await writeFile(inFolder("serviceaccount/ca.crt"), await pem("ca-one.crt"));
    await writeFile(inFolder("serviceaccount/namespace"), "multinic\n");
    await writeFile(inFolder("serviceaccount/token"), "first\n");
    const url = new URL(server.url);
    const where = around({ KUBERNETES_SERVICE_HOST: url.hostname, KUBERNETES_SERVICE_PORT: url.port });
    expect((await load({}, where)).namespace).toBe("multinic");
    const client = await connected({}, where);
    await client.get(secrets, ref);

    acceptToken(server, "second");
    await writeFile(inFolder("serviceaccount/token"), "second\n");
    await Promise.all([client.get(secrets, ref), client.get(secrets, ref), client.create(secrets, secret)]);
    await client.get(secrets, ref);
    const refusals =
      server.requests.filter(({ headers }) => headers.authorization === "Bearer first").length - 1;
    expect([refusals, server.requests.length]).toEqual([3, 1 + 3 + 3 + 1]);
  });

  it("F14: of a kubeconfig is read again at a 401, from tokenFile or from the file itself", async ({
    expect,
  }) => {
    const server = await startTlsServer();
    const cluster = {
      server: server.url,
      "certificate-authority-data": Buffer.from(await pem("ca-one.crt")).toString("base64"),
    };
    await writeFile(inFolder("token"), "first");
    const clients = [
      await connected({ kubeconfig: await writeKubeconfig("a", { cluster, user: { tokenFile: "token" } }) }),
      await connected({ kubeconfig: await writeKubeconfig("b", { cluster, user: { token: "first" } }) }),
    ];
    for (const token of ["first", "second"]) {
      acceptToken(server, token);
      await writeFile(inFolder("token"), token);
      await writeKubeconfig("b", { cluster, user: { token } });
      for (const client of clients) await client.get(secrets, ref);
    }
    expect(server.requests.length).toBe(6);
  });

  it("that stays refused is the caller's error after one retry, and is not read again at once", async ({
    expect,
  }) => {
    const server = await startTlsServer();
    acceptToken(server, "another");
    const cluster = { server: server.url, "insecure-skip-tls-verify": true };
    const client = await connected({
      kubeconfig: await writeKubeconfig("k", { cluster, user: { token: "t" } }),
    });
    for (let n = 0; n < 3; n++) {
      await expect(client.get(secrets, ref)).rejects.toMatchObject({ reason: "Unauthorized", status: 401 });
    }
    expect(server.requests.length).toBe(2 + 1 + 1);
    timing.advance(5_000);
    await expect(client.get(secrets, ref)).rejects.toMatchObject({ reason: "Unauthorized" });
    expect(server.requests.length).toBe(6);
  });

  it("is never sent to a server other than its own", async ({ expect }) => {
    const server = await startTlsServer();
    acceptToken(server, "another");
    const cluster = { server: server.url, "insecure-skip-tls-verify": true };
    const kubeconfig = await writeKubeconfig("k", { cluster, user: { token: "t" } });
    const client = await connected({ kubeconfig });
    await writeKubeconfig("k", {
      cluster: { ...cluster, server: "https://192.0.2.9" },
      user: { token: "theirs" },
    });
    expect(await messageOf(client.get(secrets, ref))).toContain(`no longer leads to ${server.url}`);
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual(["Bearer t"]);
  });

  it("of a plugin is requested once for many calls that are refused at the same time", async ({ expect }) => {
    const server = await startTlsServer();
    const script = `
      const fs = require("node:fs");
      fs.appendFileSync(${JSON.stringify(inFolder("runs"))}, "x");
      const token = fs.readFileSync(${JSON.stringify(inFolder("token"))}, "utf8");
      console.log(JSON.stringify({ status: { token } }));
    `;
    const exec = {
      apiVersion: "client.authentication.k8s.io/v1",
      command: process.execPath,
      args: ["-e", script],
    };
    const cluster = { server: server.url, "insecure-skip-tls-verify": true };
    const client = await connected({ kubeconfig: await writeKubeconfig("k", { cluster, user: { exec } }) });
    for (const token of ["first", "second"]) {
      acceptToken(server, token);
      await writeFile(inFolder("token"), token);
      await Promise.all(Array.from({ length: 8 }, async () => await client.create(secrets, secret)));
    }
    expect(await readFile(inFolder("runs"), "utf8")).toBe("xx");
  });

  it("of a plugin that fails is an error with context and file", async ({ expect }) => {
    const cluster = { server: "https://127.0.0.1:1", "insecure-skip-tls-verify": true };
    const exec = { apiVersion: "client.authentication.k8s.io/v1", command: inFolder("no-such-plugin") };
    const client = await connected({ kubeconfig: await writeKubeconfig("k", { cluster, user: { exec } }) });
    const message = await messageOf(client.get(secrets, ref));
    expect(message).toMatch(/^the credentials of context "lab" from .*\/k cannot be read: .*no-such-plugin/);
  });

  it("of a plugin that hangs does not outlast the call", async ({ expect }) => {
    const cluster = { server: "https://127.0.0.1:1", "insecure-skip-tls-verify": true };
    const exec = { apiVersion: "client.authentication.k8s.io/v1", command: "sleep", args: ["2"] };
    const loaded = await load({ kubeconfig: await writeKubeconfig("k", { cluster, user: { exec } }) });
    const client = connectKube({ ...loaded, timing, requestTimeoutMs: 30 });
    open.push(client);
    expect(await messageOf(client.get(secrets, ref))).toContain("no answer within 30 ms");
  });
});

describe("a secret", () => {
  it.for<[string, (server: ScriptedServer) => void | Promise<void>]>([
    ["a refusal", (server) => server.play((_, reply) => reply.refuse(403, "Forbidden"))],
    ["a refused token", (server) => server.play((_, reply) => reply.refuse(401, "Unauthorized"))],
    ["an answer that makes no sense", (server) => server.play((_, reply) => reply.text("<html>", 200))],
    ["a reset", (server) => server.play((_, reply) => reply.reset())],
    ["a deadline", (server) => server.play(() => undefined)],
    ["a wrong certificate", async (server) => server.rotate(await serverTls("two"))],
  ])(
    "is not in the error of %s: neither the token nor the data to be written",
    async ([, fault], { expect }) => {
      const server = await startTlsServer();
      await fault(server);
      const cluster = {
        server: server.url,
        "certificate-authority-data": Buffer.from(await pem("ca-one.crt")).toString("base64"),
      };
      const kubeconfig = await writeKubeconfig("k", { cluster, user: { token: "canary-token" } });
      const client = connectKube({ ...(await load({ kubeconfig })), timing, requestTimeoutMs: 200 });
      open.push(client);
      const error: unknown = await client
        .create(secrets, { ...secret, stringData: { password: "canary-password" } })
        .catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(KubeError);
      expect(inspect(error, { depth: 20, showHidden: true })).not.toContain("canary");
    },
  );
});

describe("a certificate", () => {
  async function kubeconfigWithFiles(server: ScriptedServer): Promise<string> {
    await writeFile(inFolder("ca.crt"), await pem("ca-one.crt"));
    await writeFile(inFolder("client.crt"), await pem("client-one.crt"));
    await writeFile(inFolder("client.key"), await pem("client-one.key"));
    return await writeKubeconfig("k", {
      cluster: { server: server.url, "certificate-authority": "ca.crt" },
      user: { "client-certificate": "client.crt", "client-key": "client.key" },
    });
  }

  it("F14: of the client is presented, and a new one is used without a failed call", async ({ expect }) => {
    const server = await startTlsServer();
    server.play((_, reply) => reply.json(secret));
    const client = await connected({ kubeconfig: await kubeconfigWithFiles(server) });
    await client.get(secrets, ref);
    await writeFile(inFolder("client.crt"), await pem("client-two.crt"));
    await writeFile(inFolder("client.key"), await pem("client-two.key"));
    timing.advance(10_000);
    await client.get(secrets, ref);
    await client.get(secrets, ref);
    expect(server.requests.map(({ clientName }) => clientName)).toEqual([
      "client-one",
      "client-two",
      "client-two",
    ]);
  });

  it("F14: of the API server by another authority is trusted as soon as the file contains the authority", async ({
    expect,
  }) => {
    const server = await startTlsServer();
    server.play((_, reply) => reply.json(secret));
    const client = await connected({ kubeconfig: await kubeconfigWithFiles(server) });
    await client.get(secrets, ref);
    await writeFile(inFolder("ca.crt"), await pem("ca-two.crt"));
    server.rotate(await serverTls("two"));
    await client.get(secrets, ref);
    expect(server.requests.length).toBe(2);
  });

  it("that is read again unchanged leaves the connections open", async ({ expect }) => {
    const server = await startTlsServer();
    server.play((_, reply) => reply.json(secret));
    const client = await connected({ kubeconfig: await kubeconfigWithFiles(server) });
    for (let n = 0; n < 10; n++) {
      await client.get(secrets, ref);
      timing.advance(10_000);
    }
    expect(server.connections).toBeLessThanOrEqual(2);
  });

  it("of the API server by an unknown authority is refused, and the error says so", async ({ expect }) => {
    const server = await startTlsServer();
    const client = await connected({ kubeconfig: await kubeconfigWithFiles(server) });
    server.rotate(await serverTls("two"));
    await expect(client.create(secrets, secret)).rejects.toMatchObject({
      reason: "Unreachable",
      message: expect.stringContaining("unable to verify") as string,
    });
    expect(server.requests).toEqual([]);
  });
});

describe("a proxy", () => {
  it("in the kubeconfig is used for every connection", async ({ expect }) => {
    const server = await startTlsServer();
    server.play((_, reply) => reply.json(secret));
    const targets: (string | undefined)[] = [];
    const proxy = createServer();
    proxy.on("connect", ({ url }, socket) => {
      targets.push(url);
      const { hostname, port } = new URL(`http://${url}`);
      const onward = createConnection(Number(port), hostname, () => socket.write("HTTP/1.1 200 OK\r\n\r\n"));
      onward.pipe(socket).pipe(onward);
    });
    proxy.listen(0, "127.0.0.1");
    await once(proxy, "listening");
    open.push({ close: async () => await promisify(proxy.close.bind(proxy))() });
    const { port } = proxy.address() as AddressInfo;
    const cluster = {
      server: server.url,
      "certificate-authority-data": Buffer.from(await pem("ca-one.crt")).toString("base64"),
      "proxy-url": `http://127.0.0.1:${port}`,
    };
    const client = await connected({ kubeconfig: await writeKubeconfig("k", { cluster }) });
    await client.get(secrets, ref);
    await client.get(secrets, ref);
    expect(new Set(targets)).toEqual(new Set([new URL(server.url).host]));
    expect(server.connections).toBe(targets.length);
  });
});

describe("client-node", () => {
  it("is not loaded for a server that needs no credentials", async ({ expect }) => {
    const from = (file: string): string =>
      JSON.stringify(new URL(`../../src/kube/connection/${file}`, import.meta.url).href);
    const script = `
      import { registerHooks } from "node:module";
      const seen = [];
      registerHooks({ resolve(name, context, next) { seen.push(name); return next(name, context); } });
      await import(${from("credentials.ts")});
      const { connectKube } = await import(${from("connect.ts")});
      const client = connectKube({ server: "http://127.0.0.1:1", requestTimeoutMs: 50 });
      await client.getText("/version").catch(() => undefined);
      await client.close();
      console.log(JSON.stringify(seen));
    `;
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script]);
    const seen = JSON.parse(stdout) as string[];
    expect(seen).toContain("undici");
    expect(seen).not.toContain("@kubernetes/client-node");
  });
});
