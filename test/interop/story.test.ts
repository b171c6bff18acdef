// One VM from its first check to its deletion, by clients of other projects against the real process.
import { readFile } from "node:fs/promises";
import { toJson, type JsonObject } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, type ExpectStatic, it } from "vitest";
import { InterfaceStatusService } from "../../gen/multinic/v1/interface_status_service_pb.ts";
import { NetworkService } from "../../gen/multinic/v1/network_service_pb.ts";
import { VirtualMachineSchema } from "../../gen/multinic/v1/virtual_machine_pb.ts";
import { VirtualMachineService } from "../../gen/multinic/v1/virtual_machine_service_pb.ts";
import { specToProto } from "../../src/wire/spec-to-proto.ts";
import { readDocument } from "../../src/domain/document/read-document.ts";
import { connectKube } from "../../src/kube/connection/connect.ts";
import { namespaces } from "../../src/kube/resource.ts";
import { startServe, type ServeProcess } from "../serve/main-process.ts";
import { bufCurl, connectByCurl, grpcJs, grpcWebByFetch } from "./clients.ts";
import { CallFailed, type ForeignClient } from "./foreign-client.ts";
import { buf, describeWith, programOfPath, run } from "./programs.ts";
import { namespaceOf } from "../support/objects.ts";

let serving: ServeProcess;
beforeAll(async () => {
  serving = await startServe(["--local", "--log-level", "error"]);
});
afterAll(async () => {
  await serving.stop();
  if (serving.stderr() !== "") throw new Error(`the service wrote to stderr: ${serving.stderr()}`);
});

async function makeNamespace(name: string): Promise<void> {
  const client = connectKube({ server: serving.clusterUrl });
  await client.create(namespaces, namespaceOf(name));
  await client.close();
}

/** examples/6.1-basic.yaml in that namespace, as the API's JSON. */
async function example(namespace: string): Promise<JsonObject> {
  const text = await readFile(new URL("../../examples/6.1-basic.yaml", import.meta.url), "utf8");
  const { spec } = readDocument(text, { namespace });
  if (spec === undefined) throw new Error("the example cannot be read");
  return toJson(VirtualMachineSchema, specToProto(spec)) as JsonObject;
}

const { applyVM, getVM, listVMs, deleteVM } = VirtualMachineService.method;
const { watchInterfaceStatus, listInterfaceStatus } = InterfaceStatusService.method;
const { validateNetworks } = NetworkService.method;

interface Status {
  readonly nic: string;
  readonly state: string;
  readonly addresses?: readonly JsonObject[];
}

/** Reads the stream until every NIC is Up; answers the NICs. */
async function watchUntilUp(
  expect: ExpectStatic,
  client: ForeignClient,
  namespace: string,
): Promise<ReadonlyMap<string, Status>> {
  const nics = new Map<string, Status>();
  let synced = false;
  for await (const message of client.stream(watchInterfaceStatus, { namespaces: [namespace] })) {
    const { resumeToken, snapshot, changes } = message as {
      readonly resumeToken?: string;
      readonly snapshot?: { readonly interfaces?: readonly Status[] };
      readonly changes?: { readonly updated?: readonly Status[] };
    };
    synced ||= "synced" in message;
    expect(resumeToken !== undefined && resumeToken !== "").toBe(synced);
    for (const nic of [...(snapshot?.interfaces ?? []), ...(changes?.updated ?? [])]) nics.set(nic.nic, nic);
    const isUp = [...nics.values()].every(({ state }) => state === "INTERFACE_STATE_UP");
    if (synced && nics.size === 2 && isUp) return nics;
  }
  throw new Error("the stream ended");
}

const failureOf = async (call: Promise<unknown>): Promise<CallFailed> => {
  try {
    await call;
  } catch (error) {
    if (error instanceof CallFailed) return error;
    throw error;
  }
  throw new Error("the call was not refused");
};

