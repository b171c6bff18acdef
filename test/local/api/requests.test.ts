// Invalid requests, each answered with a Status object and the message of kube-apiserver.
import { describe, it } from "vitest";
import { configMap, configMaps, nads, pods, secrets, startServer, vm, vms } from "./server.ts";

const json = { "content-type": "application/json" };

describe("a request", () => {
  it.for([
    ["that is not JSON", "POST", configMaps, "{", json, 400, "BadRequest"],
    ["that is a list", "POST", configMaps, "[]", json, 400, "BadRequest"],
    ["without a body", "POST", configMaps, "", json, 400, "BadRequest"],
    [
      "of an unknown media type",
      "POST",
      configMaps,
      "x",
      { "content-type": "text/plain" },
      415,
      "UnsupportedMediaType",
    ],
    ["patching as plain JSON", "PATCH", `${configMaps}/a`, "{}", json, 415, "UnsupportedMediaType"],
    [
      "merging a VM strategically",
      "PATCH",
      `${vms}/a`,
      "{}",
      { "content-type": "application/strategic-merge-patch+json" },
      415,
      "UnsupportedMediaType",
    ],
    ["for HTML", "GET", configMaps, undefined, { accept: "text/html" }, 406, "NotAcceptable"],
    [
      "larger than 3 MiB",
      "POST",
      configMaps,
      `{"a":"${"x".repeat(3 * 1024 * 1024)}"}`,
      json,
      413,
      "RequestEntityTooLarge",
    ],
    ["to replace a collection", "PUT", configMaps, "{}", json, 405, "MethodNotAllowed"],
    ["for a resource that is not served", "GET", "/apis/kubevirt.io/v1/foos", undefined, {}, 404, "NotFound"],
    [
      "for a path with an invalid escape",
      "GET",
      "/api/v1/namespaces/%zz/pods",
      undefined,
      {},
      400,
      "BadRequest",
    ],
    ["with an unknown dryRun", "POST", `${configMaps}?dryRun=x`, "{}", json, 422, "Invalid"],
    [
      "with a resourceVersion that is not a number",
      "GET",
      `${configMaps}?resourceVersion=a`,
      undefined,
      {},
      400,
      "BadRequest",
    ],
    [
      "with a resourceVersion of the future",
      "GET",
      `${configMaps}?resourceVersion=9999999999999`,
      undefined,
      {},
      504,
      "Timeout",
    ],
    ["with an invalid page token", "GET", `${configMaps}?continue=abc`, undefined, {}, 400, "BadRequest"],
    [
      "selecting by an unsupported field",
      "GET",
      `${vms}?fieldSelector=spec.x%3D1`,
      undefined,
      {},
      400,
      "BadRequest",
    ],
    ["with an invalid label selector", "GET", `${vms}?labelSelector=a%20b`, undefined, {}, 400, "BadRequest"],
    [
      "with an unknown propagation policy",
      "DELETE",
      `${configMaps}/a?propagationPolicy=x`,
      undefined,
      {},
      422,
      "Invalid",
    ],
  ] as const)("%s is refused", async ([, method, path, body, headers, code, reason], { expect }) => {
    const server = await startServer();
    const answer = await server.call(method, path, body, headers);
    expect(answer.code).toBe(code);
    expect(answer.body).toMatchObject({ kind: "Status", apiVersion: "v1", status: "Failure", code, reason });
  });

  it("can be YAML, and can ask for YAML", async ({ expect }) => {
    const server = await startServer();
    const yaml = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata: {k: v}\n";
    await server.call("POST", configMaps, yaml, { "content-type": "application/yaml" });
    const { body } = await server.call("GET", `${configMaps}/a`, undefined, { accept: "application/yaml" });
    expect(body).toContain("kind: ConfigMap");
  });

  it("with the key __proto__ changes only that key", async ({ expect }) => {
    const server = await startServer();
    const text =
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"__proto__":"x","k":"v"}}';
    const made = await server.call("POST", configMaps, text);
    expect(Object.keys(made.body.data)).toEqual(["__proto__", "k"]);
    const merge = { "content-type": "application/merge-patch+json" };
    const patched = await server.call(
      "PATCH",
      `${configMaps}/a`,
      '{"data":{"__proto__":"y"},"__proto__":{"z":1}}',
      merge,
    );
    expect(Object.entries(patched.body.data)).toEqual([
      ["__proto__", "y"],
      ["k", "v"],
    ]);
    expect(({} as Record<string, unknown>)["z"]).toBeUndefined();
  });
});

