// Server-side apply: ownership, conflicts, and the removal of fields. The expected answers are those of
// kube-apiserver 1.37 to the same requests.
import { describe, it } from "vitest";
import { type Answer, type TestServer, configMap, configMaps, pods, startServer, vm, vms } from "./server.ts";

const applyType = { "content-type": "application/apply-patch+yaml" };

function apply(
  server: TestServer,
  path: string,
  manager: string,
  object: object,
  query = "",
): Promise<Answer> {
  return server.call("PATCH", `${path}?fieldManager=${manager}${query}`, object, applyType);
}

/** Manager, operation and fieldsV1 of each entry of managedFields. */
function owners({ body }: Answer): readonly unknown[] {
  return (body.metadata.managedFields ?? []).map(
    (entry: { manager: string; operation: string; subresource?: string; fieldsV1: object }) => [
      entry.manager,
      [entry.operation, ...(entry.subresource === undefined ? [] : [entry.subresource])].join(" "),
      entry.fieldsV1,
    ],
  );
}

const a = `${configMaps}/a`;

describe("an Apply", () => {
  it("creates the object, and changes nothing the second time", async ({ expect }) => {
    const server = await startServer();
    const first = await apply(server, a, "m1", configMap("a", { k: "1" }, { labels: { x: "y" } }));
    expect(first.code).toBe(201);
    expect(owners(first)).toEqual([
      ["m1", "Apply", { "f:data": { "f:k": {} }, "f:metadata": { "f:labels": { "f:x": {} } } }],
    ]);
    const second = await apply(server, a, "m1", configMap("a", { k: "1" }, { labels: { x: "y" } }));
    expect(second.code).toBe(200);
    expect(second.body).toEqual(first.body);
  });

  it("lists every field that another manager owns, and changes nothing", async ({ expect }) => {
    const server = await startServer();
    await apply(server, a, "m1", configMap("a", { k: "1", l: "1" }, { labels: { x: "y" } }));
    const one = await apply(server, a, "m2", configMap("a", { k: "2" }));
    expect(one.body).toMatchObject({
      code: 409,
      reason: "Conflict",
      message: 'Apply failed with 1 conflict: conflict with "m1": .data.k',
      details: {
        causes: [{ reason: "FieldManagerConflict", message: 'conflict with "m1"', field: ".data.k" }],
      },
    });
    const more = await apply(server, a, "m2", configMap("a", { k: "2", l: "2" }, { labels: { x: "z" } }));
    expect(more.body.message).toBe(
      'Apply failed with 3 conflicts: conflicts with "m1":\n- .data.k\n- .data.l\n- .metadata.labels.x',
    );
    expect((await server.call("GET", a)).body.data).toEqual({ k: "1", l: "1" });
  });

  it("reports the apiVersion in a conflict with an update", async ({ expect }) => {
    const server = await startServer();
    await server.call("POST", `${configMaps}?fieldManager=ed`, configMap("a", { k: "1" }));
    const { body } = await apply(server, a, "m1", configMap("a", { k: "2" }));
    expect(body.message).toBe('Apply failed with 1 conflict: conflict with "ed" using v1: .data.k');
  });

  it("takes fields from their owner with force", async ({ expect }) => {
    const server = await startServer();
    await apply(server, a, "m1", configMap("a", { k: "1", l: "1" }));
    const forced = await apply(server, a, "m2", configMap("a", { k: "2" }), "&force=true");
    expect(forced.body.data).toEqual({ k: "2", l: "1" });
    expect(owners(forced)).toEqual([
      ["m1", "Apply", { "f:data": { "f:l": {} } }],
      ["m2", "Apply", { "f:data": { "f:k": {} } }],
    ]);
  });

  it("removes what its manager no longer applies, unless another manager owns it too", async ({ expect }) => {
    const server = await startServer();
    await apply(server, a, "m1", configMap("a", { k: "1", l: "1" }));
    await apply(server, a, "m2", configMap("a", { k: "1" }));
    const dropped = await apply(server, a, "m1", configMap("a", { m: "1" }));
    expect(dropped.body.data).toEqual({ k: "1", m: "1" });
  });

  it("keeps fields that an update added", async ({ expect }) => {
    const server = await startServer();
    await apply(server, a, "m1", configMap("a", { k: "1" }));
    await server.call("PATCH", a, { data: { z: "1" } }, { "content-type": "application/merge-patch+json" });
    expect((await apply(server, a, "m1", configMap("a", { k: "2" }))).body.data).toEqual({ k: "2", z: "1" });
  });

  it("owns the networks and interfaces of a VM as whole lists", async ({ expect }) => {
    const server = await startServer();
    const nics = (...names: string[]): object => ({
      template: {
        spec: {
          domain: { devices: { interfaces: names.map((name) => ({ name, bridge: {} })) } },
          networks: names.map((name) => ({ name, multus: { networkName: name } })),
        },
      },
    });
    await apply(server, `${vms}/v`, "m1", vm("v", nics("a", "b")));
    const shorter = await apply(server, `${vms}/v`, "m1", vm("v", nics("b")));
    expect(shorter.body.spec.template.spec.networks).toEqual([{ name: "b", multus: { networkName: "b" } }]);
    const conflict = await apply(server, `${vms}/v`, "m2", vm("v", nics("c")));
    expect(conflict.body.details.causes.map(({ field }: { field: string }) => field)).toEqual([
      ".spec.template.spec.networks",
      ".spec.template.spec.domain.devices.interfaces",
    ]);
  });

  it("shares finalizers and owner references by item", async ({ expect }) => {
    const server = await startServer();
    const owner = (uid: string, name = uid): object => ({ apiVersion: "x.org/v1", kind: "X", name, uid });
    const mine = vm("v", {}, { finalizers: ["a.org/b"], ownerReferences: [owner("u1")] });
    await apply(server, `${vms}/v`, "m1", mine);
    const both = await apply(server, `${vms}/v`, "m2", {
      apiVersion: "kubevirt.io/v1",
      kind: "VirtualMachine",
      metadata: { name: "v", finalizers: ["c.org/d"], ownerReferences: [owner("u2")] },
    });
    expect(both.body.metadata).toMatchObject({
      finalizers: ["a.org/b", "c.org/d"],
      ownerReferences: [owner("u1"), owner("u2")],
    });
    const left = await apply(server, `${vms}/v`, "m1", vm("v"));
    expect(left.body.metadata).toMatchObject({ finalizers: ["c.org/d"], ownerReferences: [owner("u2")] });
    const conflict = await apply(
      server,
      `${vms}/v`,
      "m1",
      vm("v", {}, { ownerReferences: [owner("u2", "n")] }),
    );
    expect(conflict.body.details.causes[0].field).toBe('.metadata.ownerReferences[uid="u2"]');
  });

  it("merges a pod's containers by name and ports by number and protocol", async ({ expect }) => {
    const server = await startServer();
    const pod = (containers: readonly object[]): object => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "p" },
      spec: { containers },
    });
    const ports = [{ containerPort: 80 }];
    const made = await apply(server, `${pods}/p`, "m1", pod([{ name: "a", image: "i", ports }]));
    expect(owners(made)).toEqual([
      [
        "m1",
        "Apply",
        {
          "f:spec": {
            "f:containers": {
              'k:{"name":"a"}': {
                ".": {},
                "f:image": {},
                "f:name": {},
                "f:ports": { 'k:{"containerPort":80,"protocol":"TCP"}': { ".": {}, "f:containerPort": {} } },
              },
            },
          },
        },
      ],
    ]);
    const { body } = await apply(server, `${pods}/p`, "m2", pod([{ name: "a", image: "j" }]));
    expect(body.details.causes[0].field).toBe('.spec.containers[name="a"].image');
  });

  it("of status owns only status", async ({ expect }) => {
    const server = await startServer();
    await apply(server, `${vms}/v`, "m1", vm("v"));
    const status = { ...vm("v", { runStrategy: "Always" }), status: { ready: true } };
    const applied = await apply(server, `${vms}/v/status`, "ctl", status);
    expect(applied.body).toMatchObject({ spec: { runStrategy: "Halted" }, status: { ready: true } });
    expect(owners(applied)).toContainEqual(["ctl", "Apply status", { "f:status": { "f:ready": {} } }]);
    const other = await apply(server, `${vms}/v/status`, "other", { ...vm("v"), status: { ready: false } });
    expect(other.body.message).toBe(
      'Apply failed with 1 conflict: conflict with "ctl" with subresource "status": .status.ready',
    );
  });

  it("conflicts with before-first-apply after managedFields is reset", async ({ expect }) => {
    const server = await startServer();
    await apply(server, a, "m1", configMap("a", { k: "1" }));
    const reset = { metadata: { managedFields: [{}] } };
    await server.call("PATCH", a, reset, { "content-type": "application/merge-patch+json" });
    expect((await server.call("GET", a)).body.metadata.managedFields).toBeUndefined();
    const { body } = await apply(server, a, "m1", configMap("a", { k: "2" }));
    expect(body.message).toBe(
      'Apply failed with 1 conflict: conflict with "before-first-apply" using v1: .data.k',
    );
  });

  it("answers a dry run like a write, and stores nothing", async ({ expect }) => {
    const server = await startServer();
    const made = await apply(server, a, "m1", configMap("a", { k: "1" }), "&dryRun=All");
    expect(made).toMatchObject({ code: 201, body: { data: { k: "1" } } });
    expect((await server.call("GET", a)).code).toBe(404);
  });

  it.for([
    ["no manager", a, "", configMap("a"), 422, "fieldManager: Required value: is required for apply patch"],
    [
      "another name",
      a,
      "m",
      configMap("b"),
      400,
      "the name of the object (b) does not match the name on the URL (a)",
    ],
    [
      "managedFields",
      a,
      "m",
      configMap("a", {}, { managedFields: [] }),
      400,
      "metadata.managedFields must be nil",
    ],
    [
      "an unknown field",
      `${vms}/v`,
      "m",
      vm("v", { foo: 1 }),
      500,
      ".spec.foo: field not declared in schema",
    ],
    ["no kind", a, "m", { metadata: { name: "a" } }, 400, "invalid object type: /, Kind="],
    [
      "a uid but no such object",
      a,
      "m",
      configMap("a", {}, { uid: "1" }),
      409,
      "uid mismatch: the provided object specified uid 1",
    ],
  ] as const)("with %s is refused", async ([, path, manager, object, code, message], { expect }) => {
    const server = await startServer();
    const { body } = await apply(server, path, manager, object);
    expect(body).toMatchObject({ kind: "Status", code, message: expect.stringContaining(message) });
  });
});

