// The border to the judges: in which order they are asked, and what becomes of their verdicts.
import { describe, it } from "vitest";
import type { Admission, AdmissionRequest } from "../../../src/local/api/admission.ts";
import { asObject } from "../../../src/local/api/json.ts";
import { configMap, configMaps, startServer, vm, vms } from "./server.ts";

const names = { mutate: "mutator.test", validate: "validator.test" };

describe("a judge", () => {
  it("changes the object before its schema is checked, and what it adds has no owner", async ({ expect }) => {
    const judge: Admission = {
      names,
      mutate: ({ object }) => {
        if (object === undefined) throw new Error("there is no object");
        const spec = asObject(object["spec"]);
        const template = { spec: { ...asObject(asObject(spec["template"])["spec"]), hostname: "given" } };
        return { object: { ...object, spec: { ...spec, template, unknown: 1 } } };
      },
    };
    const server = await startServer({ admission: [judge] });
    const { body } = await server.call("POST", vms, vm("v"));
    expect(body.spec.template.spec.hostname).toBe("given");
    expect(body.spec.unknown).toBeUndefined();
    expect(JSON.stringify(body.metadata.managedFields)).not.toContain("f:hostname");
  });

  it("refuses with its own code, words and causes", async ({ expect }) => {
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

  it("is asked for every write with what it is about", async ({ expect }) => {
    const asked: AdmissionRequest[] = [];
    const judge: Admission = {
      names,
      validate: (request) => {
        asked.push(request);
        return undefined;
      },
    };
    const server = await startServer({ admission: [judge] });
    const merge = { "content-type": "application/merge-patch+json" };
    await server.call("POST", vms, vm("v"));
    await server.call("PATCH", `${vms}/v/status?dryRun=All`, { status: { ready: true } }, merge);
    await server.call("DELETE", `${vms}/v`);
    expect(
      asked.map(({ operation, subresource, name, namespace, dryRun, object, oldObject }) => ({
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
    expect(asked[0]?.resource).toEqual({ group: "kubevirt.io", version: "v1", plural: "virtualmachines" });
  });

  it("that refuses a deletion keeps the object, and the collector asks again", async ({ expect }) => {
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
