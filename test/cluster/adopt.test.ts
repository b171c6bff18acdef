// VMs not created by multinic: read back, and adopted with their NICs only; nothing else of them changes.
import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, it } from "vitest";
import { Effect, InterfaceState, type VirtualMachineView } from "../../gen/multinic/v1/virtual_machine_pb.ts";
import { specFromProto } from "../../src/wire/spec-from-proto.ts";
import { applyVm } from "../../src/app/apply/apply-vm.ts";
import { startClusterView, stopClusterView, whenSynced } from "../../src/app/cluster-view.ts";
import { builtInCatalogue } from "../../src/domain/catalogue.ts";
import { ownsField } from "../../src/domain/objects/managed-fields.ts";
import type { VirtualMachine } from "../../src/domain/objects/kubernetes.ts";
import type { NetworkConfig, VmSpec } from "../../src/domain/spec.ts";
import type { KubeClient } from "../../src/kube/kube-client.ts";
import { secrets, virtualMachines } from "../../src/kube/resource.ts";
import { silentLog } from "../support/log.ts";
import { ownedObjects } from "./owned-objects.ts";
import { allUp, startStand, wordOf, type Stand } from "./stand.ts";

const networkData = `version: 2
ethernets:
  eth0:
    match: {macaddress: "02:00:5e:10:00:01"}
    set-name: eth0
    addresses: [192.0.2.10/24]
    routes: [{to: default, via: 192.0.2.1, metric: 100}]
  eth1:
    match: {macaddress: "02:00:5e:10:00:02"}
    set-name: eth1
    dhcp4: true
    dhcp4-overrides: {route-metric: 200}
`;

/** The VM as its creator's tool applies it. */
function theirs(namespace: string): VirtualMachine {
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachine",
    metadata: {
      namespace,
      name: "theirs",
      labels: { "app.kubernetes.io/managed-by": "argo", team: "shop" },
      annotations: { "example.org/owner": "shop" },
    },
    spec: {
      runStrategy: "Always",
      template: {
        metadata: { labels: { app: "shop" }, annotations: { "example.org/kept": "yes" } },
        spec: {
          terminationGracePeriodSeconds: 7,
          domain: {
            cpu: { cores: 2 },
            memory: { guest: "1Gi" },
            devices: {
              disks: [
                { name: "root", disk: { bus: "sata" }, bootOrder: 1 },
                { name: "init", disk: { bus: "virtio" } },
              ],
              interfaces: [
                { name: "eth0", model: "virtio", bridge: {}, macAddress: "02:00:5e:10:00:01" },
                { name: "eth1", bridge: {}, macAddress: "02:00:5e:10:00:02" },
              ],
            },
          },
          networks: [
            { name: "eth0", multus: { networkName: "lan" } },
            { name: "eth1", multus: { networkName: "wan" } },
          ],
          volumes: [
            { name: "root", containerDisk: { image: "guest:1" } },
            {
              name: "init",
              cloudInitNoCloud: {
                userData: "#cloud-config\nupdates: {network: {when: [boot]}}\n",
                networkData,
              },
            },
          ],
        },
      },
    },
  };
}

/** The VM without its NICs, the network data of its cloud-init volume, and the fields that servers and KubeVirt write. */
function restOf({ metadata, spec }: VirtualMachine): object {
  const { domain, networks: _networks, volumes = [], ...template } = spec.template.spec;
  const { interfaces: _interfaces, ...devices } = domain.devices;
  const ours = ([key]: readonly [string, unknown]): boolean =>
    key.startsWith("multinic.novasphere.dev/") || key.startsWith("kubevirt.io/");
  const without = (annotations: Record<string, string> = {}): object =>
    Object.fromEntries(Object.entries(annotations).filter((entry) => !ours(entry)));
  return {
    labels: metadata.labels,
    annotations: without(metadata.annotations),
    runStrategy: spec.runStrategy,
    template,
    podAnnotations: without(spec.template.metadata?.annotations),
    podLabels: spec.template.metadata?.labels,
    domain: { ...domain, devices },
    volumes: volumes.map(({ name, containerDisk, cloudInitNoCloud: init }) => ({
      name,
      containerDisk,
      userData: init?.userData,
    })),
  };
}

