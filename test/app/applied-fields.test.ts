// What a manager has applied, read from managedFields as the API server writes them: applying it again restores the object.
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, it } from "vitest";
import { appliedFields } from "../../src/domain/objects/applied-fields.ts";
import type { Secret, VirtualMachine } from "../../src/domain/objects/kubernetes.ts";
import { connectKube } from "../../src/kube/connection/connect.ts";
import type { FullKubeClient } from "../../src/kube/kube-client.ts";
import { secrets, virtualMachines } from "../../src/kube/resource.ts";
import { createApiServer } from "../../src/local/api/api-server.ts";
import { runsOf } from "../support/runs.ts";

describe("the fields that a manager has applied", () => {
  const server = createApiServer();
  let client: FullKubeClient;
  beforeAll(async () => {
    const { url } = await server.listen({ host: "127.0.0.1", port: 0 });
    client = connectKube({ server: url });
  });
  afterAll(async () => {
    await client.close();
    await server.close();
  });

  const metadata = { namespace: "default", name: "web" };
  const vmOf = (nics: readonly string[], cores: number, labels: Record<string, string>): VirtualMachine => ({
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachine",
    metadata: { ...metadata, labels, annotations: { "example.com/nics": nics.join() } },
    spec: {
      runStrategy: "Halted",
      template: {
        spec: {
          domain: {
            cpu: { cores },
            devices: { interfaces: nics.map((name) => ({ name, bridge: {} })) },
          },
          networks: nics.map((name) => ({ name, multus: { networkName: `net-${name}` } })),
        },
      },
    },
  });
  const anyVm = fc
    .tuple(
      fc.uniqueArray(fc.constantFrom("eth0", "eth1", "eth2"), { minLength: 1 }),
      fc.integer({ min: 1, max: 4 }),
      fc.dictionary(fc.constantFrom("a", "b", "c"), fc.constantFrom("x", "y"), { minKeys: 1 }),
    )
    .map((parts) => vmOf(...parts));
  const ours = { fieldManager: "multinic" };

  it("restore a VM after any other apply, without what other managers own", async ({ expect }) => {
    await fc.assert(
      fc.asyncProperty(anyVm, anyVm, async (first, second) => {
        await client.apply(virtualMachines, first, ours);
        const theirs = { ...first, metadata: { ...metadata, labels: { theirs: "yes" } }, spec: {} } as never;
        const before = await client.apply(virtualMachines, theirs, { fieldManager: "other" });
        await client.apply(virtualMachines, second, ours);
        const former = appliedFields(before, "multinic");
        expect(former).toEqual(first);
        const after = await client.apply(virtualMachines, former!, ours);
        expect([after.spec, after.metadata.labels, after.metadata.annotations]).toEqual([
          before.spec,
          before.metadata.labels,
          before.metadata.annotations,
        ]);
        await client.delete(virtualMachines, metadata);
      }),
      { numRuns: runsOf(200) },
    );
  });

  it("of a Secret include its keys and its owners", async ({ expect }) => {
    const owner = { apiVersion: "kubevirt.io/v1", kind: "VirtualMachine", name: "web", uid: "1" };
    const secret: Secret = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { ...metadata, ownerReferences: [owner] },
      type: "Opaque",
      data: { userdata: "YQ==", networkdata: "Yg==" },
    };
    const stored = await client.apply(secrets, secret, ours);
    expect(appliedFields(stored, "multinic")).toEqual(secret);
  });

  it("are none for a manager that has applied nothing, and for records that are not of their types", ({
    expect,
  }) => {
    const vm = vmOf(["eth0"], 1, {});
    expect(appliedFields(vm, "multinic")).toBeUndefined();
    for (const managedFields of [[7], [{ manager: "multinic", operation: "Update", fieldsV1: {} }], [{}]]) {
      const odd = { ...vm, metadata: { ...vm.metadata, managedFields } };
      expect(appliedFields(odd, "multinic")).toBeUndefined();
    }
  });
});
