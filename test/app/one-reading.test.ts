// Use cases that check a spec: what they read of the cluster, and what they find in the same input.
import { afterAll, beforeAll, describe, it } from "vitest";
import { applyVm } from "../../src/app/apply/apply-vm.ts";
import {
  type ClusterView,
  startClusterView,
  stopClusterView,
  whenSynced,
} from "../../src/app/cluster-view.ts";
import { validateNetworks } from "../../src/app/validate-networks.ts";
import { builtInCatalogue } from "../../src/domain/catalogue.ts";
import { finding } from "../../src/domain/findings.ts";
import type { VirtualMachine } from "../../src/domain/objects/kubernetes.ts";
import type { VmSpec } from "../../src/domain/spec.ts";
import { connectKube } from "../../src/kube/connection/connect.ts";
import type { KubeClient } from "../../src/kube/kube-client.ts";
import { networkAttachmentDefinitions, virtualMachines } from "../../src/kube/resource.ts";
import { createApiServer } from "../../src/local/api/api-server.ts";
import { nad } from "../support/objects.ts";

const silent = (): void => undefined;
const log = { info: silent, warn: silent, error: silent };

describe("a use case that checks a spec", () => {
  const server = createApiServer();
  const catalogue = builtInCatalogue();
  let client: KubeClient;
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

  it("reads each object once, even for a VM that it adopts", async ({ expect }) => {
    const namespace = "default";
    const theirs: VirtualMachine = {
      apiVersion: "kubevirt.io/v1",
      kind: "VirtualMachine",
      metadata: { namespace, name: "theirs" },
      spec: {
        runStrategy: "Halted",
        template: {
          spec: {
            domain: { devices: { interfaces: [{ name: "eth0", bridge: {} }] } },
            networks: [{ name: "eth0", multus: { networkName: "lan" } }],
          },
        },
      },
    };
    const lan = nad("default/lan", { cniVersion: "0.3.1", type: "bridge", bridge: "br9" });
    await client.create(networkAttachmentDefinitions, lan);
    await client.create(virtualMachines, theirs);
    const read: string[] = [];
    const watched: KubeClient = {
      ...client,
      find(resource, ref, options) {
        read.push(`${resource.kind} ${ref.name}`);
        return client.find(resource, ref, options);
      },
      list(resource, options) {
        read.push(`all ${resource.kind}`);
        return client.list(resource, options);
      },
    };
    const spec: VmSpec = { namespace, name: "theirs", networks: [{ name: "eth0", nadName: "lan" }] };
    const planned = await applyVm(
      { client: watched, view, catalogue },
      { spec, adopt: true, validateOnly: true },
    );
    expect(planned.plan?.objects.map(({ kind, action }) => [kind, action])).toEqual([
      ["Secret", "create"],
      ["VirtualMachine", "update"],
    ]);
    expect(read.toSorted()).toEqual([
      "Namespace default",
      "Secret multinic-theirs",
      "VirtualMachine theirs",
      "VirtualMachineInstance theirs",
      "all KubeVirt",
      "all NetworkAttachmentDefinition",
    ]);
  });

  it("finds the same in the same input, including everything that could not be read", async ({ expect }) => {
    const spec: VmSpec = {
      namespace: "default",
      name: "Web",
      networks: [{ name: "eth0", ipConfig: { mode: "static", address: "10.0.0.300/24" } }],
    };
    // The address is a consequence of what could not be read above it, the name is not.
    const unread = [finding("VALUE_UNKNOWN", "networks[0].ipConfig", { given: "9", known: "dhcp, static" })];
    const validated = await validateNetworks({ catalogue, cluster: { client, view } }, { spec, unread });
    expect(validated.findings.map(({ code, field }) => [code, field])).toEqual([
      ["VALUE_UNKNOWN", "networks[0].ipConfig"],
      ["VM_NAME_INVALID", "name"],
    ]);
    expect([validated.objects, validated.attachmentNames]).toEqual([[], []]);
    const apply = (validateOnly: boolean) =>
      applyVm({ client, view, catalogue }, { spec, unread, validateOnly });
    const planned = await apply(true);
    expect(planned.findings).toEqual(validated.findings);
    expect([planned.plan, planned.written]).toEqual([undefined, false]);
    await expect(apply(false)).rejects.toMatchObject({ name: "Refused", findings: validated.findings });
  });
});
