// An apply that names a version or a plan writes exactly that or nothing, even if another client writes meanwhile.
import { afterAll, beforeAll, describe, it } from "vitest";
import type { ApplyRequest } from "../../src/app/apply/apply-request.ts";
import { applyVm, type ApplyResult } from "../../src/app/apply/apply-vm.ts";
import {
  type ClusterView,
  startClusterView,
  stopClusterView,
  whenSynced,
} from "../../src/app/cluster-view.ts";
import { ObjectNotFound, VersionMismatch } from "../../src/app/errors.ts";
import { builtInCatalogue } from "../../src/domain/catalogue.ts";
import { specAnnotation } from "../../src/domain/objects/ownership.ts";
import { isUnchanged } from "../../src/domain/plan/plan.ts";
import type { VmSpec } from "../../src/domain/spec.ts";
import { secretText } from "../../src/domain/objects/cloud-init.ts";
import type { VirtualMachine } from "../../src/domain/objects/kubernetes.ts";
import { connectKube } from "../../src/kube/connection/connect.ts";
import { KubeError } from "../../src/kube/errors.ts";
import type { FullKubeClient, KubeClient } from "../../src/kube/kube-client.ts";
import { networkAttachmentDefinitions, secrets, virtualMachines } from "../../src/kube/resource.ts";
import { createApiServer } from "../../src/local/api/api-server.ts";
import { silentLog } from "../support/log.ts";

