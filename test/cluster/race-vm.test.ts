// Several callers, at one replica or two, write or delete one VM at the same time.
import { afterAll, beforeAll, describe, it } from "vitest";
import { secretText } from "../../src/domain/objects/cloud-init.ts";
import { specAnnotation } from "../../src/domain/objects/ownership.ts";
import type { VirtualMachine } from "../../src/domain/objects/kubernetes.ts";
import { isUnchanged } from "../../src/domain/plan/plan.ts";
import type { VmSpec } from "../../src/domain/spec.ts";
import { secrets, virtualMachines } from "../../src/kube/resource.ts";
import { ownedObjects, ownersOf } from "./owned-objects.ts";
import { deleted, meddled, type Replica, startReplica } from "./replica.ts";
import { machine, startStand, type Stand } from "./stand.ts";

describe.concurrent("a VM that several callers write", { timeout: 110_000 }, () => {
  let stand: Stand;
  let replicas: readonly [Replica, Replica];
  beforeAll(async () => {
    stand = await startStand();
    const { client } = stand.target;
    replicas = [await startReplica(client), await startReplica(client)];
  });
  afterAll(async () => {
    for (const replica of replicas) await replica[Symbol.asyncDispose]();
    await stand.stop();
  });

  /** Spec and Secret of a version differ from those of every other. */
  const version = (namespace: string, name: string, number: number): VmSpec => ({
    ...machine(namespace, name, [{ name: "eth0", vlanId: 530 }]),
    runStrategy: "Halted",
    cpu: number,
    userData: { text: `#cloud-config\nhostname: version-${number}\n` },
  });

  /** The versions that VM and Secret have. */
  async function versionsOf(spec: VmSpec): Promise<readonly [number | undefined, string | undefined]> {
    const { vm, secret } = await ownedObjects(stand.target.client, spec);
    const text = secret && secretText(secret, "userdata");
    return [vm?.spec.template.spec.domain.cpu?.cores, text && /version-(\d+)/.exec(text)?.[1]];
  }

  it.for([
    ["one replica", 0],
    ["two replicas", 1],
  ] as const)("is as one of them asked, with its Secret: 8 at once at %s", async ([, second], { expect }) => {
    const namespace = await stand.namespace();
    const numbers = Array.from({ length: 8 }, (_, index) => index + 1);
    const calls = numbers.map((number) =>
      replicas[number % 2 === 0 ? 0 : second].apply(version(namespace, "shared", number)),
    );
    const outcomes = await Promise.allSettled(calls);
    const failed = outcomes.filter(({ status }) => status === "rejected");
    // A caller that others overtake again and again may be told so; in one process that cannot happen.
    expect(failed.map((outcome) => (outcome as PromiseRejectedResult).reason as unknown)).toEqual(
      second === 0 ? [] : failed.map(() => expect.objectContaining({ name: "VersionMismatch" }) as unknown),
    );
    const [cpu, userData] = await versionsOf(version(namespace, "shared", 1));
    expect(String(cpu)).toBe(userData);
    const { plan } = await replicas[0].apply(version(namespace, "shared", cpu ?? 0), {
      validateOnly: true,
    });
    expect(plan && isUnchanged(plan)).toBe(true);
  });

  it.for([
    ["one replica", 0],
    ["two replicas", 1],
  ] as const)(
    "is created once when several create the same, and the others change nothing: %s",
    async ([, second], { expect }) => {
      const namespace = await stand.namespace();
      for (let round = 0; round < 2; round += 1) {
        const spec = version(namespace, `new-${round}`, 3);
        const results = await Promise.all(
          [0, second, 0, second].map((at) => replicas[at as 0 | 1].apply(spec)),
        );
        expect(results.filter(({ written }) => written).length).toBeGreaterThanOrEqual(1);
        const { secret, vm, nads } = await ownedObjects(stand.target.client, spec);
        expect(secret?.metadata.ownerReferences?.map(({ uid }) => uid)).toEqual([vm?.metadata.uid]);
        expect(nads.flatMap(ownersOf)).toContain(spec.name);
        expect(await versionsOf(spec)).toEqual([3, "3"]);
      }
    },
  );

  it.for(
    ["NetworkAttachmentDefinition", "Secret", "VirtualMachine"].flatMap((kind) => [
      ["a new VM", kind] as const,
      ["an existing VM", kind] as const,
    ]),
  )(
    "is as the last writer asked, with its Secret: %s, another replica before the %s",
    async ([which, kind], { expect }) => {
      const namespace = await stand.namespace();
      if (which === "an existing VM") await replicas[0].apply(version(namespace, "both", 1));
      const other = meddled(
        stand.target.client,
        "before",
        (applied) => applied.kind === kind,
        () => replicas[1].apply(version(namespace, "both", 2)),
      );
      // Another VLAN, so that there is a NAD to write.
      const networks = [{ name: "eth0", vlanId: 532 }];
      const spec = { ...version(namespace, "both", 3), networks };
      expect((await replicas[0].apply(spec, {}, other)).written).toBe(true);
      expect(await versionsOf(spec)).toEqual([3, "3"]);
      const { plan } = await replicas[0].apply(spec, { validateOnly: true });
      expect(plan && isUnchanged(plan)).toBe(true);
      const { nads, vm, secret } = await ownedObjects(stand.target.client, spec);
      expect(nads.map(ownersOf)).toEqual([["both"]]);
      expect(secret?.metadata.ownerReferences?.map(({ uid }) => uid)).toEqual([vm?.metadata.uid]);
    },
  );

  it.for(["NetworkAttachmentDefinition", "Secret", "VirtualMachine"])(
    "does not come back when it is deleted right before its %s is written",
    async (kind, { expect }) => {
      const namespace = await stand.namespace();
      const { client } = stand.target;
      const before = version(namespace, "gone", 1);
      await replicas[0].apply(before);
      const after: VmSpec = { ...version(namespace, "gone", 2), networks: [{ name: "eth0", vlanId: 531 }] };
      const deleting = meddled(
        client,
        "before",
        (applied) => applied.kind === kind,
        () => deleted(client, virtualMachines, { namespace, name: "gone" }),
      );
      await expect(replicas[0].apply(after, {}, deleting)).rejects.toMatchObject({ name: "ObjectNotFound" });
      expect((await ownedObjects(client, after)).vm).toBeUndefined();
      await expect
        .poll(async () => {
          const { secret, nads } = await ownedObjects(client, after);
          return { secret, nads };
        })
        .toEqual({ secret: undefined, nads: [] });
    },
  );

  it("is left alone when another VM has taken its name since the plan", async ({ expect }) => {
    const namespace = await stand.namespace();
    const { client } = stand.target;
    const ref = { namespace, name: "replaced" };
    await replicas[0].apply(version(namespace, "replaced", 1));
    const theirs: VirtualMachine = {
      apiVersion: "kubevirt.io/v1",
      kind: "VirtualMachine",
      metadata: ref,
      spec: {
        runStrategy: "Halted",
        template: { spec: { domain: { memory: { guest: "1Gi" }, devices: {} } } },
      },
    };
    const replacing = meddled(
      client,
      "before",
      ({ kind }) => kind === "VirtualMachine",
      async () => {
        await deleted(client, virtualMachines, ref);
        await client.create(virtualMachines, theirs);
      },
    );
    const late = replicas[0].apply(version(namespace, "replaced", 2), {}, replacing);
    await expect(late).rejects.toMatchObject({ name: "VersionMismatch" });
    const left = await client.get(virtualMachines, ref);
    expect(left.metadata.annotations?.[specAnnotation]).toBeUndefined();
    expect(left.spec.template.spec.domain.devices.interfaces ?? []).toEqual([]);
  });

  it("is not written while it is being deleted, and the answer says what to do", async ({ expect }) => {
    const namespace = await stand.namespace();
    const { client } = stand.target;
    const ref = { namespace, name: "ending" };
    await replicas[0].apply(version(namespace, "ending", 1));
    const { metadata } = await client.get(virtualMachines, ref);
    const held = { metadata: { finalizers: [...(metadata.finalizers ?? []), "test.example/hold"] } };
    await client.mergePatch(virtualMachines, ref, held);
    await client.delete(virtualMachines, ref);
    const terminating = {
      name: "PreconditionFailed",
      reason: "VM_TERMINATING",
      message: expect.stringContaining("apply again when it no longer exists") as string,
    };
    for (const validateOnly of [true, false]) {
      const late = replicas[0].apply(version(namespace, "ending", 2), { validateOnly });
      await expect(late).rejects.toMatchObject(terminating);
    }
    expect((await client.get(virtualMachines, ref)).spec.template.spec.domain.cpu?.cores).toBe(1);
    await expect
      .poll(async () => {
        const finalizers = (await client.find(virtualMachines, ref))?.metadata.finalizers ?? [];
        const others = finalizers.filter((name) => name !== "test.example/hold");
        if (finalizers.length > others.length && others.length === 0)
          await client.mergePatch(virtualMachines, ref, { metadata: { finalizers: [] } });
        return await client.find(virtualMachines, ref);
      })
      .toBeUndefined();
  });

  it("gets its former user-data back when the write of the VM fails for good", async ({ expect }) => {
    const namespace = await stand.namespace();
    const { client } = stand.target;
    const ref = { namespace, name: "kept" };
    const { etag } = await replicas[0].apply(version(namespace, "kept", 1));
    const overtaking = meddled(
      client,
      "before",
      ({ kind }) => kind === "VirtualMachine",
      () =>
        client.mergePatch(virtualMachines, ref, {
          spec: { template: { spec: { domain: { cpu: { cores: 7 } } } } },
        }),
    );
    const late = replicas[0].apply(version(namespace, "kept", 2), { etag }, overtaking);
    await expect(late).rejects.toMatchObject({ reason: "FIELD_OWNED_BY_OTHER_MANAGER" });
    const secret = await client.get(secrets, { namespace, name: "multinic-kept" });
    expect(secretText(secret, "userdata")).toContain("version-1");
    expect(secret.metadata.ownerReferences?.map(({ name }) => name)).toEqual(["kept"]);
  });

  it("lets the callers after one that gives up go on", async ({ expect }) => {
    const namespace = await stand.namespace();
    const { client } = stand.target;
    const leaving = new AbortController();
    const slow = meddled(
      client,
      "before",
      ({ kind }) => kind === "VirtualMachine",
      async () => {
        leaving.abort(new Error("the caller left"));
        await expect(waiting).rejects.toThrow("the caller left");
      },
    );
    const first = replicas[0].apply(version(namespace, "queued", 1), {}, slow);
    const waiting = replicas[0].apply(version(namespace, "queued", 2), { signal: leaving.signal });
    const last = replicas[0].apply(version(namespace, "queued", 3));
    expect((await first).written).toBe(true);
    expect((await last).written).toBe(true);
    expect(await versionsOf(version(namespace, "queued", 3))).toEqual([3, "3"]);
    await expect.poll(() => replicas[0].view.turns.size).toBe(0);
  });
});
