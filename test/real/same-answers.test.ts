// The embedded API beside kube-apiserver: the same requests get the same answers, down to managedFields and messages.
import { randomBytes } from "node:crypto";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, it } from "vitest";
import { type Call, type Send, comparable, embeddedServer, realServer } from "./two-servers.ts";

const applyType = "application/apply-patch+yaml";
const mergeType = "application/merge-patch+json";

const namespace = `same-answers-${randomBytes(3).toString("hex")}`;
const inside = `/api/v1/namespaces/${namespace}`;

const name = fc.constantFrom("a", "b", "c");
const value = fc.constantFrom("1", "2");
const finalizer = fc.constantFrom("x.org/a", "x.org/b");
// Owners of a kind that no server knows are left alone by both garbage collectors.
const owner = fc.record({
  apiVersion: fc.constant("x.org/v1"),
  kind: fc.constant("X"),
  name,
  uid: fc.constantFrom("u1", "u2"),
});

const metadata = fc.record(
  {
    labels: fc.dictionary(name, value),
    annotations: fc.dictionary(name, value),
    finalizers: fc.uniqueArray(finalizer, { minLength: 1 }),
    ownerReferences: fc.uniqueArray(owner, { minLength: 1, selector: ({ uid }) => uid }),
  },
  { requiredKeys: [] },
);

/** Config maps: metadata of every list type, and a map. */
const configMap = fc.record({ metadata, data: fc.dictionary(name, value) }, { requiredKeys: ["metadata"] });

/** Service accounts: lists that are keyed by name. */
const serviceAccount = fc.record(
  {
    metadata,
    secrets: fc.uniqueArray(fc.record({ name }), {
      minLength: 1,
      selector: (secret) => secret.name,
    }),
    imagePullSecrets: fc.array(fc.record({ name }), { minLength: 1, maxLength: 2 }),
  },
  { requiredKeys: ["metadata"] },
);

interface Step {
  readonly write: "apply" | "force" | "merge";
  readonly manager: string;
  readonly object: { readonly metadata: object };
}

const steps = (object: fc.Arbitrary<Step["object"]>): fc.Arbitrary<readonly Step[]> =>
  fc.array(
    fc.record({
      write: fc.constantFrom("apply" as const, "apply" as const, "force" as const, "merge" as const),
      manager: fc.constantFrom("m1", "m2", "m3"),
      object,
    }),
    { minLength: 2, maxLength: 6 },
  );

const isReal = process.env["MULTINIC_TARGET"] === "real";
const skipped = isReal ? "" : " (skipped: npm run test:real starts kube-apiserver)";

