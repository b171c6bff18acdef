// The etag names what was asked for: writes of KubeVirt leave it as it is, edits change it; every call that takes one agrees.
import { randomBytes } from "node:crypto";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, it } from "vitest";
import { ErrorInfoSchema, ResourceInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { RunStrategy } from "../../gen/multinic/v1/virtual_machine_pb.ts";
import { secrets, virtualMachineInstances, virtualMachines } from "../../src/kube/resource.ts";
import { startRunningService, type RunningService } from "../serve/running-service.ts";
import { refusalOf } from "./refusal.ts";

const namespace = "versions";

interface Asked {
  readonly name: string;
  readonly cpu?: number;
  readonly runStrategy?: RunStrategy;
}

const vmOf = ({ name, cpu = 1, runStrategy = RunStrategy.HALTED }: Asked) => ({
  namespace,
  name,
  cpu,
  runStrategy,
  networks: [{ name: "eth0" }],
});

describe("the etag of a VM", () => {
  let running: RunningService;
  beforeAll(async () => {
    running = await startRunningService();
    await running.namespace(namespace);
  });
  afterAll(async () => await running.stop());

  const nameOf = (): string => `vm-${randomBytes(3).toString("hex")}`;
  const apply = async (asked: Asked, etag = "") =>
    await running.vms.applyVM({ virtualMachine: vmOf(asked), etag });
  const got = async (name: string): Promise<string> =>
    (await running.vms.getVM({ namespace, name })).virtualMachine?.etag ?? "";
  const listed = async (name: string): Promise<string | undefined> => {
    const { virtualMachines: all } = await running.vms.listVMs({ namespaces: [namespace] });
    return all.find(({ spec }) => spec?.name === name)?.etag;
  };
  const edit = async (name: string, patch: object): Promise<void> =>
    void (await running.cluster.mergePatch(virtualMachines, { namespace, name }, patch));

  it("stays as it is while KubeVirt starts the VM, so that a loop of get and apply goes on", async ({
    expect,
  }) => {
    const name = nameOf();
    const asked = { name, runStrategy: RunStrategy.ALWAYS };
    const { etag } = await apply(asked);
    const before = await running.cluster.get(virtualMachines, { namespace, name });
    await expect
      .poll(
        async () => (await running.cluster.find(virtualMachineInstances, { namespace, name }))?.status?.phase,
      )
      .toBe("Running");
    await expect
      .poll(
        async () => (await running.cluster.get(virtualMachines, { namespace, name })).status?.printableStatus,
      )
      .toBe("Running");
    const after = await running.cluster.get(virtualMachines, { namespace, name });
    expect(after.metadata.resourceVersion).not.toBe(before.metadata.resourceVersion);

    expect(await got(name)).toBe(etag);
    expect(await apply(asked, etag)).toMatchObject({ written: false, etag });
    expect((await apply({ ...asked, cpu: 2 }, etag)).written).toBe(true);
  });

  it("is the same in ApplyVM, GetVM and ListVMs, and is new after each change of what was asked for", async ({
    expect,
  }) => {
    const name = nameOf();
    const first = (await apply({ name })).etag;
    expect(first).not.toBe("");
    expect(await got(name)).toBe(first);
    await expect.poll(async () => await listed(name)).toBe(first);
    const second = (await apply({ name, cpu: 2 })).etag;
    expect(second).not.toBe(first);
    expect(await got(name)).toBe(second);
    await expect.poll(async () => await listed(name)).toBe(second);
  });

  it("is new after a change of the user-data, which is in no object but the Secret", async ({ expect }) => {
    const virtualMachine = vmOf({ name: nameOf() });
    const withText = (text: string) => ({
      ...virtualMachine,
      userData: { source: { case: "text" as const, value: text } },
    });
    const first = await running.vms.applyVM({ virtualMachine: withText("#cloud-config\nusers: []\n") });
    const second = await running.vms.applyVM({ virtualMachine: withText("#cloud-config\npackages: []\n") });
    expect(second.etag).not.toBe(first.etag);
  });

  it.for<readonly [string, object, boolean]>([
    ["a label", { metadata: { labels: { seen: "yes" } } }, false],
    ["an annotation of others", { metadata: { annotations: { "example.org/seen": "yes" } } }, false],
    [
      "a field that is not multinic's",
      { spec: { template: { spec: { terminationGracePeriodSeconds: 7 } } } },
      false,
    ],
    ["the run strategy", { spec: { runStrategy: "Manual" } }, true],
    ["the number of CPUs", { spec: { template: { spec: { domain: { cpu: { cores: 3 } } } } } }, true],
    [
      "the model of a NIC",
      {
        spec: {
          template: {
            spec: { domain: { devices: { interfaces: [{ name: "eth0", model: "e1000", bridge: {} }] } } },
          },
        },
      },
      true,
    ],
    ["the record", { metadata: { annotations: { "multinic.novasphere.dev/spec": "{}" } } }, true],
  ])("after somebody has edited %s", async ([, patch, changes], { expect }) => {
    const name = nameOf();
    const { etag } = await apply({ name });
    await edit(name, patch);
    expect((await got(name)) !== etag).toBe(changes);
    const deletion = { namespace, name, etag, validateOnly: true };
    if (changes) {
      const error = await refusalOf(running.vms.deleteVM(deletion));
      expect(error.code).toBe(Code.Aborted);
      expect(error.findDetails(ErrorInfoSchema)[0]).toMatchObject({
        reason: "VERSION_MISMATCH",
        metadata: { kind: "VirtualMachine", namespace, name },
      });
    } else {
      expect((await running.vms.deleteVM(deletion)).objects).not.toEqual([]);
    }
  });

  it("is another one for a VM that was created again under the name", async ({ expect }) => {
    const name = nameOf();
    const { etag } = await apply({ name });
    await running.vms.deleteVM({ namespace, name, etag });
    const secret = { namespace, name: `multinic-${name}` };
    const isGone = async (): Promise<boolean> =>
      (await running.cluster.find(virtualMachines, { namespace, name })) === undefined &&
      (await running.cluster.find(secrets, secret)) === undefined;
    await expect.poll(isGone).toBe(true);

    const gone = await refusalOf(apply({ name }, etag));
    expect(gone.code).toBe(Code.NotFound);
    expect(gone.message).toContain(`VirtualMachine ${namespace}/${name} does not exist`);
    expect(gone.findDetails(ErrorInfoSchema)[0]).toMatchObject({
      reason: "NOT_FOUND",
      metadata: { kind: "VirtualMachine", namespace, name },
    });
    expect(gone.findDetails(ResourceInfoSchema)[0]).toMatchObject({ resourceName: `${namespace}/${name}` });

    expect((await apply({ name })).etag).not.toBe(etag);
    expect((await refusalOf(apply({ name }, etag))).code).toBe(Code.Aborted);
  });

  it("of a VM that multinic did not create covers its NICs, and not its machine part", async ({ expect }) => {
    const name = nameOf();
    await running.cluster.create(virtualMachines, {
      apiVersion: "kubevirt.io/v1",
      kind: "VirtualMachine",
      metadata: { namespace, name },
      spec: {
        runStrategy: "Halted",
        template: {
          spec: {
            domain: {
              memory: { guest: "1Gi" },
              devices: { interfaces: [{ name: "eth0", masquerade: {} }] },
            },
            networks: [{ name: "eth0", pod: {} }],
          },
        },
      },
    });
    const etag = await got(name);
    await edit(name, { spec: { runStrategy: "Manual" } });
    expect(await got(name)).toBe(etag);
    const down = [{ name: "eth0", masquerade: {}, state: "down" }];
    await edit(name, { spec: { template: { spec: { domain: { devices: { interfaces: down } } } } } });
    expect(await got(name)).not.toBe(etag);
  });
});

describe("a call that may only create", () => {
  let running: RunningService;
  beforeAll(async () => {
    running = await startRunningService();
    await running.namespace(namespace);
  });
  afterAll(async () => await running.stop());

  it("creates a VM once, and then says that it exists", async ({ expect }) => {
    const virtualMachine = vmOf({ name: "once" });
    const request = { virtualMachine, createOnly: true };
    expect((await running.vms.applyVM({ ...request, validateOnly: true })).written).toBe(false);
    expect((await running.vms.applyVM(request)).written).toBe(true);
    const before = await running.cluster.get(virtualMachines, virtualMachine);
    for (const again of [request, { ...request, validateOnly: true }]) {
      const error = await refusalOf(running.vms.applyVM(again));
      expect(error.code).toBe(Code.AlreadyExists);
      expect(error.findDetails(ErrorInfoSchema)[0]).toMatchObject({
        reason: "ALREADY_EXISTS",
        metadata: { kind: "VirtualMachine", namespace, name: "once" },
      });
    }
    const after = await running.cluster.get(virtualMachines, virtualMachine);
    expect(after.metadata.generation).toBe(before.metadata.generation);
    expect((await running.vms.applyVM({ virtualMachine })).written).toBe(false);
  });

  it("creates it for one of many callers at a time", async ({ expect }) => {
    const calls = [1, 2, 3, 4, 5, 6].map(async (cpu) => {
      try {
        await running.vms.applyVM({ virtualMachine: vmOf({ name: "raced", cpu }), createOnly: true });
        return cpu;
      } catch (error) {
        const { code } = ConnectError.from(error);
        expect([Code.AlreadyExists, Code.Aborted]).toContain(code);
        return undefined;
      }
    });
    const winners = (await Promise.all(calls)).filter((cpu) => cpu !== undefined);
    expect(winners).toHaveLength(1);
    const { virtualMachine } = await running.vms.getVM({ namespace, name: "raced" });
    expect(virtualMachine).toMatchObject({ spec: { cpu: winners[0] }, drift: [] });
    const again = vmOf({ name: "raced", cpu: winners[0]! });
    expect((await running.vms.applyVM({ virtualMachine: again })).written).toBe(false);
  });
});