describe("an apply while another client writes", () => {
  const server = createApiServer();
  let client: FullKubeClient;
  let view: ClusterView;
  /** Of another replica: in one process, calls for one VM take turns. */
  let otherView: ClusterView;
  beforeAll(async () => {
    const { url } = await server.listen({ host: "127.0.0.1", port: 0 });
    client = connectKube({ server: url });
    view = startClusterView(client, { log: silentLog, now: () => performance.now() });
    otherView = startClusterView(client, { log: silentLog, now: () => performance.now() });
    await Promise.all([whenSynced(view), whenSynced(otherView)]);
  });
  afterAll(async () => {
    await Promise.all([stopClusterView(view), stopClusterView(otherView)]);
    await client.close();
    await server.close();
  });

  const spec = (name: string, vlanId: number): VmSpec => ({
    namespace: "default",
    name,
    runStrategy: "Halted",
    networks: [{ name: "eth0", vlanId }],
  });

  /** `write` happens once, right before the first write of an object of that kind. */
  function interrupted(
    write: () => Promise<unknown>,
    before = "VirtualMachine",
    by: KubeClient = client,
  ): KubeClient {
    let done = false;
    return {
      ...by,
      async apply(resource, object, options) {
        if (object.kind === before && options.dryRun !== true && !done) {
          done = true;
          await write();
        }
        return await by.apply(resource, object, options);
      },
    };
  }

  const apply = (
    request: Partial<ApplyRequest> & Pick<ApplyRequest, "spec">,
    by: KubeClient = client,
  ): Promise<ApplyResult> =>
    applyVm({ client: by, view, catalogue: builtInCatalogue() }, { validateOnly: false, ...request });

  const label = (name: string) => (): Promise<unknown> =>
    client.mergePatch(
      virtualMachines,
      { namespace: "default", name },
      { metadata: { labels: { seen: "yes" } } },
    );
  const gracePeriod = (name: string) => (): Promise<unknown> =>
    client.mergePatch(
      virtualMachines,
      { namespace: "default", name },
      { spec: { template: { spec: { terminationGracePeriodSeconds: 7 } } } },
    );
  const applyElsewhere = (
    request: Partial<ApplyRequest> & Pick<ApplyRequest, "spec">,
  ): Promise<ApplyResult> =>
    applyVm({ client, view: otherView, catalogue: builtInCatalogue() }, { validateOnly: false, ...request });
  /** Another caller applies, at another replica. */
  const appliedBefore = (name: string, vlanId: number) => (): Promise<unknown> =>
    applyElsewhere({ spec: spec(name, vlanId) });
  const deleted = (name: string) => (): Promise<unknown> =>
    client.delete(virtualMachines, { namespace: "default", name });

  const nadNames = async (): Promise<readonly string[]> => {
    const { items } = await client.list(networkAttachmentDefinitions, { namespace: "default" });
    return items.map(({ metadata }) => metadata.name);
  };
  const nadsOwnedBy = async (name: string): Promise<number> => {
    const { items } = await client.list(networkAttachmentDefinitions, { namespace: "default" });
    const isOwned = ({ metadata }: (typeof items)[number]): boolean =>
      metadata.ownerReferences?.some((owner) => owner.name === name) ?? false;
    return items.filter(isOwned).length;
  };
  const recordOf = async (name: string): Promise<string | undefined> => {
    const vm = await client.find(virtualMachines, { namespace: "default", name });
    return vm?.metadata.annotations?.[specAnnotation];
  };
  /** The networks of the VM's pods, and the grace period that `gracePeriod` writes. */
  const templateOf = async (name: string) => {
    const { spec } = await client.get(virtualMachines, { namespace: "default", name });
    return spec.template.spec as {
      readonly networks?: unknown;
      readonly terminationGracePeriodSeconds?: number;
    };
  };

  it("changes nothing if the VM no longer has the version that the call names, and removes what it created", async ({
    expect,
  }) => {
    const { etag } = await apply({ spec: spec("by-version", 11) });
    const others = appliedBefore("by-version", 13);
    const late = apply({ spec: spec("by-version", 12), etag }, interrupted(others));
    await expect(late).rejects.toThrow(VersionMismatch);
    expect(await recordOf("by-version")).toContain('"vlanId":13');
    const { plan } = await apply({ spec: spec("by-version", 12), validateOnly: true });
    expect(plan?.objects[0]).toMatchObject({ kind: "NetworkAttachmentDefinition", action: "create" });
  });

  it.for([
    ["a label", label],
    ["a field that is not multinic's", gracePeriod],
  ] as const)(
    "goes on when only %s of the version that it named has changed",
    async ([, edit], { expect }) => {
      const name = `by-version-${edit.name.toLowerCase()}`;
      const { etag } = await apply({ spec: spec(name, 13) });
      const applied = await apply({ spec: spec(name, 14), etag }, interrupted(edit(name)));
      expect(applied.written).toBe(true);
      expect(await recordOf(name)).toContain('"vlanId":14');
    },
  );

  it("says that the VM is gone, and leaves nothing that it made", async ({ expect }) => {
    const { etag } = await apply({ spec: spec("by-gone", 15) });
    const before = await nadNames();
    const late = apply({ spec: spec("by-gone", 16), etag }, interrupted(deleted("by-gone")));
    await expect(late).rejects.toMatchObject({ name: "ObjectNotFound", subject: { name: "by-gone" } });
    await expect(apply({ spec: spec("by-gone", 16), etag })).rejects.toThrow(ObjectNotFound);
    expect(await recordOf("by-gone")).toBeUndefined();
    expect((await nadNames()).filter((nad) => !before.includes(nad))).toEqual([]);
  });

  it("creates nothing when the VM has come into being since, and leaves the other's objects as they are", async ({
    expect,
  }) => {
    const rival = (): Promise<unknown> => applyElsewhere({ spec: spec("by-rival", 17), createOnly: true });
    const late = apply({ spec: spec("by-rival", 18), createOnly: true }, interrupted(rival));
    await expect(late).rejects.toThrow();
    const repeated = apply({ spec: spec("by-rival", 18), createOnly: true });
    await expect(repeated).rejects.toMatchObject({ name: "ObjectExists", subject: { name: "by-rival" } });
    expect(await recordOf("by-rival")).toContain('"vlanId":17');
    expect((await apply({ spec: spec("by-rival", 17), validateOnly: true })).written).toBe(false);
    expect(isUnchanged((await apply({ spec: spec("by-rival", 17), validateOnly: true })).plan!)).toBe(true);
  });

  it("creates a NAD again that another caller has removed in undoing its own write", async ({ expect }) => {
    let removed = false;
    const racing: KubeClient = {
      ...client,
      async apply(resource, object, options) {
        if (object.metadata.ownerReferences !== undefined && !removed) {
          removed = true;
          const { name } = object.metadata;
          await client.delete(networkAttachmentDefinitions, { namespace: "default", name });
        }
        return await client.apply(resource, object, options);
      },
    };
    await apply({ spec: spec("by-undone", 85) }, racing);
    expect(removed).toBe(true);
    expect(await nadsOwnedBy("by-undone")).toBe(1);
    const { plan } = await apply({ spec: spec("by-undone", 85), validateOnly: true });
    expect(plan && isUnchanged(plan)).toBe(true);
  });

  it("leaves a NAD that another VM has come to use", async ({ expect }) => {
    const { etag } = await apply({ spec: spec("by-sharing", 86) });
    const others = interrupted(appliedBefore("by-sharing", 88));
    const sharing = interrupted(appliedBefore("by-sharer", 87), "NetworkAttachmentDefinition", others);
    const late = apply({ spec: spec("by-sharing", 87), etag }, sharing);
    await expect(late).rejects.toThrow(VersionMismatch);
    expect(await nadsOwnedBy("by-sharer")).toBe(1);
  });

  it("keeps the user-data that another caller has applied meanwhile", async ({ expect }) => {
    await apply({ spec: spec("by-parts", 83) });
    const userData = { text: "#cloud-config\nusers: []\n" };
    const others = (): Promise<unknown> => applyElsewhere({ spec: { ...spec("by-parts", 83), userData } });
    const nic = { name: "eth0", vlanId: 83, ipConfig: { address: "192.0.2.10/24" } };
    const networks = {
      spec: { ...spec("by-parts", 83), networks: [nic] },
      updateMask: new Set(["networks"] as const),
    };
    await expect(apply(networks, interrupted(others, "Secret"))).rejects.toThrow(VersionMismatch);
    expect((await apply(networks)).written).toBe(true);
    const secret = await client.find(secrets, { namespace: "default", name: "multinic-by-parts" });
    expect(secret && secretText(secret, "userdata")).toBe(userData.text);
  });

  it("creates a VM of which an interrupted call has left the Secret", async ({ expect }) => {
    const lost = new KubeError("Unreachable", 0, "connection reset");
    const cutOff: KubeClient = {
      ...client,
      apply: (resource, object, options) =>
        object.kind === "VirtualMachine" && options.dryRun !== true
          ? Promise.reject(lost)
          : client.apply(resource, object, options),
    };
    await expect(apply({ spec: spec("by-leftover", 81), createOnly: true }, cutOff)).rejects.toThrow(lost);
    const again = { ...spec("by-leftover", 82), userData: { text: "#cloud-config\n" } };
    expect((await apply({ spec: again, createOnly: true })).written).toBe(true);
  });

  it("changes nothing if the VM has changed since the plan that the call names", async ({ expect }) => {
    await apply({ spec: spec("by-plan", 21) });
    const wanted = spec("by-plan", 22);
    const planned = await apply({ spec: wanted, validateOnly: true });
    const before = { nads: await nadNames(), template: await templateOf("by-plan") };
    const late = apply(
      { spec: wanted, planFingerprint: planned.plan?.fingerprint },
      interrupted(gracePeriod("by-plan")),
    );
    await expect(late).rejects.toThrow(VersionMismatch);
    expect(await nadNames()).toEqual(before.nads);
    expect(await recordOf("by-plan")).toContain('"vlanId":21');
    expect(await templateOf("by-plan")).toEqual({ ...before.template, terminationGracePeriodSeconds: 7 });
  });

  it("reports both why it stopped and which of its new objects it could not remove", async ({ expect }) => {
    const { etag } = await apply({ spec: spec("by-undo", 51) });
    const unreachable = new KubeError("Unreachable", 0, "connection refused");
    const late = apply(
      { spec: spec("by-undo", 52), etag },
      { ...interrupted(appliedBefore("by-undo", 53)), delete: () => Promise.reject(unreachable) },
    );
    await expect(late).rejects.toThrow(VersionMismatch);
    await expect(late).rejects.toMatchObject({
      message: expect.stringMatching(
        /NetworkAttachmentDefinition default\/multinic-bridge-\w+ was created and could not be removed/,
      ) as string,
      cause: { errors: [unreachable] },
    });
  });

  it("reports a field that another manager took after the dry run as the dry run would, and removes what it created", async ({
    expect,
  }) => {
    await apply({ spec: spec("by-owner", 61) });
    const taken = (): Promise<unknown> => {
      const identity = { apiVersion: "kubevirt.io/v1", kind: "VirtualMachine" } as const;
      const metadata = { namespace: "default", name: "by-owner" };
      const theirs = { ...identity, metadata, spec: { runStrategy: "Manual" } } as VirtualMachine;
      return client.apply(virtualMachines, theirs, { fieldManager: "argo", force: true });
    };
    const before = await nadNames();
    const atTheWrite = apply({ spec: spec("by-owner", 62) }, interrupted(taken));
    const owned = {
      name: "PreconditionFailed",
      reason: "FIELD_OWNED_BY_OTHER_MANAGER",
      subject: { kind: "VirtualMachine", namespace: "default", name: "by-owner" },
      ownedFields: [{ manager: "argo", field: ".spec.runStrategy" }],
      message: expect.stringContaining("argo") as string,
    };
    await expect(atTheWrite).rejects.toMatchObject(owned);
    await expect(apply({ spec: spec("by-owner", 62) })).rejects.toMatchObject(owned);
    expect(await nadNames()).toEqual(before);
    expect(await recordOf("by-owner")).toContain('"vlanId":61');
  });

  it("succeeds if the other write does not touch the plan", async ({ expect }) => {
    await apply({ spec: spec("by-label", 31) });
    const wanted = spec("by-label", 32);
    const planned = await apply({ spec: wanted, validateOnly: true });
    const fingerprint = { planFingerprint: planned.plan?.fingerprint };
    const applied = await apply({ spec: wanted, ...fingerprint }, interrupted(label("by-label")));
    expect(applied.written).toBe(true);
    expect(await recordOf("by-label")).toContain('"vlanId":32');
    const vm = await client.get(virtualMachines, { namespace: "default", name: "by-label" });
    expect(vm.metadata.labels).toMatchObject({ seen: "yes" });
  });

  it("succeeds if the call names neither a version nor a plan", async ({ expect }) => {
    await apply({ spec: spec("free", 41) });
    const applied = await apply({ spec: spec("free", 42) }, interrupted(gracePeriod("free")));
    expect(applied.written).toBe(true);
    expect(await recordOf("free")).toContain('"vlanId":42');
    expect(await templateOf("free")).toMatchObject({ terminationGracePeriodSeconds: 7 });
    expect(await nadsOwnedBy("free")).toBe(1);
  });
});
