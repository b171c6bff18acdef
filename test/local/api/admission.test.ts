// Admission: when its webhooks are called, and what the server does with their answers.
import { describe, it } from "vitest";
import type { Admission, AdmissionRequest } from "../../../src/local/api/admission.ts";
import { asObject } from "../../../src/local/api/json.ts";
import { configMap, configMaps, startServer, vm, vms } from "./server.ts";

const names = { mutate: "mutator.test", validate: "validator.test" };

describe("an admission webhook", () => {
  it("changes the object before the schema is checked, and owns no field", async ({ expect }) => {
    const webhooks: Admission = {
      names,
      mutate: ({ object }) => {
        if (object === undefined) throw new Error("there is no object");
        const spec = asObject(object["spec"]);
        const template = { spec: { ...asObject(asObject(spec["template"])["spec"]), hostname: "given" } };
        return { object: { ...object, spec: { ...spec, template, unknown: 1 } } };
      },
    };
    const server = await startServer({ admission: [webhooks] });
    const { body } = await server.call("POST", vms, vm("v"));
    expect(body.spec.template.spec.hostname).toBe("given");
    expect(body.spec.unknown).toBeUndefined();
    expect(JSON.stringify(body.metadata.managedFields)).not.toContain("f:hostname");
  });

  it("refuses a write with its own code, message and causes", async ({ expect }) => {
    const refusal = {
      code: 422,
      reason: "Invalid",
      message: "no",
      causes: [{ field: "spec.x", reason: "FieldValueInvalid", message: "no" }],
    };
    const server = await startServer({ admission: [{ names, validate: () => ({ refusal }) }] });
    const { code, body } = await server.call("POST", configMaps, configMap("a"));
    expect(code).toBe(422);
    expect(body).toMatchObject({
      reason: "Invalid",
      message: 'admission webhook "validator.test" denied the request: no',
      details: { causes: refusal.causes },
    });
    expect((await server.call("GET", `${configMaps}/a`)).code).toBe(404);
  });

  it("warns the client", async ({ expect }) => {
    const warnings = ["spec.running is deprecated, please use spec.runStrategy instead.", 'a "quoted" one'];
    const server = await startServer({ admission: [{ names, validate: () => ({ warnings }) }] });
    const { headers } = await server.call("POST", configMaps, configMap("a"));
    expect(headers.get("warning")).toBe(
      '299 - "spec.running is deprecated, please use spec.runStrategy instead.", 299 - "a \\"quoted\\" one"',
    );
  });

  it("is called for every write with its operation, name and objects", async ({ expect }) => {
    const calls: AdmissionRequest[] = [];
    const webhooks: Admission = {
      names,
      validate: (request) => {
        calls.push(request);
        return undefined;
      },
    };
    const server = await startServer({ admission: [webhooks] });
    const merge = { "content-type": "application/merge-patch+json" };
    await server.call("POST", vms, vm("v"));
    await server.call("PATCH", `${vms}/v/status?dryRun=All`, { status: { ready: true } }, merge);
    await server.call("DELETE", `${vms}/v`);
    expect(
      calls.map(({ operation, subresource, name, namespace, dryRun, object, oldObject }) => ({
        operation,
        subresource,
        name,
        namespace,
        dryRun,
        has: [object !== undefined, oldObject !== undefined],
      })),
    ).toEqual([
      {
        operation: "CREATE",
        subresource: undefined,
        name: "v",
        namespace: "default",
        dryRun: false,
        has: [true, false],
      },
      {
        operation: "UPDATE",
        subresource: "status",
        name: "v",
        namespace: "default",
        dryRun: true,
        has: [true, true],
      },
      {
        operation: "DELETE",
        subresource: undefined,
        name: "v",
        namespace: "default",
        dryRun: false,
        has: [false, true],
      },
    ]);
    expect(calls[0]?.resource).toEqual({ group: "kubevirt.io", version: "v1", plural: "virtualmachines" });
  });

  it("can refuse a deletion, and the garbage collector tries again", async ({ expect }) => {
    let open = false;
    const gate: Admission = {
      names,
      validate: ({ operation, name }) =>
        operation === "DELETE" && name === "dependent" && !open
          ? { refusal: { code: 403, message: "not yet" } }
          : undefined,
    };
    const server = await startServer({ admission: [gate] });
    const { uid } = (await server.call("POST", configMaps, configMap("owner"))).body.metadata;
    const ownerReferences = [{ apiVersion: "v1", kind: "ConfigMap", name: "owner", uid }];
    await server.call("POST", configMaps, configMap("dependent", {}, { ownerReferences }));
    const refused = await server.call("DELETE", `${configMaps}/dependent`);
    expect(refused.body).toMatchObject({
      code: 403,
      reason: "Forbidden",
      message: expect.stringContaining("not yet"),
    });
    const watch = await server.watch(`${configMaps}?watch=1&fieldSelector=metadata.name%3Ddependent`);
    expect(await watch.next()).toMatchObject({ type: "ADDED" });
    await server.call("DELETE", `${configMaps}/owner`);
    open = true;
    expect(await watch.next()).toMatchObject({ type: "DELETED" });
  });
});
