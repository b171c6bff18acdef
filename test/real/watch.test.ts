// What the caches rely on, as kube-apiserver does it: initial events, metadata-only lists, and versions of the collection.
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, it } from "vitest";
import { connectKube } from "../../src/kube/connection/connect.ts";
import { loadKubeConnection } from "../../src/kube/connection/credentials.ts";
import type { FullKubeClient } from "../../src/kube/kube-client.ts";
import {
  namespaces,
  networkAttachmentDefinitions,
  secrets,
  virtualMachines,
} from "../../src/kube/resource.ts";
import { startCache } from "../../src/kube/watch/cache.ts";
import { wentBack } from "../../src/kube/watch/resource-version.ts";
import { silentLog } from "../support/log.ts";
import { namespaceOf } from "../support/objects.ts";

const namespace = `watch-${randomBytes(3).toString("hex")}`;

describe.runIf(process.env["MULTINIC_TARGET"] === "real")("kube-apiserver", { timeout: 60_000 }, () => {
  let client: FullKubeClient;
  beforeAll(async () => {
    client = connectKube(await loadKubeConnection());
    await client.create(namespaces, namespaceOf(namespace));
  });
  afterAll(async () => {
    await client.delete(namespaces, { name: namespace });
    await client.close();
  });

  const nad = (name: string, label: string) =>
    client.apply(
      networkAttachmentDefinitions,
      {
        apiVersion: "k8s.cni.cncf.io/v1",
        kind: "NetworkAttachmentDefinition",
        metadata: { namespace, name, labels: { label } },
        spec: { config: "{}" },
      },
      { fieldManager: "test" },
    );

  it("sends the present objects of a custom resource as initial events, so that no list is needed", async ({
    expect,
  }) => {
    await nad("a", "1");
    let lists = 0;
    const counting: FullKubeClient = {
      ...client,
      async listPage(resource, options) {
        lists += 1;
        return await client.listPage(resource, options);
      },
    };
    const cache = startCache(counting, networkAttachmentDefinitions, {
      namespace,
      project: ({ metadata }) => `${metadata.name}=${metadata.labels?.["label"]}`,
      log: silentLog,
      auditEveryMs: 500,
    });
    try {
      await cache.whenSynced();
      expect([...cache.values()]).toEqual(["a=1"]);
      await nad("a", "2");
      await nad("b", "1");
      await client.delete(networkAttachmentDefinitions, { namespace, name: "a" });
      await expect.poll(() => [...cache.values()]).toEqual(["b=1"]);
      await expect.poll(() => cache.health().audits).toBeGreaterThan(2);
      expect(lists).toBe(0);
      expect(cache.health()).toMatchObject({ mismatches: 0, relists: 0, reconnects: {}, failure: undefined });
    } finally {
      await cache.stop();
    }
  });

  it.for([networkAttachmentDefinitions, virtualMachines, secrets])(
    "lists the metadata of $plural alone, one object at a time, with the version of the whole store",
    async (resource, { expect }) => {
      const before = await client.listMetadataPage(resource, { limit: 1 });
      await nad("c", String(Math.random()));
      const after = await client.listMetadataPage(resource, { limit: 1 });
      expect(wentBack(after.resourceVersion, before.resourceVersion)).toBe(true);
      expect(wentBack(before.resourceVersion, after.resourceVersion)).toBe(false);
      for (const item of after.items) {
        expect(Object.keys(item).toSorted()).toEqual(["apiVersion", "kind", "metadata"]);
      }
    },
  );
});