describe.concurrent("a VM not created by multinic", { timeout: 60_000 }, () => {
  let stand: Stand;
  beforeAll(async () => {
    stand = await startStand();
  });
  afterAll(async () => await stand.stop());

  async function made(change: (vm: VirtualMachine) => void = () => undefined): Promise<VirtualMachine> {
    const namespace = await stand.namespace();
    const { client } = stand.target;
    // The VMs of all tests have the same addresses, so each is on its own network.
    const own = namespace.replace("test-", "");
    await stand.makeNad(namespace, "lan", { type: "bridge", bridge: `lan${own}`, vlan: 30 });
    await stand.makeNad(namespace, "wan", { type: "bridge", bridge: `wan${own}` });
    const vm = theirs(namespace);
    change(vm);
    return await client.apply(virtualMachines, vm, { fieldManager: "argo" });
  }

  const stopped = (vm: VirtualMachine): void => {
    vm.spec.runStrategy = "Halted";
  };

  const refOf = ({ metadata: { namespace = "", name } }: VirtualMachine) => ({ namespace, name });
  const stored = async (vm: VirtualMachine): Promise<VirtualMachine> =>
    await stand.target.client.get(virtualMachines, refOf(vm));

  async function view(vm: VirtualMachine): Promise<VirtualMachineView> {
    const { virtualMachine } = await stand.vms.getVM(refOf(vm));
    if (virtualMachine === undefined) throw new Error("an answer without a VM");
    return virtualMachine;
  }

  /** The NICs that GetVM returns, without the machine's fields. */
  async function asked(vm: VirtualMachine): Promise<VmSpec> {
    const { spec: virtualMachine } = await view(vm);
    if (virtualMachine === undefined) throw new Error("a view without a spec");
    const { spec } = specFromProto(virtualMachine);
    return { namespace: spec.namespace, name: spec.name, networks: spec.networks };
  }

  /** An edit by another field manager. */
  async function edit(vm: VirtualMachine, patch: object): Promise<void> {
    await stand.target.client.mergePatch(virtualMachines, refOf(vm), patch, { fieldManager: "kubectl-edit" });
  }

  const withCable = (vm: VirtualMachine, state: "up" | "down"): object => {
    const [eth0, ...others] = vm.spec.template.spec.domain.devices.interfaces ?? [];
    const devices = { interfaces: [{ ...eth0, state }, ...others] };
    return { spec: { template: { spec: { domain: { devices } } } } };
  };

  async function refusal(answer: Promise<unknown>): Promise<ConnectError> {
    return ConnectError.from(
      await answer.then(
        () => {
          throw new Error("it was not refused");
        },
        (error: unknown) => error,
      ),
    );
  }

  it("is read back as a spec with its NICs", async ({ expect }) => {
    const vm = await made();
    const { spec: virtualMachine, managed, adopted, importNotes, drift } = await view(vm);
    if (virtualMachine === undefined) throw new Error("a view without a spec");
    const { networks } = specFromProto(virtualMachine).spec;
    expect(networks).toEqual([
      {
        name: "eth0",
        type: "bridge",
        nadName: "lan",
        vlanId: 30,
        macAddress: "02:00:5e:10:00:01",
        ipConfig: { mode: "static", address: "192.0.2.10/24", gateway: "192.0.2.1" },
        primary: true,
      },
      {
        name: "eth1",
        type: "bridge",
        nadName: "wan",
        macAddress: "02:00:5e:10:00:02",
        ipConfig: { mode: "dhcp" },
      },
    ] satisfies NetworkConfig[]);
    expect({ managed, adopted, importNotes, drift }).toEqual({
      managed: false,
      adopted: false,
      importNotes: [],
      drift: [],
    });
    expect(JSON.stringify(virtualMachine)).not.toContain("updates");
  });

  it("is not changed unless adoption is requested", async ({ expect }) => {
    const vm = await made(stopped);
    const spec = await asked(vm);
    const refused = await refusal(stand.apply(spec));
    expect(refused.code).toBe(Code.FailedPrecondition);
    expect(refused.message).toContain("adopt it");
    expect((await ownedObjects(stand.target.client, spec)).secret).toBeUndefined();
    const nobody = await refusal(stand.apply({ ...spec, name: "nobody" }, { adopt: true }));
    expect(nobody.code).toBe(Code.NotFound);
  });

  it("hands over its NICs; all other fields stay with their owner", async ({ expect }) => {
    const vm = await made();
    const spec = await asked(vm);
    const { client } = stand.target;
    await using watch = stand.watch(spec);
    await watch.until(allUp(2));
    const before = await stored(vm);

    const plan = await stand.apply(spec, { adopt: true, validateOnly: true });
    expect(plan.findings).toEqual([]);
    expect(plan.plan?.changes).toMatchObject([
      { path: "networkConfig", oldValue: "in the VM itself", newValue: "Secret multinic-theirs" },
    ]);
    expect(wordOf(Effect, plan.plan?.effect)).toBe("RESTART");
    expect(plan.written).toBe(false);
    expect((await stored(vm)).metadata.generation).toBe(before.metadata.generation);
    expect((await ownedObjects(client, spec)).secret).toBeUndefined();

    const adopted = await stand.apply(spec, { adopt: true, planFingerprint: plan.plan?.fingerprint ?? "" });
    expect(adopted.written).toBe(true);

    const after = await stored(vm);
    expect(restOf(after)).toEqual(restOf(before));
    const { interfaces, disks } = after.spec.template.spec.domain.devices;
    expect(interfaces).toEqual(before.spec.template.spec.domain.devices.interfaces);
    expect(disks).toEqual(before.spec.template.spec.domain.devices.disks);
    const owns = (manager: string, path: string): boolean => ownsField(after, manager, path.split("."));
    const template = "spec.template.spec";
    for (const ours of [
      `${template}.domain.devices.interfaces`,
      `${template}.networks`,
      `${template}.volumes`,
    ])
      expect([ours, owns("multinic", ours)]).toEqual([ours, true]);
    for (const others of [
      `${template}.domain.cpu`,
      `${template}.domain.memory`,
      `${template}.domain.devices.disks`,
      `${template}.terminationGracePeriodSeconds`,
      "spec.runStrategy",
      "metadata.labels",
    ])
      expect([others, owns("multinic", others), owns("argo", others)]).toEqual([others, false, true]);

    const { secret } = await ownedObjects(client, spec);
    expect(Object.keys(secret?.data ?? {})).toEqual(["networkdata"]);
    expect(secret?.metadata.ownerReferences).toMatchObject([{ name: "theirs", uid: vm.metadata.uid }]);

    const again = await stand.apply(spec);
    expect(again.written).toBe(false);
    expect(again.plan?.changes).toEqual([]);
    const shown = await view(vm);
    expect({ managed: shown.managed, adopted: shown.adopted }).toEqual({ managed: false, adopted: true });
    expect(shown.spec).toMatchObject({ cpu: 2, memory: "1Gi" });
    expect(shown.interfaces.map(({ state }) => wordOf(InterfaceState, state))).toEqual(["UP", "UP"]);
    // As planned, the running VM is not changed, and KubeVirt waits for a restart.
    await expect
      .poll(async () => (await view(vm)).pendingChanges.map(({ effect }) => effect))
      .toContain(Effect.RESTART);
  });

  it("accepts NIC changes even while another tool still applies them, and is deleted by its creator", async ({
    expect,
  }) => {
    const vm = await made(stopped);
    const spec = await asked(vm);
    await stand.apply(spec, { adopt: true });

    const more = { ...spec, networks: [...spec.networks, { name: "eth2", vlanId: 100 }] };
    const owned = await refusal(stand.apply(more));
    expect(owned.code).toBe(Code.FailedPrecondition);
    expect(owned.message).toContain("argo");
    expect((await stand.apply(more, { adopt: true })).plan?.changes).toMatchObject([
      { path: "networks[eth2]" },
      { path: "networks[eth2].ipConfig" },
    ]);
    const [eth0, ...others] = more.networks;
    if (eth0 === undefined) throw new Error("there is no NIC");
    const pulled = { ...more, networks: [{ ...eth0, linkState: "down" as const }, ...others] };
    expect((await stand.apply(pulled)).plan?.changes).toMatchObject([{ path: "networks[eth0].linkState" }]);
    const after = await stored(vm);
    expect(after.spec.template.spec.domain.devices.interfaces?.map(({ name }) => name)).toEqual([
      "eth0",
      "eth1",
      "eth2",
    ]);
    expect(restOf(after)).toEqual(restOf(vm));

    const refused = await refusal(stand.vms.deleteVM(refOf(vm)));
    expect(refused.code).toBe(Code.FailedPrecondition);
    const { client } = stand.target;
    await client.delete(virtualMachines, refOf(vm), { propagation: "Background" });
    await expect
      .poll(async () => {
        const { secret, nads } = await ownedObjects(client, spec);
        return [secret?.metadata.name, ...nads.map(({ metadata }) => metadata.name)];
      })
      .toEqual([undefined, "lan", "wan"]);
  });

  it("without cloud-init gets a cloud-init disk and keeps its own disks", async ({ expect }) => {
    const vm = await made((theirVm) => {
      stopped(theirVm);
      const { template } = theirVm.spec;
      template.spec.volumes = template.spec.volumes?.slice(0, 1) ?? [];
      template.spec.domain.devices.disks = template.spec.domain.devices.disks?.slice(0, 1) ?? [];
    });
    const spec = await asked(vm);
    const adopted = await stand.apply(spec, { adopt: true });
    expect(adopted.findings.map(({ code }) => code)).toEqual([
      "ADOPTION_ADDS_CLOUD_INIT",
      "ADOPTION_CHANGES_GUEST",
    ]);
    for (const round of ["adopted", "applied again"]) {
      const { template } = (await stored(vm)).spec;
      expect([round, template.spec.domain.devices.disks?.map(({ name }) => name)]).toEqual([
        round,
        ["root", "cloudinitdisk"],
      ]);
      expect(template.spec.volumes?.map(({ name }) => name)).toEqual(["root", "cloudinitdisk"]);
      expect((await stand.apply(spec)).written).toBe(false);
    }
  });

  it("is adopted only in the version that was planned", async ({ expect }) => {
    const vm = await made(stopped);
    const spec = await asked(vm);
    const { etag } = await stand.apply(spec, { adopt: true, validateOnly: true });
    await edit(vm, withCable(vm, "down"));
    const refused = await refusal(stand.apply(spec, { adopt: true, etag }));
    expect(refused.code).toBe(Code.Aborted);
    expect((await ownedObjects(stand.target.client, spec)).secret).toBeUndefined();
  });

  it("that changes during the adoption is not adopted, and no objects are left behind", async ({
    expect,
  }) => {
    const vm = await made(stopped);
    const spec = { ...(await asked(vm)), networks: [{ name: "eth0", vlanId: 42 }] };
    const { client } = stand.target;
    const meddling: KubeClient = {
      ...client,
      async apply(resource, object, options) {
        if (object.kind === secrets.kind && options.dryRun !== true) {
          await edit(vm, withCable(vm, "down"));
        }
        return await client.apply(resource, object, options);
      },
    };
    const clusterView = startClusterView(client, { log: silentLog, now: () => performance.now() });
    await whenSynced(clusterView);
    const dependencies = { client: meddling, view: clusterView, catalogue: builtInCatalogue() };
    await expect(applyVm(dependencies, { spec, validateOnly: false, adopt: true })).rejects.toMatchObject({
      name: "VersionMismatch",
    });
    await stopClusterView(clusterView);

    const after = await stored(vm);
    expect(after.spec.template.spec.networks).toEqual(vm.spec.template.spec.networks);
    const left = await ownedObjects(client, spec);
    expect(left.secret).toBeUndefined();
    expect(left.nads.map(({ metadata }) => metadata.name)).toEqual(["lan", "wan"]);
  });

  it("keeps its machine: a different machine is refused with a fix", async ({ expect }) => {
    const vm = await made(stopped);
    const spec = await asked(vm);
    const planned = await stand.apply(
      { ...spec, cpu: 4, memory: "1Gi" },
      { adopt: true, validateOnly: true },
    );
    expect(planned.findings).toMatchObject([
      { code: "ADOPTED_MACHINE_DIFFERS", field: "cpu", fix: { patches: [{ field: "cpu" }] } },
    ]);
  });

  it("reports who changed its NICs and when, and restores them on request", async ({ expect }) => {
    const vm = await made(stopped);
    const spec = await asked(vm);
    await stand.apply(spec, { adopt: true });
    expect((await view(vm)).drift).toEqual([]);
    const started = Date.now();
    await edit(vm, withCable(await stored(vm), "down"));

    const { drift } = await view(vm);
    expect(drift).toMatchObject([
      {
        path: "networks[eth0].linkState",
        nic: "eth0",
        wanted: "up",
        actual: "down",
        object: { kind: "VirtualMachine", namespace: vm.metadata.namespace, name: "theirs" },
        manager: "kubectl-edit",
      },
    ]);
    const since = Number(drift[0]?.since?.seconds ?? 0) * 1_000;
    expect(since).toBeGreaterThan(started - 5_000);
    expect(since).toBeLessThanOrEqual(Date.now() + 1_000);

    const refused = await refusal(stand.apply(spec));
    expect(refused.code).toBe(Code.FailedPrecondition);
    expect(refused.message).toContain("kubectl-edit");
    expect((await stand.apply(spec, { adopt: true })).written).toBe(true);
    expect((await view(vm)).drift).toEqual([]);
  });
});
