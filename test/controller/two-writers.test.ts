// A Wukong and others that write the same VM: one of them has it whole, and the other one is informed.
import { describe, it, vi } from "vitest";
import { parse } from "yaml";
import type { ApplyRequest } from "../../src/app/apply/apply-request.ts";
import { applyVm } from "../../src/app/apply/apply-vm.ts";
import { PreconditionFailed } from "../../src/app/errors.ts";
import { builtInCatalogue } from "../../src/domain/catalogue.ts";
import { secretText } from "../../src/domain/objects/cloud-init.ts";
import { secretNameOf } from "../../src/domain/objects/ownership.ts";
import type { IpConfig, VmSpec } from "../../src/domain/spec.ts";
import type { KubeClient } from "../../src/kube/kube-client.ts";
import { secrets, virtualMachines, wukongs } from "../../src/kube/resource.ts";
import { controllerStand, patience, untilCondition, wukong } from "./stand.ts";

const specOf = (nic: string, ipConfig?: IpConfig) => ({
  runStrategy: "Halted" as const,
  networks: [{ name: nic, ...(ipConfig === undefined ? {} : { ipConfig }) }],
});

describe("a Wukong and ApplyVM", { timeout: 60_000 }, () => {
  const stand = controllerStand();

  const apply = (name: string, nic: string, by: KubeClient, more: Partial<ApplyRequest> = {}) => {
    const spec: VmSpec = { namespace: "default", name, ...specOf(nic) };
    const { view } = stand;
    return applyVm(
      { client: by, view, catalogue: builtInCatalogue() },
      { spec, validateOnly: false, ...more },
    );
  };

  /** `happens` once, right before the VM's dry run or its real write. */
  function interrupted(when: "dry run" | "write", happens: () => Promise<unknown>): KubeClient {
    const { client } = stand;
    let done = false;
    return {
      ...client,
      async apply(resource, object, options) {
        if (object.kind === "VirtualMachine" && (options.dryRun === true) === (when === "dry run") && !done) {
          done = true;
          await happens();
        }
        return await client.apply(resource, object, options);
      },
    };
  }

  /** Resolves when the Wukong has its VM. */
  const createWukong = (name: string) => async (): Promise<void> => {
    await stand.client.create(wukongs, wukong(name, specOf("theirs")));
    await untilCondition(stand.client, name, ["Accepted", "True"]);
  };

  /** NICs of the VM and of its guest's configuration, and the kind of its owner. */
  async function ownerAndNics(name: string): Promise<readonly unknown[]> {
    const ref = { namespace: "default", name };
    const vm = await stand.client.get(virtualMachines, ref);
    const secret = await stand.client.get(secrets, { ...ref, name: secretNameOf(name) });
    const { interfaces = [] } = vm.spec.template.spec.domain.devices;
    return [
      (vm.metadata.ownerReferences ?? []).map(({ kind }) => kind),
      interfaces.map((nic) => nic.name),
      Object.keys((parse(secretText(secret, "networkdata") ?? "") as { ethernets: object }).ethernets),
    ];
  }

  it("that creates the VM before ApplyVM's dry run keeps it", async ({ expect }) => {
    const by = interrupted("dry run", createWukong("before-dry-run"));

    const error = await apply("before-dry-run", "ours", by).catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(PreconditionFailed);
    expect(error).toMatchObject({ reason: "VM_OWNED_BY_WUKONG" });
    expect(await ownerAndNics("before-dry-run")).toEqual([["Wukong"], ["theirs"], ["theirs"]]);
  });

  it("that creates the VM right before ApplyVM's write loses it whole, and says so", async ({ expect }) => {
    const by = interrupted("write", createWukong("before-write"));

    const applied = await apply("before-write", "ours", by);

    expect(applied.written).toBe(true);
    const accepted = await untilCondition(stand.client, "before-write", ["Accepted", "False"]);
    expect(accepted.reason).toBe("VM_NOT_OWNED_BY_WUKONG");
    expect(await ownerAndNics("before-write")).toEqual([[], ["ours"], ["ours"]]);
  });

  it("that comes after ApplyVM leaves everything as it is", async ({ expect }) => {
    await apply("first", "ours", stand.client);

    await stand.client.create(wukongs, wukong("first", specOf("theirs")));

    const accepted = await untilCondition(stand.client, "first", ["Accepted", "False"]);
    expect(accepted.reason).toBe("VM_NOT_OWNED_BY_WUKONG");
    expect(await ownerAndNics("first")).toEqual([[], ["ours"], ["ours"]]);
  });

  it("that owns the VM keeps it from being adopted", async ({ expect }) => {
    await createWukong("adopted")();
    await expect(apply("adopted", "ours", stand.client, { adopt: true })).rejects.toMatchObject({
      reason: "VM_OWNED_BY_WUKONG",
    });
  });
});

describe("a Wukong and another field manager of its VM", { timeout: 60_000 }, () => {
  const stand = controllerStand();

  it("do not fight over a field: the Wukong names manager and field, and goes on once they agree", async ({
    expect,
  }) => {
    const ref = { namespace: "default", name: "edited" };
    await stand.client.create(wukongs, wukong("edited", { ...specOf("eth0"), memory: "1Gi" }));
    await untilCondition(stand.client, "edited", ["Accepted", "True"]);

    const memory = { guest: "2Gi" };
    const patch = { spec: { template: { spec: { domain: { memory } } } } };
    await stand.client.mergePatch(virtualMachines, ref, patch, { fieldManager: "kubectl-edit" });

    const accepted = await untilCondition(stand.client, "edited", ["Accepted", "False"]);
    expect(accepted.reason).toBe("FIELD_OWNED_BY_OTHER_MANAGER");
    expect(accepted.message).toContain("kubectl-edit");
    expect(accepted.message).toContain(".spec.template.spec.domain.memory");
    expect((await stand.client.get(virtualMachines, ref)).spec.template.spec.domain.memory).toEqual(memory);

    await stand.client.mergePatch(wukongs, ref, { spec: { memory: "2Gi" } });
    await untilCondition(stand.client, "edited", ["Accepted", "True"]);
  });

  it("gets a second Wukong with the same address refused until the first is gone", async ({ expect }) => {
    const spec = specOf("eth0", { address: "192.0.2.7/24" });
    await stand.client.create(wukongs, wukong("one", spec));
    await untilCondition(stand.client, "one", ["Accepted", "True"]);
    // The check knows the address once the cache has the VM.
    await vi.waitUntil(
      () => stand.view.vms.get({ namespace: "default", name: "one" }) !== undefined,
      patience,
    );
    await stand.client.create(wukongs, wukong("two", spec));
    expect(await untilCondition(stand.client, "two", ["Accepted", "False"])).toMatchObject({
      reason: "ADDRESS_IN_USE",
    });

    await stand.client.delete(wukongs, { namespace: "default", name: "one" });

    await untilCondition(stand.client, "two", ["Accepted", "True"]);
  });
});
