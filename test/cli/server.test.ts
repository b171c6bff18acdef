import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { createServer as createHttp2Server, type Http2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import { text } from "node:stream/consumers";
import { create } from "@bufbuild/protobuf";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { describe, it, onTestFinished } from "vitest";
import {
  InterfaceStatusService,
  WatchInterfaceStatusResponseSchema as schema,
} from "../../gen/multinic/v1/interface_status_service_pb.ts";
import { InterfaceState } from "../../gen/multinic/v1/virtual_machine_pb.ts";
import { VirtualMachineService } from "../../gen/multinic/v1/virtual_machine_service_pb.ts";

/** Runs multinic with these arguments in its own process, which must end without help. */
async function overTheNetwork(...args: readonly string[]) {
  const script = `
    import { runCli } from ${JSON.stringify(resolve("src/cli/cli.ts"))};
    const { stdin, stdout, stderr, env, argv } = process;
    const deps = { serve: async () => 0, offline: async () => { throw new Error("not used"); }, version: "1" };
    process.exitCode = await runCli(argv.slice(1), { stdin, stdout, stderr, env, isTerminal: false }, deps);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script, "--", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 15_000,
  });
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "exit"),
  ]);
  return { code: code as unknown, stdout, stderr };
}

async function listening(server: Server | Http2Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("a service on the network", () => {
  it("is called with gRPC over h2c, and the connection does not keep the process alive", async ({
    expect,
  }) => {
    const server = createHttp2Server(
      connectNodeAdapter({
        connect: false,
        grpcWeb: false,
        routes: (router) =>
          void router.service(VirtualMachineService, {
            getVM: ({ namespace, name }) => ({
              virtualMachine: { spec: { namespace, name }, managed: true },
            }),
          }),
      }),
    );
    const answer = await overTheNetwork("get", "web", "--server", await listening(server), "-o", "json");
    expect(answer).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(answer.stdout)).toEqual({
      virtualMachine: { spec: { namespace: "default", name: "web" }, managed: true },
    });
  });

  it("does not keep the process alive after a stream that is no longer read", async ({ expect }) => {
    const server = createHttp2Server(
      connectNodeAdapter({
        connect: false,
        grpcWeb: false,
        routes: (router) => {
          router.service(VirtualMachineService, { applyVM: () => ({ written: true }), getVM: () => ({}) });
          router.service(InterfaceStatusService, {
            async *watchInterfaceStatus(_request, { signal }) {
              const interfaces = ["eth0", "eth1"].map((nic) => ({ nic, state: InterfaceState.UP }));
              yield create(schema, { resumeToken: "1", event: { case: "snapshot", value: { interfaces } } });
              yield create(schema, { resumeToken: "2", event: { case: "synced", value: {} } });
              await once(signal, "abort");
            },
          });
        },
      }),
    );
    const url = await listening(server);
    const answer = await overTheNetwork("apply", "examples/6.1-basic.yaml", "--wait", "--server", url);
    expect(answer).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("is in the requested state") as string,
    });
  });

  it("that is not running is unreachable, with what to do next", async ({ expect }) => {
    const server = createServer();
    const url = await listening(server);
    server.close();
    await once(server, "close");
    const { code, stderr } = await overTheNetwork("get", "--server", url);
    expect(code).toBe(3);
    expect(stderr).toBe(
      `error: cannot reach ${url}: connection refused\n` +
        "next: start a service with `multinic serve --local`, or set --server or MULTINIC_SERVER to another\n",
    );
  });

  it("that is not multinic is unreachable too", async ({ expect }) => {
    const url = await listening(createServer((_request, response) => void response.end("hello")));
    const { code, stderr } = await overTheNetwork("get", "--server", url);
    expect(code).toBe(3);
    expect(stderr).toContain(`error: cannot reach ${url}: `);
  });

  it("whose host does not exist is unreachable too", async ({ expect }) => {
    const { code, stderr } = await overTheNetwork("get", "--server", "http://nowhere.invalid:1");
    expect(code).toBe(3);
    expect(stderr).toMatch(/no such host|DNS server does not answer/);
  });
});
