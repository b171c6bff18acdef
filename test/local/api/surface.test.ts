// Health, version, discovery, OpenAPI and Tables.
import { describe, it } from "vitest";
import { humanDuration } from "../../../src/local/api/table.ts";
import { configMap, configMaps, startServer, vmis, vms } from "./server.ts";

describe("the server", () => {
  it.for(["/livez", "/readyz", "/healthz"])("reports its health at %s", async (path, { expect }) => {
    const server = await startServer();
    expect(await server.call("GET", path)).toMatchObject({ code: 200, body: "ok" });
  });

  it("reports its version", async ({ expect }) => {
    const server = await startServer();
    const { body } = await server.call("GET", "/version");
    expect(body).toMatchObject({ major: "1", minor: "37", gitVersion: expect.stringMatching(/^v1\.37\./) });
  });

  it("lists its groups and resources, with short names for kubectl", async ({ expect }) => {
    const server = await startServer();
    const { body } = await server.call("GET", "/apis");
    const names = body.groups.map(({ name }: { name: string }) => name);
    expect(names).toEqual(expect.arrayContaining(["kubevirt.io", "k8s.cni.cncf.io"]));
    const kubevirt = (await server.call("GET", "/apis/kubevirt.io/v1")).body.resources;
    expect(kubevirt).toContainEqual(
      expect.objectContaining({ name: "virtualmachines", kind: "VirtualMachine", shortNames: ["vm", "vms"] }),
    );
    const subresources = kubevirt.map(({ name }: { name: string }) => name);
    expect(subresources).toContain("virtualmachines/status");
    expect(subresources).not.toContain("virtualmachineinstances/status");
  });

  it("sends OpenAPI v2 as protobuf, which older kubectls ask for", async ({ expect }) => {
    const server = await startServer();
    const type = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
    const response = await fetch(`${server.url}/openapi/v2`, { headers: { accept: type } });
    expect(response.headers.get("content-type")).toBe(type);
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(bytes.subarray(0, 5)).toEqual(Buffer.from([0x0a, 3, ...Buffer.from("2.0")]));
  });

  it("describes VMs in OpenAPI v3, without unresolved references", async ({ expect }) => {
    const server = await startServer();
    const index = (await server.call("GET", "/openapi/v3")).body.paths;
    const { serverRelativeURL } = index["apis/kubevirt.io/v1"];
    const { body } = await server.call("GET", serverRelativeURL);
    expect(
      body.components.schemas["io.kubevirt.v1.VirtualMachine"].properties.spec.properties,
    ).toHaveProperty("runStrategy");
    const references = JSON.stringify(body).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g);
    const missing = [...references].filter(([, name = ""]) => body.components.schemas[name] === undefined);
    expect(missing).toEqual([]);
  });
});

describe("a Table", () => {
  const accept = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json" };

  it("has KubeVirt's columns for a VMI", async ({ expect }) => {
    const now = new Date("2026-03-01T10:00:00Z");
    const server = await startServer({ clock: () => now });
    await server.call("POST", vmis, {
      apiVersion: "kubevirt.io/v1",
      kind: "VirtualMachineInstance",
      metadata: { name: "web" },
      spec: { domain: { devices: {} } },
      status: {
        phase: "Running",
        nodeName: "n1",
        interfaces: [{ ipAddress: "192.0.2.1" }],
        conditions: [{ type: "Ready", status: "True" }],
      },
    });
    now.setUTCMinutes(5);
    const { body } = await server.call("GET", vmis, undefined, accept);
    expect(body).toMatchObject({ kind: "Table", apiVersion: "meta.k8s.io/v1" });
    const shown = body.columnDefinitions
      .filter(({ priority }: { priority: number }) => priority === 0)
      .map(({ name }: { name: string }) => name);
    expect(shown).toEqual(["Name", "Age", "Phase", "IP", "NodeName", "Ready"]);
    expect(body.rows[0].cells.slice(0, 6)).toEqual(["web", "5m", "Running", "192.0.2.1", "n1", "True"]);
    expect(body.rows[0].object).toMatchObject({ kind: "PartialObjectMetadata", metadata: { name: "web" } });
  });

  it("has its columns in the first event of a watch only", async ({ expect }) => {
    const server = await startServer();
    for (const name of ["a", "b"]) await server.call("POST", configMaps, configMap(name, { k: "v" }));
    const response = await fetch(`${server.url}${configMaps}?watch=1&timeoutSeconds=1`, { headers: accept });
    const events = (await response.text()).trim().split("\n");
    const tables = events.map((line) => JSON.parse(line).object);
    expect(tables.map(({ rows }) => rows[0].cells.slice(0, 2))).toEqual([
      ["a", 1],
      ["b", 1],
    ]);
    expect(tables.map(({ columnDefinitions }) => columnDefinitions?.length)).toEqual([3, undefined]);
  });

  it("can be of one object", async ({ expect }) => {
    const server = await startServer({ clock: () => new Date("2026-03-01T10:00:00Z") });
    await server.call("POST", vms, {
      apiVersion: "kubevirt.io/v1",
      kind: "VirtualMachine",
      metadata: { name: "v" },
      spec: { template: {} },
    });
    const { body } = await server.call("GET", `${vms}/v?includeObject=None`, undefined, accept);
    expect(body.rows).toEqual([{ cells: ["v", "0s", null, null] }]);
  });

  it.for([
    [-5_000, "<invalid>"],
    [0, "0s"],
    [119_000, "119s"],
    [200_000, "3m20s"],
    [600_000, "10m"],
    [3 * 3600_000, "3h"],
    [5 * 3600_000 + 60_000, "5h1m"],
    [30 * 3600_000, "30h"],
    [51 * 3600_000, "2d3h"],
    [40 * 86_400_000, "40d"],
    [1000 * 86_400_000, "2y270d"],
  ] as const)("prints %i ms as %s", ([ms, text], { expect }) => {
    expect(humanDuration(ms)).toBe(text);
  });
});