describe("an object", () => {
  it.for([
    ["of another kind", vms, configMap("a"), 400, "does not match the expected API version (kubevirt.io/v1)"],
    ["without a kind", nads, { metadata: { name: "a" } }, 400, "Object 'Kind' is missing"],
    [
      "of another namespace",
      configMaps,
      configMap("a", {}, { namespace: "b" }),
      400,
      "the namespace of the provided object does not match",
    ],
    [
      "without a name",
      configMaps,
      { kind: "ConfigMap" },
      422,
      "metadata.name: Required value: name or generateName is required",
    ],
    [
      "with an invalid name",
      vms,
      vm("A_b"),
      422,
      'metadata.name: Invalid value: "A_b": a lowercase RFC 1123 subdomain must',
    ],
    [
      "with an invalid label",
      configMaps,
      configMap("a", {}, { labels: { a: "b c" } }),
      422,
      'metadata.labels: Invalid value: "b c": a valid label must',
    ],
    [
      "with a label that is a number",
      vms,
      vm("a", {}, { labels: { a: 1 } }),
      400,
      "cannot unmarshal number into Go struct field ObjectMeta.labels of type string",
    ],
    [
      "with an unqualified finalizer",
      configMaps,
      configMap("a", {}, { finalizers: ["x"] }),
      422,
      "name is neither a standard finalizer name nor is it fully qualified",
    ],
    [
      "with data that is not base64",
      secrets,
      { metadata: { name: "a" }, data: { k: "!!" } },
      400,
      "illegal base64 data at input byte 0",
    ],
    [
      "without containers",
      pods,
      { metadata: { name: "a" }, spec: {} },
      422,
      "spec.containers: Required value",
    ],
    [
      "with a resourceVersion",
      configMaps,
      configMap("a", {}, { resourceVersion: "5" }),
      500,
      "resourceVersion should not be set on objects to be created",
    ],
    [
      "with a string instead of an object",
      configMaps,
      { ...configMap("a"), data: "x" },
      400,
      "cannot unmarshal string into Go struct field ConfigMap.data",
    ],
  ] as const)("%s is refused", async ([, path, object, code, message], { expect }) => {
    const server = await startServer();
    const { body } = await server.call("POST", path, object);
    expect(body).toMatchObject({ code, message: expect.stringContaining(message) });
  });

  const nics = (interfaces: unknown, networks: unknown = []): object =>
    vm("v", { template: { spec: { domain: { devices: { interfaces } }, networks } } });
  const at = "spec.template.spec.domain.devices.interfaces";

  it.for([
    [
      "a string instead of a list",
      nics("x"),
      `${at}: Invalid value: "string": ${at} in body must be of type array: "string"`,
    ],
    ["a NIC without a name", nics([{}]), `${at}[0].name: Required value`],
    [
      "a network without its NAD",
      nics([], [{ name: "a", multus: {} }]),
      "networks[0].multus.networkName: Required value",
    ],
    [
      "257 NICs",
      nics(Array.from({ length: 257 }, (_, i) => ({ name: `n${i}` }))),
      `${at}: Too many: 257: must have at most 256 items`,
    ],
    ["a missing template", { ...vm("v"), spec: {} }, "spec.template: Required value"],
    [
      "a value outside of an enum",
      vm("v", { template: { spec: { domain: { devices: {}, rebootPolicy: "x" } } } }),
      'Unsupported value: "x": supported values: "Reboot", "Terminate"',
    ],
    [
      "a memory size of an unknown unit",
      vm("v", { template: { spec: { domain: { devices: {}, memory: { guest: "1Q" } } } } }),
      "memory.guest in body should match",
    ],
  ] as const)("with %s is refused by the VM schema", async ([, object, message], { expect }) => {
    const server = await startServer();
    const { body } = await server.call("POST", vms, object);
    expect(body).toMatchObject({
      code: 422,
      reason: "Invalid",
      details: { kind: "VirtualMachine", group: "kubevirt.io", causes: expect.any(Array) },
      message: expect.stringContaining(message),
    });
  });

  it.for([
    [
      "Strict",
      400,
      'strict decoding error: unknown field "spec.foo", unknown field "spec.template.spec.domain.devices.interfaces[0].vlan"',
      null,
    ],
    ["Warn", 201, undefined, '299 - "unknown field \\"spec.foo\\""'],
    ["Ignore", 201, undefined, null],
  ] as const)(
    "with unknown fields is answered by fieldValidation=%s",
    async ([mode, code, message, warning], { expect }) => {
      const server = await startServer();
      const template = { spec: { domain: { devices: { interfaces: [{ name: "a", vlan: 3 }] } } } };
      const answer = await server.call(
        "POST",
        `${vms}?fieldValidation=${mode}`,
        vm("v", { foo: 1, template }),
      );
      expect(answer.code).toBe(code);
      if (message !== undefined) expect(answer.body.message).toContain(message);
      else expect(answer.body.spec.template.spec.domain.devices.interfaces).toEqual([{ name: "a" }]);
      if (warning === null) expect(answer.headers.get("warning")).toBeNull();
      else expect(answer.headers.get("warning")).toContain(warning);
    },
  );

  it("of a custom kind can only be replaced with a resourceVersion", async ({ expect }) => {
    const server = await startServer();
    await server.call("POST", vms, vm("v"));
    const { body } = await server.call("PUT", `${vms}/v`, vm("v"));
    expect(body).toMatchObject({
      code: 422,
      message: expect.stringContaining(
        "metadata.resourceVersion: Invalid value: 0: must be specified for an update",
      ),
    });
  });

  it("that is immutable cannot be changed", async ({ expect }) => {
    const server = await startServer();
    await server.call("POST", secrets, { metadata: { name: "s" }, stringData: { k: "v" }, immutable: true });
    const merge = { "content-type": "application/merge-patch+json" };
    const { body } = await server.call("PATCH", `${secrets}/s`, { stringData: { k: "w" } }, merge);
    expect(body).toMatchObject({
      code: 422,
      message: 'Secret "s" is invalid: data: Forbidden: field is immutable when `immutable` is set',
    });
  });
});