/** The whole story; `namespace` is the client's own. */
function testStory(namespace: string, clientOf: (url: string) => ForeignClient): void {
  it("checks, applies, watches, reads and deletes a VM", { timeout: 60_000 }, async ({ expect }) => {
    const client = clientOf(serving.url);
    await makeNamespace(namespace);
    const virtualMachine = await example(namespace);
    const name = virtualMachine["name"] as string;

    const checked = await client.call(validateNetworks, { virtualMachine });
    expect(checked["findings"] ?? []).toEqual([]);
    expect(checked["networks"]).toMatchObject([{ name: "eth0", primary: true }, { name: "eth1" }]);

    const applied = await client.call(applyVM, { virtualMachine });
    expect(applied).toMatchObject({ written: true, plan: { effect: "EFFECT_NONE" } });
    const nics = await watchUntilUp(expect, client, namespace);
    expect(nics.get("eth1")?.addresses?.[0]).toEqual({
      address: "10.0.1.100",
      prefixLength: 24,
      origin: "ADDRESS_ORIGIN_STATIC",
    });

    const view = (await client.call(getVM, { namespace, name }))["virtualMachine"] as JsonObject;
    expect(view).toMatchObject({ managed: true, printableStatus: "Running", spec: { name } });
    expect(await client.call(listVMs, { namespaces: [namespace] })).toMatchObject({
      virtualMachines: [{ managed: true }],
    });
    expect(await client.call(listInterfaceStatus, { namespaces: [namespace] })).toEqual({
      interfaces: view["interfaces"],
      currentAsOf: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      resumeToken: expect.stringMatching(/./) as string,
    });

    const again = await client.call(applyVM, { virtualMachine });
    expect(again["written"] ?? false).toBe(false);

    const gone = await client.call(deleteVM, { namespace, name });
    expect(gone["objects"]).toContainEqual(expect.objectContaining({ kind: "VirtualMachine", name }));
    await expect
      .poll(async () => (await client.call(listVMs, { namespaces: [namespace] }))["virtualMachines"] ?? [])
      .toEqual([]);
  });

  it("gets code and details of what is wrong", async ({ expect }) => {
    const client = clientOf(serving.url);
    const virtualMachine = { namespace, name: "wrong", networks: [{ name: "eth0", vlanId: 4095 }] };
    const refused = await failureOf(client.call(applyVM, { virtualMachine }));
    expect(refused.code).toBe(3);
    expect(refused.message).toContain("networks[0].vlanId");
    expect(Object.fromEntries(refused.details)).toMatchObject({
      "google.rpc.ErrorInfo": [{ reason: "FINDINGS", domain: "multinic.novasphere.dev" }],
      "google.rpc.BadRequest": [
        { fieldViolations: [{ field: "networks[0].vlanId", reason: "VLAN_INVALID" }] },
      ],
      "multinic.v1.Findings": [
        {
          findings: [
            {
              code: "VLAN_INVALID",
              severity: "SEVERITY_ERROR",
              field: "networks[0].vlanId",
              about: "ABOUT_INPUT",
            },
          ],
        },
      ],
    });

    const missing = await failureOf(client.call(getVM, { namespace, name: "nowhere" }));
    expect(missing.code).toBe(5);
    expect(missing.details.get("google.rpc.ResourceInfo")).toMatchObject([
      { resourceType: "VirtualMachine", resourceName: `${namespace}/nowhere` },
    ]);
  });
}

describe.each(["grpc", "grpcweb", "connect"] as const)("buf curl with %s", (protocol) => {
  testStory(`buf-${protocol}`, (url) => bufCurl(url, protocol));
});

describe("grpc-js", () => testStory("grpc-js", grpcJs));

describe("gRPC-Web by fetch over HTTP/1.1", () => testStory("grpc-web", grpcWebByFetch));

describeWith("curl", programOfPath("curl") !== undefined, () => {
  describe("with Connect's JSON", () => testStory("curl", connectByCurl));

  const get = async (path: string, message: JsonObject) => {
    const query = new URLSearchParams({ connect: "v1", encoding: "json", message: JSON.stringify(message) });
    const { stdout } = await run("curl", [
      "-sS",
      "-w",
      "\n%{header_json}\n%{http_code}",
      `${serving.url}/${path}?${query.toString()}`,
    ]);
    const [rest = "", status = ""] = stdout.split(/\n(?=\d+$)/);
    const [body = "", headers = ""] = rest.split(/\n(?=\{"[a-z-]+":\[)/);
    return { status, body, headers: JSON.parse(headers) as Record<string, readonly string[]> };
  };

  it.for([
    ["multinic.v1.NetworkService/ListNetworks", { namespace: "default" }],
    ["multinic.v1.VirtualMachineService/ListVMs", {}],
    ["multinic.v1.InterfaceStatusService/ListInterfaceStatus", {}],
  ] as const)("may GET %s, which has no side effects", async ([path, message], { expect }) => {
    const { status, body, headers } = await get(path, message);
    expect(status).toBe("200");
    expect(headers["cache-control"]).toEqual(["no-store"]);
    expect(JSON.parse(body)).toBeInstanceOf(Object);
  });

  it("gets NotFound by GET for a VM that does not exist", async ({ expect }) => {
    const path = "multinic.v1.VirtualMachineService/GetVM";
    const { status, body } = await get(path, { namespace: "default", name: "nowhere" });
    expect(status).toBe("404");
    expect(JSON.parse(body)).toMatchObject({ code: "not_found" });
  });

  it.for([
    ["ApplyVM, which writes", "VirtualMachineService/ApplyVM"],
    ["DeleteVM, which writes", "VirtualMachineService/DeleteVM"],
    ["ValidateNetworks, whose user-data does not belong into a URL", "NetworkService/ValidateNetworks"],
  ] as const)("may not GET %s", async ([, path], { expect }) => {
    const { status } = await get(`multinic.v1.${path}`, {});
    expect(status).toBe("405");
  });
});

describe("reflection", () => {
  it("lists every service to buf curl", async ({ expect }) => {
    const args = ["curl", "--http2-prior-knowledge", "--list-services", serving.url];
    const { stdout, code } = await run(buf, args);
    expect(code).toBe(0);
    expect(stdout.trim().split("\n")).toEqual([
      "grpc.health.v1.Health",
      "grpc.reflection.v1.ServerReflection",
      "grpc.reflection.v1alpha.ServerReflection",
      "multinic.v1.InterfaceStatusService",
      "multinic.v1.NetworkService",
      "multinic.v1.VirtualMachineService",
    ]);
  });

  it("lists every method to buf curl", async ({ expect }) => {
    const args = ["curl", "--http2-prior-knowledge", "--list-methods", serving.url];
    const { stdout } = await run(buf, args);
    const methods = stdout.trim().split("\n");
    for (const service of [NetworkService, VirtualMachineService, InterfaceStatusService]) {
      for (const { name } of service.methods) expect(methods).toContain(`${service.typeName}/${name}`);
    }
  });
});
