// An apply that names a version or a plan gets exactly that or nothing, whoever writes while it is under way.
import { afterAll, beforeAll, describe, it } from "vitest";
import { applyVm, type ApplyRequest, type ApplyResult } from "../../src/app/apply/apply-vm.ts";
import {
  type ClusterView,
  startClusterView,
  stopClusterView,
  whenSynced,
} from "../../src/app/cluster-view.ts";
import { VersionMismatch } from "../../src/app/errors.ts";
import { builtInCatalogue } from "../../src/domain/catalogue.ts";
import type { VmSpec } from "../../src/domain/spec.ts";
import { connectKube } from "../../src/kube/connection/connect.ts";
import type { FullKubeClient, KubeClient } from "../../src/kube/kube-client.ts";
import { networkAttachmentDefinitions, virtualMachines } from "../../src/kube/resource.ts";
import { createApiServer } from "../../src/local/api/api-server.ts";

const silent = (): void => undefined;
const log = { info: silent, warn: silent, error: silent };

describe("an apply while somebody else writes", () => {
  const server = createApiServer();
  let client: FullKubeClient;
  let view: ClusterView;
  beforeAll(async () => {
    const { url } = await server.listen({ host: "127.0.0.1", port: 0 });
    client = connectKube({ server: url });
    view = startClusterView(client, { log, now: () => performance.now() });
    await whenSynced(view);
  });
  afterAll(async () => {
    await stopClusterView(view);
    await client.close();
    await server.close();
  });

  const spec = (name: string, vlanId: number): VmSpec => ({
    namespace: "default",
    name,
    runStrategy: "Halted",
    networks: [{ name: "eth0", vlanId }],
  });

  /** `write` happens once, right before the VM itself is written. */
  function interrupted(write: () => Promise<unknown>): KubeClient {
    let done = false;
    return {
      ...client,
      async apply(resource, object, options) {
        if (object.kind === "VirtualMachine" && options.dryRun !== true && !done) {
          done = true;
          await write();
        }
        return await client.apply(resource, object, options);
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
  const moreMemory = (name: string) => (): Promise<unknown> =>
    client.mergePatch(
      virtualMachines,
      { namespace: "default", name },
      { spec: { template: { spec: { terminationGracePeriodSeconds: 7 } } } },
    );
  const vlanNads = async (name: string): Promise<number> => {
    const { items } = await client.list(networkAttachmentDefinitions, { namespace: "default" });
    return items.filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.name === name))
      .length;
  };

  it("changes nothing when it named a version that is gone, and leaves nothing that it made", async ({
    expect,
  }) => {
    const { etag } = await apply({ spec: spec("by-version", 11) });
    const before = await client.list(networkAttachmentDefinitions, { namespace: "default" });
    const late = apply({ spec: spec("by-version", 12), etag }, interrupted(label("by-version")));
    await expect(late).rejects.toThrow(VersionMismatch);
    const after = await client.list(networkAttachmentDefinitions, { namespace: "default" });
    expect(after.items.map(({ metadata }) => metadata.name)).toEqual(
      before.items.map(({ metadata }) => metadata.name),
    );
    const vm = await client.get(virtualMachines, { namespace: "default", name: "by-version" });
    expect(vm.metadata.annotations?.["multinic.novasphere.dev/spec"]).toContain('"vlanId":11');
  });

  it("changes nothing when the VM is not the one of the plan that it named", async ({ expect }) => {
    await apply({ spec: spec("by-plan", 21) });
    const wanted = spec("by-plan", 22);
    const planned = await apply({ spec: wanted, validateOnly: true });
    const late = apply(
      { spec: wanted, planFingerprint: planned.plan?.fingerprint },
      interrupted(moreMemory("by-plan")),
    );
    await expect(late).rejects.toThrow(VersionMismatch);
  });

  it("goes on when what was written is no part of the plan", async ({ expect }) => {
    await apply({ spec: spec("by-label", 31) });
    const wanted = spec("by-label", 32);
    const planned = await apply({ spec: wanted, validateOnly: true });
    const fingerprint = { planFingerprint: planned.plan?.fingerprint };
    const applied = await apply({ spec: wanted, ...fingerprint }, interrupted(label("by-label")));
    expect(applied.written).toBe(true);
  });

  it("goes on without a lock when nothing was named", async ({ expect }) => {
    await apply({ spec: spec("free", 41) });
    const applied = await apply({ spec: spec("free", 42) }, interrupted(moreMemory("free")));
    expect(applied.written).toBe(true);
    expect(await vlanNads("free")).toBe(1);
  });
});
