// Refused calls and validate-only calls write nothing.
import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, it, type ExpectStatic } from "vitest";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { FindingsSchema } from "../../gen/multinic/v1/network_pb.ts";
import { Effect } from "../../gen/multinic/v1/virtual_machine_pb.ts";
import type { NetworkConfig, VmSpec } from "../../src/domain/spec.ts";
import { namespaces, virtualMachines } from "../../src/kube/resource.ts";
import { ownedObjects, versionsOf } from "./owned-objects.ts";
import { allUp, machine, startStand, wordOf, type Stand } from "./stand.ts";

interface RefusedCall {
  readonly code: string;
  readonly reason: string;
  readonly message: string;
  /** Code and field of each finding. */
  readonly findings: readonly (readonly [string, string])[];
}

async function refusal(call: Promise<unknown>): Promise<RefusedCall> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    return {
      code: Code[error.code],
      reason: error.findDetails(ErrorInfoSchema)[0]?.reason ?? "",
      message: error.message,
      findings: error
        .findDetails(FindingsSchema)
        .flatMap(({ findings }) => findings.map(({ code, field }) => [code, field] as const)),
    };
  }
  throw new Error("the call was not refused");
}

describe.concurrent("a refused or validate-only call", () => {
  let stand: Stand;
  beforeAll(async () => {
    stand = await startStand();
  });
  afterAll(async () => await stand.stop());

  async function expectNothing(expect: ExpectStatic, spec: VmSpec): Promise<void> {
    expect(await ownedObjects(stand.target.client, spec)).toEqual({
      vm: undefined,
      vmi: undefined,
      secret: undefined,
      nads: [],
      pods: [],
    });
  }

  it("for a namespace that does not exist does not create it", async ({ expect }) => {
    const spec = machine("nobody-made-this", "vm", [{ name: "eth0" }]);
    expect(await refusal(stand.apply(spec))).toMatchObject({
      code: "FailedPrecondition",
      reason: "FINDINGS",
      findings: [["NAMESPACE_NOT_FOUND", "namespace"]],
    });
    expect(await stand.target.client.find(namespaces, { name: spec.namespace })).toBeUndefined();
  });

  const broken: readonly (readonly [string, readonly NetworkConfig[], string, string, string?])[] = [
    [
      "a NAD that does not exist",
      [{ name: "eth0", nadName: "absent" }],
      "NETWORK_NOT_FOUND",
      "networks[0].nadName",
      "FailedPrecondition",
    ],
    [
      "a route with host bits",
      [
        { name: "eth0" },
        {
          name: "eth1",
          vlanId: 100,
          ipConfig: { mode: "static", address: "192.0.2.10/24" },
          routes: [{ destination: "198.51.100.1/24", gateway: "192.0.2.1" }],
        },
      ],
      "ROUTE_HOST_BITS",
      "networks[1].routes[0].destination",
    ],
    ["two NICs of one name", [{ name: "eth0" }, { name: "eth0" }], "NIC_NAME_DUPLICATE", "networks[1].name"],
  ];
  it.for(broken)(
    "for %s writes nothing",
    async ([, networks, code, field, status = "InvalidArgument"], { expect }) => {
      const spec = machine(await stand.namespace(), "vm", networks);
      expect(await refusal(stand.apply(spec))).toMatchObject({
        code: status,
        reason: "FINDINGS",
        findings: [[code, field]],
      });
      await expectNothing(expect, spec);
      const looked = await stand.apply(spec, { validateOnly: true });
      expect(looked.findings.map((found) => [found.code, found.field])).toEqual([[code, field]]);
      expect(looked.plan).toBeUndefined();
      expect(looked.written).toBe(false);
    },
  );

  it("for a VM with more routes than a VM may have writes nothing", async ({ expect }) => {
    const routes = Array.from({ length: 6_000 }, (_, at) => ({
      destination: `10.${at >> 8}.${at & 255}.0/24`,
      gateway: "192.0.2.1",
    }));
    const spec = machine(await stand.namespace(), "vm", [
      { name: "eth0", ipConfig: { mode: "static", address: "192.0.2.10/24" }, routes },
    ]);
    expect(await refusal(stand.apply(spec))).toMatchObject({
      code: "InvalidArgument",
      reason: "FINDINGS",
      findings: [["LIMIT_EXCEEDED", "networks[0].routes"]],
    });
    await expectNothing(expect, spec);
  });

  it("for a VM not created by multinic does not change it", async ({ expect }) => {
    const namespace = await stand.namespace();
    const { client } = stand.target;
    const made = await client.apply(
      virtualMachines,
      {
        apiVersion: "kubevirt.io/v1",
        kind: "VirtualMachine",
        metadata: { name: "theirs", namespace },
        spec: {
          runStrategy: "Halted",
          template: {
            spec: {
              domain: {
                memory: { guest: "64Mi" },
                devices: { interfaces: [{ name: "default", masquerade: {} }] },
              },
              networks: [{ name: "default", pod: {} }],
            },
          },
        },
      },
      { fieldManager: "kubectl" },
    );
    const spec = machine(namespace, "theirs", [{ name: "eth0" }]);
    const notOurs = { code: "FailedPrecondition", reason: "VM_NOT_MANAGED" };

    expect(await refusal(stand.apply(spec))).toMatchObject(notOurs);
    expect(await refusal(stand.apply(spec, { validateOnly: true }))).toMatchObject(notOurs);
    expect(await refusal(stand.vms.deleteVM({ namespace, name: "theirs" }))).toMatchObject(notOurs);

    const { vm, secret, nads } = await ownedObjects(client, spec);
    expect(vm?.spec).toEqual(made.spec);
    expect(secret).toBeUndefined();
    expect(nads).toEqual([]);
    const { virtualMachine } = await stand.vms.getVM({ namespace, name: "theirs" });
    expect(virtualMachine?.managed).toBe(false);
    expect(virtualMachine?.spec?.networks).toMatchObject([{ name: "default" }]);
  });

  it("F7: for a field that another manager owns names the manager", async ({ expect }) => {
    const { client } = stand.target;
    const spec = {
      ...machine(await stand.namespace(), "vm", [{ name: "eth0" }]),
      runStrategy: "Halted",
    } as const;
    await stand.apply(spec);
    const { namespace, name } = spec;
    await client.apply(
      virtualMachines,
      {
        apiVersion: "kubevirt.io/v1",
        kind: "VirtualMachine",
        metadata: { namespace, name },
        spec: { template: { spec: { domain: { memory: { guest: "3Gi" } } } } },
      } as never,
      { fieldManager: "the-autoscaler", force: true },
    );
    const before = versionsOf(await ownedObjects(client, spec));

    const refused = await refusal(stand.apply({ ...spec, networks: [{ name: "eth0", vlanId: 100 }] }));

    expect(refused).toMatchObject({ code: "FailedPrecondition", reason: "FIELD_OWNED_BY_OTHER_MANAGER" });
    expect(refused.message).toContain('conflict with "the-autoscaler"');
    expect(refused.message).toContain(".spec.template.spec.domain.memory.guest");
    expect(versionsOf(await ownedObjects(client, spec))).toEqual(before);
  });

  it("for a plan other than the confirmed one writes nothing", async ({ expect }) => {
    const { client } = stand.target;
    const spec = machine(await stand.namespace(), "vm", [{ name: "eth0" }]);
    const looked = await stand.apply(spec, { validateOnly: true });
    expect(looked.written).toBe(false);
    expect(wordOf(Effect, looked.plan?.effect)).toBe("NONE");
    await expectNothing(expect, spec);
    const planFingerprint = looked.plan?.fingerprint ?? "";

    const other = { ...spec, networks: [{ name: "eth0", vlanId: 100 }] };
    expect(await refusal(stand.apply(other, { planFingerprint }))).toMatchObject({
      code: "Aborted",
      reason: "PLAN_CHANGED",
    });
    await expectNothing(expect, spec);

    expect((await stand.apply(spec, { planFingerprint })).written).toBe(true);
    const before = versionsOf(await ownedObjects(client, spec));
    expect(await refusal(stand.apply(other, { planFingerprint }))).toMatchObject({ reason: "PLAN_CHANGED" });
    expect(versionsOf(await ownedObjects(client, spec))).toEqual(before);
  });

  it("with validate_only for a running VM writes nothing", async ({ expect }) => {
    const { client } = stand.target;
    const spec = machine(await stand.namespace(), "vm", [{ name: "eth0" }]);
    await using watch = stand.watch(spec);
    await stand.apply(spec);
    await watch.until(allUp(1));
    const before = versionsOf(await ownedObjects(client, spec));

    const networks: readonly NetworkConfig[] = [
      { name: "eth0", linkState: "down" },
      { name: "eth1", vlanId: 100 },
    ];
    const looked = await stand.apply({ ...spec, networks }, { validateOnly: true });

    expect(looked.written).toBe(false);
    expect(looked.plan?.changes.length).toBeGreaterThan(0);
    expect(versionsOf(await ownedObjects(client, spec))).toEqual(before);
  });

  it("F8: that may only create leaves the VM that another one has created at the same time", async ({
    expect,
  }) => {
    const spec = {
      ...machine(await stand.namespace(), "vm", [{ name: "eth0" }]),
      runStrategy: "Halted",
    } as const;
    const calls = [1, 2, 3, 4].map(async (cpu) => {
      try {
        return (await stand.apply({ ...spec, cpu }, { createOnly: true })).written ? cpu : undefined;
      } catch (error) {
        expect([Code.AlreadyExists, Code.Aborted]).toContain(ConnectError.from(error).code);
        return undefined;
      }
    });
    const created = (await Promise.all(calls)).filter((cpu) => cpu !== undefined);
    expect(created).toHaveLength(1);
    const before = versionsOf(await ownedObjects(stand.target.client, spec));
    expect(await refusal(stand.apply(spec, { createOnly: true }))).toMatchObject({
      code: "AlreadyExists",
      reason: "ALREADY_EXISTS",
    });
    const again = await stand.apply({ ...spec, cpu: created[0]! });
    expect(again).toMatchObject({ findings: [], written: false });
    expect(versionsOf(await ownedObjects(stand.target.client, spec))).toEqual(before);
  });

  it("for the etag before a change of the machine writes nothing, and for that before a start does", async ({
    expect,
  }) => {
    const spec = machine(await stand.namespace(), "vm", [{ name: "eth0" }]);
    await using watch = stand.watch(spec);
    const { etag } = await stand.apply({ ...spec, cpu: 2 });
    await watch.until(allUp(1));
    const networks: NetworkConfig[] = [{ name: "eth0", ipConfig: { address: "192.0.2.10/24" } }];
    const updateMask = { paths: ["networks"] };
    const changed = await stand.apply({ ...spec, networks }, { etag, updateMask });
    expect(changed.plan?.changes.map(({ path }) => path)).not.toContain("cpu");
    expect(await refusal(stand.apply(spec, { etag }))).toMatchObject({ reason: "VERSION_MISMATCH" });
  });

  it("for another version of the VM writes nothing", async ({ expect }) => {
    const { client } = stand.target;
    const spec = {
      ...machine(await stand.namespace(), "vm", [{ name: "eth0" }]),
      runStrategy: "Halted",
    } as const;
    const { namespace, name } = spec;
    await stand.apply(spec);
    const { virtualMachine } = await stand.vms.getVM({ namespace, name });
    const old = virtualMachine?.etag ?? "";
    const changed = await stand.apply({ ...spec, cpu: 2 });
    expect(changed.etag).not.toBe(old);
    const before = versionsOf(await ownedObjects(client, spec));

    const mismatch = { code: "Aborted", reason: "VERSION_MISMATCH" };
    expect(await refusal(stand.apply({ ...spec, cpu: 3 }, { etag: old }))).toMatchObject(mismatch);
    expect(await refusal(stand.vms.deleteVM({ namespace, name, etag: old }))).toMatchObject(mismatch);

    expect(versionsOf(await ownedObjects(client, spec))).toEqual(before);
  });
});