describe("a JSON patch", () => {
  const patchType = { "content-type": "application/json-patch+json" };

  it("replaces, adds, moves, copies and removes", async ({ expect }) => {
    const server = await startServer();
    await server.call("POST", configMaps, configMap("a", { k: "1", l: "2", m: "3" }));
    const operations = [
      { op: "test", path: "/data/k", value: "1" },
      { op: "replace", path: "/data/k", value: "9" },
      { op: "add", path: "/data/a~1b~0c", value: "4" },
      { op: "move", from: "/data/l", path: "/data/moved" },
      { op: "copy", from: "/data/k", path: "/data/copied" },
      { op: "remove", path: "/data/m" },
    ];
    const { body } = await server.call("PATCH", `${configMaps}/a`, operations, patchType);
    // The key is invalid, so that the answer shows how the escape was read.
    expect(body).toMatchObject({ code: 422, message: expect.stringContaining("data[a/b~c]") });
    const valid = operations.filter(({ path }) => !path.includes("~"));
    const patched = await server.call("PATCH", `${configMaps}/a`, valid, patchType);
    expect(patched.body.data).toEqual({ k: "9", moved: "2", copied: "9" });
  });

  it.for([
    ["a test that fails", [{ op: "test", path: "/data/k", value: "x" }], 422],
    ["a missing path", [{ op: "remove", path: "/data/none" }], 422],
    ["an index past the end", [{ op: "add", path: "/metadata/finalizers/3", value: "x" }], 422],
    ["an unknown operation", [{ op: "x", path: "/data/k" }], 422],
    ["an object instead of a list", { op: "test" }, 400],
  ] as const)("with %s changes nothing", async ([, operations, code], { expect }) => {
    const server = await startServer();
    const made = await server.call("POST", configMaps, configMap("a", { k: "v" }));
    const answer = await server.call("PATCH", `${configMaps}/a`, operations, patchType);
    expect(answer.code).toBe(code);
    expect((await server.call("GET", `${configMaps}/a`)).body).toEqual(made.body);
  });
});

describe("a strategic merge patch", () => {
  it("merges containers by name and finalizers by value", async ({ expect }) => {
    const server = await startServer();
    const containers = [
      { name: "a", image: "i" },
      { name: "b", image: "i" },
    ];
    const strategic = { "content-type": "application/strategic-merge-patch+json" };
    const metadata = { name: "p", finalizers: ["x.org/a", "x.org/b"] };
    await server.call("POST", pods, { metadata, spec: { containers } });
    const patch = {
      metadata: { finalizers: ["x.org/c"], "$deleteFromPrimitiveList/finalizers": ["x.org/a"] },
      spec: { containers: [{ name: "b", image: "j" }] },
    };
    const { body } = await server.call("PATCH", `${pods}/p`, patch, strategic);
    expect(body.metadata.finalizers).toEqual(["x.org/c", "x.org/b"]);
    expect(body.spec.containers).toEqual([
      { name: "a", image: "i" },
      { name: "b", image: "j" },
    ]);
  });
});