describe.skipIf(!isReal)(`the embedded API and kube-apiserver${skipped}`, () => {
  const servers: Send[] = [];
  let stop: () => Promise<void> = () => Promise.resolve();

  beforeAll(async () => {
    const embedded = await embeddedServer();
    stop = () => embedded.stop();
    servers.push(await realServer(), embedded.send);
    const object = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
    for (const send of servers) await send({ method: "POST", path: "/api/v1/namespaces", body: object });
  });

  afterAll(async () => {
    for (const send of servers) await send({ method: "DELETE", path: `/api/v1/namespaces/${namespace}` });
    await stop();
  });

  /** The answers of both servers, the real one first. */
  async function answers(call: Call): Promise<readonly unknown[]> {
    return Promise.all(
      servers.map(async (send) => {
        const { code, body } = await send(call);
        return { code, body: comparable(body) };
      }),
    );
  }

  let runs = 0;

  it.for([
    ["config maps", "ConfigMap", "configmaps", configMap],
    ["service accounts", "ServiceAccount", "serviceaccounts", serviceAccount],
  ] as const)(
    "agree on the field owners of %s after any writes",
    { timeout: 120_000 },
    async ([, kind, plural, object], { expect }) => {
      await fc.assert(
        fc.asyncProperty(steps(object), async (sequence) => {
          runs += 1;
          const path = `${inside}/${plural}/o${runs}`;
          for (const { write, manager, object } of sequence) {
            const body = {
              apiVersion: "v1",
              kind,
              ...object,
              metadata: { ...object.metadata, name: `o${runs}` },
            };
            const query = `?fieldManager=${manager}${write === "force" ? "&force=true" : ""}`;
            const type = write === "merge" ? mergeType : applyType;
            const [real, embedded] = await answers({ method: "PATCH", path: path + query, type, body });
            expect(embedded).toEqual(real);
          }
          await answers({ method: "PATCH", path, type: mergeType, body: { metadata: { finalizers: null } } });
          await answers({ method: "DELETE", path });
        }),
        { numRuns: 60 },
      );
    },
  );

  const configMaps = `${inside}/configmaps`;
  const object = (metadata: object, more: object = {}): object => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata,
    ...more,
  });

  it.for([
    ["an invalid name", "POST", configMaps, object({ name: "A_b" })],
    ["no name", "POST", configMaps, object({})],
    ["an invalid label", "POST", configMaps, object({ name: "a", labels: { "a b": "c d" } })],
    ["an unqualified finalizer", "POST", configMaps, object({ name: "a", finalizers: ["x"] })],
    [
      "an owner without uid",
      "POST",
      configMaps,
      object({ name: "a", ownerReferences: [{ apiVersion: "v1", kind: "X", name: "x" }] }),
    ],
    ["another namespace", "POST", configMaps, object({ name: "a", namespace: "b" })],
    [
      "a namespace that does not exist",
      "POST",
      "/api/v1/namespaces/nowhere/configmaps",
      object({ name: "a" }),
    ],
    ["an invalid key", "POST", configMaps, object({ name: "a" }, { data: { "a b": "" } })],
    [
      "too much data",
      "POST",
      configMaps,
      object({ name: "a" }, { data: { a: "x".repeat(1024 * 1024 + 1) } }),
    ],
    ["an unknown field", "POST", `${configMaps}?fieldValidation=Strict`, object({ name: "a" }, { foo: 1 })],
    [
      "an unknown field in metadata",
      "POST",
      `${configMaps}?fieldValidation=Strict`,
      object({ name: "a", bar: 1 }),
    ],
    ["a resourceVersion in a create", "POST", configMaps, object({ name: "a", resourceVersion: "1" })],
    ["an unknown dryRun", "POST", `${configMaps}?dryRun=x`, object({ name: "a" })],
    ["an unknown fieldValidation", "POST", `${configMaps}?fieldValidation=x`, object({ name: "a" })],
    ["data of another type", "POST", configMaps, object({ name: "a" }, { data: { a: 1 } })],
    ["an object that does not exist", "GET", `${configMaps}/none`, undefined],
    ["a version match without version", "GET", `${configMaps}?resourceVersionMatch=Exact`, undefined],
    [
      "a version match of any version",
      "GET",
      `${configMaps}?resourceVersion=0&resourceVersionMatch=Exact`,
      undefined,
    ],
    [
      "a version that is not a number",
      "GET",
      `${configMaps}?resourceVersion=x&resourceVersionMatch=Exact`,
      undefined,
    ],
    ["an unknown version match", "GET", `${configMaps}?resourceVersion=5&resourceVersionMatch=x`, undefined],
    [
      "a version match of the next page",
      "GET",
      `${configMaps}?resourceVersion=5&resourceVersionMatch=Exact&continue=x`,
      undefined,
    ],
    [
      "a version that is too long",
      "GET",
      `${configMaps}?resourceVersion=99999999999999999999&resourceVersionMatch=Exact`,
      undefined,
    ],
    ["initial events of any age", "GET", `${configMaps}?watch=1&sendInitialEvents=true`, undefined],
    ["an invalid propagation policy", "DELETE", `${configMaps}/none?propagationPolicy=x`, undefined],
    ["a namespace that stays", "DELETE", "/api/v1/namespaces/kube-system", undefined],
    [
      "a VM without template",
      "POST",
      "/apis/kubevirt.io/v1/namespaces/nowhere/virtualmachines",
      { apiVersion: "kubevirt.io/v1", kind: "VirtualMachine", metadata: { name: "a" }, spec: {} },
    ],
    [
      "an apply to a VM with an unknown field",
      "PATCH",
      `/apis/kubevirt.io/v1/namespaces/${namespace}/virtualmachines/a?fieldManager=m`,
      {
        apiVersion: "kubevirt.io/v1",
        kind: "VirtualMachine",
        metadata: { name: "a" },
        spec: { foo: 1, template: {} },
      },
    ],
  ] as const)("give the same answer to %s", async ([, method, path, body], { expect }) => {
    const type = method === "PATCH" ? applyType : "application/json";
    const [real, embedded] = await answers({ method, path, type, ...(body !== undefined && { body }) });
    expect(embedded).toEqual(real);
  });
});
