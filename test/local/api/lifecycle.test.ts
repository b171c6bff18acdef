// Deletion and its effects: finalizers, owners, pods and namespaces.
import { describe, it } from "vitest";
import { type TestServer, configMap, configMaps, pods, startServer, vmis, vms } from "./server.ts";

async function owned(server: TestServer, name: string, owner: string, more: object = {}): Promise<void> {
  const { uid } = (await server.call("GET", `${configMaps}/${owner}`)).body.metadata;
  const reference = { apiVersion: "v1", kind: "ConfigMap", name: owner, uid, ...more };
  await server.call("POST", configMaps, configMap(name, {}, { ownerReferences: [reference] }));
}

/** Types and names of the next events of the config maps in `default`, from now on. */
async function follow(server: TestServer): Promise<(count: number) => Promise<readonly string[]>> {
  const { resourceVersion } = (await server.call("GET", configMaps)).body.metadata;
  const watch = await server.watch(`${configMaps}?watch=1&resourceVersion=${resourceVersion}`);
  return async (count) => {
    const seen: string[] = [];
    while (seen.length < count) {
      const { type, object } = await watch.next();
      seen.push(`${type} ${object.metadata.name}`);
    }
    return seen;
  };
}

describe("deletion", () => {
  it("waits for finalizers, and accepts no new ones", async ({ expect }) => {
    const server = await startServer();
    const merge = { "content-type": "application/merge-patch+json" };
    await server.call("POST", configMaps, configMap("a", {}, { finalizers: ["x.org/y"] }));
    const marked = await server.call("DELETE", `${configMaps}/a`);
    expect(marked.body).toMatchObject({ kind: "ConfigMap", metadata: { deletionGracePeriodSeconds: 0 } });
    expect((await server.call("DELETE", `${configMaps}/a`)).body).toEqual(marked.body);
    const more = { metadata: { finalizers: ["x.org/y", "x.org/z"] } };
    const refused = await server.call("PATCH", `${configMaps}/a`, more, merge);
    expect(refused.body).toMatchObject({
      code: 422,
      message: expect.stringContaining("no new finalizers can be added if the object is being deleted"),
    });
    await server.call("PATCH", `${configMaps}/a`, { metadata: { finalizers: null } }, merge);
    expect((await server.call("GET", `${configMaps}/a`)).code).toBe(404);
  });

  it.for([
    ["uid", { uid: "other" }, "the UID in the precondition (other) does not match the UID in record"],
    [
      "resourceVersion",
      { resourceVersion: "1" },
      "the ResourceVersion in the precondition (1) does not match",
    ],
  ] as const)("of another %s is a conflict", async ([, preconditions, message], { expect }) => {
    const server = await startServer();
    await server.call("POST", configMaps, configMap("a"));
    const { body } = await server.call("DELETE", `${configMaps}/a`, { preconditions });
    expect(body).toMatchObject({ code: 409, reason: "Conflict", message: expect.stringContaining(message) });
    expect((await server.call("GET", `${configMaps}/a`)).code).toBe(200);
  });

  it("in the background deletes dependents after their owner", async ({ expect }) => {
    const server = await startServer();
    await server.call("POST", configMaps, configMap("owner"));
    await owned(server, "dependent", "owner");
    const next = await follow(server);
    await server.call("DELETE", `${configMaps}/owner`);
    expect(await next(2)).toEqual(["DELETED owner", "DELETED dependent"]);
  });

  it("in the foreground deletes dependents before their owner", async ({ expect }) => {
    const server = await startServer();
    await server.call("POST", configMaps, configMap("owner"));
    await owned(server, "dependent", "owner", { blockOwnerDeletion: true });
    const next = await follow(server);
    await server.call("DELETE", `${configMaps}/owner`, { propagationPolicy: "Foreground" });
    expect(await next(3)).toEqual(["MODIFIED owner", "DELETED dependent", "DELETED owner"]);
  });

  it("with Orphan keeps dependents, without that owner", async ({ expect }) => {
    const server = await startServer();
    await server.call("POST", configMaps, configMap("owner"));
    await owned(server, "dependent", "owner");
    const next = await follow(server);
    await server.call("DELETE", `${configMaps}/owner?propagationPolicy=Orphan`);
    expect(await next(3)).toEqual(["MODIFIED owner", "MODIFIED dependent", "DELETED owner"]);
    const { body } = await server.call("GET", `${configMaps}/dependent`);
    expect(body.metadata.ownerReferences).toBeUndefined();
  });

  it("follows when the owner does not exist, but not when its kind is unknown", async ({ expect }) => {
    const server = await startServer();
    const owner = (apiVersion: string): object => ({ apiVersion, kind: "ConfigMap", name: "x", uid: "u" });
    const next = await follow(server);
    await server.call("POST", configMaps, configMap("kept", {}, { ownerReferences: [owner("foo.org/v1")] }));
    await server.call("POST", configMaps, configMap("lost", {}, { ownerReferences: [owner("v1")] }));
    expect(await next(3)).toEqual(["ADDED kept", "ADDED lost", "DELETED lost"]);
    expect((await server.call("GET", `${configMaps}/kept`)).code).toBe(200);
  });

  it("of a collection deletes the selected objects", async ({ expect }) => {
    const server = await startServer();
    await server.call("POST", configMaps, configMap("a", {}, { labels: { app: "web" } }));
    await server.call("POST", configMaps, configMap("b"));
    await server.call("DELETE", `${configMaps}?labelSelector=app%3Dweb`);
    const { items } = (await server.call("GET", configMaps)).body;
    expect(items.map(({ metadata }: { metadata: { name: string } }) => metadata.name)).toEqual(["b"]);
  });
});