describe("kubectl", () => {
  it("takes over unchanged fields of its client-side apply without a conflict", async ({ expect }) => {
    const server = await startServer();
    const clientSide = (data: Record<string, string>): object =>
      configMap("a", data, {
        annotations: {
          "kubectl.kubernetes.io/last-applied-configuration": JSON.stringify(configMap("a", data)),
        },
      });
    const query = "?fieldManager=kubectl-client-side-apply";
    await server.call("POST", configMaps + query, clientSide({ k: "1", l: "1" }));
    const merge = { "content-type": "application/merge-patch+json" };
    await server.call("PATCH", `${a}?fieldManager=ed`, { data: { l: "2" } }, merge);
    const refused = await apply(server, a, "kubectl", configMap("a", { k: "3", l: "3" }));
    expect(refused.body.details.causes.map(({ field }: { field: string }) => field)).toEqual([".data.l"]);
    const taken = await apply(server, a, "kubectl", configMap("a", { k: "3" }));
    expect(taken.body.data).toEqual({ k: "3", l: "2" });
    const other = await apply(server, a, "m", configMap("a", { k: "4" }));
    expect(other.code).toBe(409);
  });
});

describe("an update", () => {
  it("owns what it changed, in place of the earlier owner", async ({ expect }) => {
    const server = await startServer();
    await apply(server, a, "m1", configMap("a", { k: "1", l: "1" }));
    const changed = await server.call(
      "PATCH",
      `${a}?fieldManager=ed`,
      { data: { k: "2", n: "1" } },
      { "content-type": "application/merge-patch+json" },
    );
    expect(owners(changed)).toEqual([
      ["m1", "Apply", { "f:data": { "f:l": {} } }],
      ["ed", "Update", { "f:data": { "f:k": {}, "f:n": {} } }],
    ]);
  });

  it("has the user agent as manager when it names none", async ({ expect }) => {
    const server = await startServer();
    const headers = { "user-agent": "virt-controller/v1.9 (linux)" };
    const made = await server.call("POST", configMaps, configMap("a", { k: "1" }), headers);
    expect(owners(made)).toEqual([["virt-controller", "Update", { "f:data": { ".": {}, "f:k": {} } }]]);
  });

  it("by an eleventh manager merges the two oldest into ancient-changes", async ({ expect }) => {
    let second = 0;
    const server = await startServer({ clock: () => new Date(Date.UTC(2026, 0, 1, 0, 0, second)) });
    await server.call("POST", `${configMaps}?fieldManager=u0`, configMap("a", { f0: "1" }));
    for (second = 1; second <= 11; second += 1) {
      const patch = { data: { [`f${second}`]: "1" } };
      const headers = { "content-type": "application/merge-patch+json" };
      await server.call("PATCH", `${a}?fieldManager=u${second}`, patch, headers);
    }
    const all = owners(await server.call("GET", a));
    expect(all).toHaveLength(10);
    expect(all[0]).toEqual([
      "ancient-changes",
      "Update",
      { "f:data": { ".": {}, "f:f0": {}, "f:f1": {}, "f:f2": {} } },
    ]);
  });
});
