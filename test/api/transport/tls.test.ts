// The TLS port: both HTTP versions by ALPN, client certificates, and certificates renewed while serving.

import { createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tls from "node:tls";
import { promisify } from "node:util";
import { describe, it, onTestFinished } from "vitest";
import {
  Health,
  HealthCheckResponse_ServingStatus as Status,
} from "../../../gen/grpc/health/v1/health_pb.ts";
import { createHandler } from "../../../src/api/transport/handler.ts";
import { createHealth } from "../../../src/api/transport/health.ts";
import { listenTls, type ListenTlsOptions } from "../../../src/api/transport/listen-tls.ts";
import { recordLog } from "../../support/log.ts";

const run = promisify(execFile);
const opensslMissing = spawnSync("openssl", ["version"]).status !== 0;

async function createFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "multinic-tls-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

/** Writes a self-signed certificate for 127.0.0.1 as tls.crt and tls.key, as in a Secret of type kubernetes.io/tls. */
async function writeIdentity(
  folder: string,
  commonName: string,
): Promise<{ certFile: string; keyFile: string }> {
  const [certFile, keyFile] = [join(folder, "tls.crt"), join(folder, "tls.key")];
  const kind = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1".split(" ");
  const names = ["-subj", `/CN=${commonName}`, "-addext", "subjectAltName=IP:127.0.0.1"];
  await run("openssl", [...kind, ...names, "-keyout", keyFile, "-out", certFile]);
  return { certFile, keyFile };
}

async function serveTls(options: Pick<ListenTlsOptions, "certFile" | "keyFile"> & Partial<ListenTlsOptions>) {
  const log = recordLog();
  const health = createHealth();
  health.set("", true);
  const handler = createHandler({ log, routes: health.routes });
  const listener = await listenTls({ host: "127.0.0.1", port: 0, handler, log, ...options });
  onTestFinished(() => listener.close(0));
  return { ...listener, log };
}

/** The common name of the certificate a new connection is shown. */
function shownName(port: number): Promise<string | string[] | undefined> {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ host: "127.0.0.1", port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().subject.CN);
      socket.destroy();
    });
    socket.once("error", reject);
  });
}

// Without openssl there are no certificates; CI fails then instead of skipping.
const isSkipped = opensslMissing && process.env["CI"] !== "true";

describe.skipIf(isSkipped)(`TLS port${isSkipped ? " (skipped: openssl is not in PATH)" : ""}`, () => {
  it("answers gRPC over HTTP/2 and Connect over HTTP/1.1", async ({ expect }) => {
    const identity = await writeIdentity(await createFolder(), "first");
    const { url: baseUrl } = await serveTls(identity);
    const nodeOptions = { ca: await readFile(identity.certFile) };
    for (const transport of [
      createGrpcTransport({ baseUrl, nodeOptions }),
      createConnectTransport({ baseUrl, nodeOptions, httpVersion: "1.1" }),
    ]) {
      expect(await createClient(Health, transport).check({})).toMatchObject({ status: Status.SERVING });
    }
  });

  it("presents a renewed certificate to new connections", async ({ expect }) => {
    const folder = await createFolder();
    const server = await serveTls({ ...(await writeIdentity(folder, "first")), reloadIntervalMs: 20 });
    expect(await shownName(server.port)).toBe("first");
    await writeIdentity(folder, "second");
    await expect.poll(() => shownName(server.port)).toBe("second");
  });

  it("keeps the old certificate while the new files do not match", async ({ expect }) => {
    const folder = await createFolder();
    const identity = await writeIdentity(folder, "first");
    const server = await serveTls({ ...identity, reloadIntervalMs: 20 });
    await writeFile(identity.keyFile, "not a key");
    await expect.poll(() => server.log.lines).toContainEqual(expect.objectContaining({ level: "warn" }));
    expect(await shownName(server.port)).toBe("first");
  });

  it("refuses to start with a certificate and key that do not match", async ({ expect }) => {
    const identity = await writeIdentity(await createFolder(), "first");
    const other = await writeIdentity(await createFolder(), "other");
    await expect(serveTls({ certFile: identity.certFile, keyFile: other.keyFile })).rejects.toThrow(/key/i);
    await expect(serveTls({ certFile: "/nonexistent", keyFile: other.keyFile })).rejects.toThrow(/ENOENT/);
  });

  it("closes gracefully", async ({ expect }) => {
    const server = await serveTls(await writeIdentity(await createFolder(), "first"));
    await server.close(60_000);
    await expect(shownName(server.port)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });
});
