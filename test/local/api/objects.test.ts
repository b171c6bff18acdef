// Create, read, replace, patch and delete over HTTP.
import { describe, it } from "vitest";
import { configMap, configMaps, secrets, startServer, vm, vms } from "./server.ts";

describe("objects", () => {
  it("get server-set metadata on create", async ({ expect }) => {
    const server = await startServer({ clock: () => new Date("2026-03-01T10:00:00.500Z") });
    const { code, body } = await server.call("POST", vms, vm("web"));
    expect(code).toBe(201);
    expect(body.metadata).toMatchObject({
      name: "web",
      namespace: "default",
      creationTimestamp: "2026-03-01T10:00:00Z",
      generation: 1,
      uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      resourceVersion: expect.stringMatching(/^\d+$/),
    });
    expect((await server.call("GET", `${vms}/web`)).body).toEqual(body);
  });

  it("are refused with a name in use, or in a missing namespace", async ({ expect }) => {
    const server = await startServer();
    await server.call("POST", configMaps, configMap("a"));
    const again = await server.call("POST", configMaps, configMap("a"));
    expect(again.body).toMatchObject({
      kind: "Status",
      status: "Failure",
      code: 409,
      reason: "AlreadyExists",
      message: 'configmaps "a" already exists',
      details: { name: "a", kind: "configmaps" },
    });
    const nowhere = await server.call("POST", "/api/v1/namespaces/nowhere/configmaps", configMap("a"));
    expect(nowhere.body).toMatchObject({ code: 404, message: 'namespaces "nowhere" not found' });
  });

  it("keep their resourceVersion when an update changes nothing", async ({ expect }) => {
    const server = await startServer();
    const created = (await server.call("POST", configMaps, configMap("a", { k: "v" }))).body;
    const same = await server.call("PUT", `${configMaps}/a`, created);
    expect(same.body.metadata.resourceVersion).toBe(created.metadata.resourceVersion);
    const changed = await server.call("PUT", `${configMaps}/a`, { ...created, data: { k: "w" } });
    expect(Number(changed.body.metadata.resourceVersion)).toBeGreaterThan(
      Number(created.metadata.resourceVersion),
    );
    const stale = await server.call("PUT", `${configMaps}/a`, { ...created, data: { k: "x" } });
    expect(stale.body).toMatchObject({
      code: 409,
      reason: "Conflict",
      message:
        'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
    });
  });

  it("are merged with a merge patch, whose nulls remove fields", async ({ expect }) => {
    const server = await startServer();
    await server.call("POST", configMaps, configMap("a", { k: "v", l: "w" }));
    const { body } = await server.call(
      "PATCH",
      `${configMaps}/a`,
      { data: { k: null, m: "x" } },
      { "content-type": "application/merge-patch+json" },
    );
    expect(body.data).toEqual({ l: "w", m: "x" });
  });

  it("of kind Secret get data from stringData", async ({ expect }) => {
    const server = await startServer();
    const secret = { metadata: { name: "s" }, data: { a: "AA==" }, stringData: { b: "text" } };
    const { body } = await server.call("POST", secrets, secret);
    expect(body).toMatchObject({ type: "Opaque", data: { a: "AA==", b: "dGV4dA==" } });
    expect(body.stringData).toBeUndefined();
  });

  it("are not found after their deletion", async ({ expect }) => {
    const server = await startServer();
    await server.call("POST", vms, vm("web"));
    const { code, body } = await server.call("DELETE", `${vms}/web`);
    expect(code).toBe(200);
    expect(body).toMatchObject({ kind: "Status", status: "Success", details: { name: "web" } });
    const gone = await server.call("GET", `${vms}/web`);
    expect(gone.body).toMatchObject({
      code: 404,
      reason: "NotFound",
      message: 'virtualmachines.kubevirt.io "web" not found',
      details: { name: "web", group: "kubevirt.io", kind: "virtualmachines" },
    });
  });

  it("increase their generation for changes of spec only", async ({ expect }) => {
    const server = await startServer();
    await server.call("POST", vms, vm("web"));
    const patch = (path: string, body: object): ReturnType<typeof server.call> =>
      server.call("PATCH", path, body, { "content-type": "application/merge-patch+json" });
    const labelled = await patch(`${vms}/web`, { metadata: { labels: { a: "b" } } });
    expect(labelled.body.metadata.generation).toBe(1);
    const status = await patch(`${vms}/web/status`, {
      status: { ready: true },
      spec: { runStrategy: "Always" },
    });
    expect(status.body).toMatchObject({
      metadata: { generation: 1 },
      status: { ready: true },
      spec: { runStrategy: "Halted" },
    });
    const started = await patch(`${vms}/web`, { spec: { runStrategy: "Always" }, status: { ready: false } });
    expect(started.body).toMatchObject({ metadata: { generation: 2 }, status: { ready: true } });
  });
});