describe("a pod", () => {
  const pod = (name: string): object => ({
    metadata: { name },
    spec: { containers: [{ name: "c", image: "i", resources: { limits: { cpu: 1 } } }] },
  });

  it("can be bound to a node once, and its spec cannot be changed", async ({ expect }) => {
    const server = await startServer();
    const made = await server.call("POST", pods, pod("p"));
    expect(made.body).toMatchObject({
      status: { phase: "Pending" },
      spec: { restartPolicy: "Always", containers: [{ resources: { requests: { cpu: "1" } } }] },
    });
    const binding = { metadata: { name: "p" }, target: { kind: "Node", name: "n1" } };
    expect((await server.call("POST", `${pods}/p/binding`, binding)).code).toBe(201);
    expect((await server.call("GET", `${pods}/p`)).body.spec.nodeName).toBe("n1");
    const again = await server.call("POST", `${pods}/p/binding`, binding);
    expect(again.body).toMatchObject({
      code: 409,
      message: expect.stringContaining('pod p is already assigned to node "n1"'),
    });
    const merge = { "content-type": "application/merge-patch+json" };
    const moved = await server.call("PATCH", `${pods}/p`, { spec: { nodeName: "n2" } }, merge);
    expect(moved.body).toMatchObject({
      code: 422,
      message: expect.stringContaining("pod updates may not change"),
    });
  });

  it("is removed at once when it runs nowhere, and else by its node", async ({ expect }) => {
    const server = await startServer();
    await server.call("POST", pods, pod("p"));
    await server.call("DELETE", `${pods}/p`);
    expect((await server.call("GET", `${pods}/p`)).code).toBe(404);
    await server.call("POST", pods, pod("q"));
    const binding = { metadata: { name: "q" }, target: { kind: "Node", name: "n1" } };
    await server.call("POST", `${pods}/q/binding`, binding);
    await server.call("DELETE", `${pods}/q`);
    expect((await server.call("GET", `${pods}/q`)).body.metadata).toMatchObject({
      deletionGracePeriodSeconds: 30,
    });
    await server.call("DELETE", `${pods}/q`, { gracePeriodSeconds: 0 });
    expect((await server.call("GET", `${pods}/q`)).code).toBe(404);
  });
});

describe("a namespace", () => {
  it("is deleted with its objects, and accepts no new ones", async ({ expect }) => {
    const server = await startServer();
    const namespaces = "/api/v1/namespaces";
    const inside = `${namespaces}/team/configmaps`;
    await server.call("POST", namespaces, { metadata: { name: "team" } });
    await server.call("POST", inside, configMap("held", {}, { finalizers: ["x.org/y"] }));
    await server.call("POST", inside, configMap("free"));
    const watch = await server.watch(`${namespaces}?watch=1&fieldSelector=metadata.name%3Dteam`);
    await watch.next();
    const { body } = await server.call("DELETE", `${namespaces}/team`);
    expect(body.status.phase).toBe("Terminating");
    const late = await server.call("POST", inside, configMap("late"));
    expect(late.body).toMatchObject({
      code: 403,
      details: { causes: [{ reason: "NamespaceTerminating" }] },
    });
    const merge = { "content-type": "application/merge-patch+json" };
    await server.call("PATCH", `${inside}/held`, { metadata: { finalizers: null } }, merge);
    let event = await watch.next();
    while (event.type !== "DELETED") event = await watch.next();
    expect((await server.call("GET", inside)).body.items).toEqual([]);
  });

  it.for(["default", "kube-system", "kube-public"])("%s cannot be deleted", async (name, { expect }) => {
    const server = await startServer();
    const { body } = await server.call("DELETE", `/api/v1/namespaces/${name}`);
    expect(body).toMatchObject({
      code: 403,
      message: `namespaces "${name}" is forbidden: this namespace may not be deleted`,
    });
  });
});

describe("status", () => {
  it("of a node is kept on create, as a kubelet sends it", async ({ expect }) => {
    const server = await startServer();
    const status = { allocatable: { cpu: "4" } };
    const { body } = await server.call("POST", "/api/v1/nodes", { metadata: { name: "n" }, status });
    expect(body.status).toEqual(status);
  });

  it("is a subresource of a VM and a field of a VMI", async ({ expect }) => {
    const server = await startServer();
    const spec = { domain: { devices: {} } };
    const vmi = {
      apiVersion: "kubevirt.io/v1",
      kind: "VirtualMachineInstance",
      metadata: { generateName: "v-" },
      spec,
    };
    const made = await server.call("POST", vmis, { ...vmi, status: { phase: "Pending" } });
    expect(made.body).toMatchObject({
      metadata: { name: expect.stringMatching(/^v-[a-z0-9]{5}$/), generation: 1 },
      status: { phase: "Pending" },
    });
    const running = await server.call("PUT", `${vmis}/${made.body.metadata.name}`, {
      ...made.body,
      status: { phase: "Running" },
    });
    expect(running.body).toMatchObject({ metadata: { generation: 2 }, status: { phase: "Running" } });
    const vm = {
      apiVersion: "kubevirt.io/v1",
      kind: "VirtualMachine",
      metadata: { name: "v" },
      spec: { template: { spec } },
    };
    const created = await server.call("POST", vms, { ...vm, status: { ready: true } });
    expect(created.body.status).toBeUndefined();
  });
});
