// The controller together with KubeVirt's admission and two simulated nodes.
import { afterEach, beforeEach, describe, it } from "vitest";
import { connectKube } from "../../../src/kube/connection/connect.ts";
import type { FullKubeClient } from "../../../src/kube/kube-client.ts";
import { networkAttachmentDefinitions } from "../../../src/kube/resource.ts";
import { createApiServer } from "../../../src/local/api/api-server.ts";
import { createKubevirtAdmission } from "../../../src/local/kubevirt/admission/kubevirt-admission.ts";
import { findCondition } from "../../../src/domain/objects/conditions.ts";
import { startController } from "../../../src/local/kubevirt/controller/controller.ts";
import { vmis, vms, type Vm, type Vmi } from "../../../src/local/kubevirt/controller/objects.ts";
import { createMachines } from "../../../src/local/kubevirt/node/machines.ts";
import { startNode } from "../../../src/local/kubevirt/node/node.ts";
import { pods } from "../../../src/local/kubevirt/resources.ts";
import { add, bridgeNic, machine, podNic, state, type Edit } from "./machines.ts";
import { silentLog } from "../../support/log.ts";
import { changeVm, namespace } from "./stand.ts";

const ref = { namespace, name: "vm" };
const clock = (): Date => new Date();

describe("admission, controller and two nodes together", () => {
  let client: FullKubeClient;
  let stack: AsyncDisposableStack;

  beforeEach(async () => {
    stack = new AsyncDisposableStack();
    const api = createApiServer({ admission: [createKubevirtAdmission(() => ({}))] });
    const { url } = await api.listen({ host: "127.0.0.1", port: 0 });
    stack.defer(async () => await api.close());
    client = connectKube({ server: url });
    stack.defer(async () => await client.close());
    for (const name of ["net", "net2"]) {
      await client.create(networkAttachmentDefinitions, {
        apiVersion: "k8s.cni.cncf.io/v1",
        kind: "NetworkAttachmentDefinition",
        metadata: { name, namespace },
        spec: { config: JSON.stringify({ cniVersion: "0.3.1", name, type: "bridge", bridge: "br1" }) },
      });
    }
    const controller = startController({
      client,
      log: silentLog,
      clock,
      configuration: { workloadUpdateStrategy: { workloadUpdateMethods: ["LiveMigrate"] } },
      delays: { migrationGraceMs: 50, reevaluateMs: 20, workloadUpdateMs: 20 },
    });
    stack.defer(async () => await controller.stop());
    const machines = createMachines();
    for (const nodeName of ["node-1", "node-2"]) {
      const metricsListen = { host: "127.0.0.1", port: 0 };
      const node = await startNode({ client, nodeName, log: silentLog, clock, machines, metricsListen });
      stack.defer(async () => await node.stop());
    }
  });

  afterEach(async () => {
    await stack.disposeAsync();
  });

  async function until(
    condition: (vm: Vm | undefined, vmi: Vmi | undefined) => boolean,
  ): Promise<Vmi | undefined> {
    const deadline = Date.now() + 15_000;
    for (;;) {
      const [vm, vmi] = await Promise.all([client.find(vms, ref), client.find(vmis, ref)]);
      if (condition(vm, vmi)) return vmi;
      if (Date.now() > deadline)
        throw new Error(`the condition did not hold: ${JSON.stringify({ vm, vmi }, undefined, 1)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async function change(edit: Edit): Promise<void> {
    await changeVm(client, ref, ({ spec }) => edit(spec));
  }

  const reported = (vmi: Vmi | undefined, name: string): string =>
    vmi?.status?.interfaces?.find((nic) => nic.name === name)?.infoSource ?? "";

  it("run a VM, plug and unplug NICs by migration, and delete the VM", async ({ expect }) => {
    await client.create(vms, machine([podNic(), bridgeNic("a", "net", { macAddress: "02:11:22:33:44:5a" })]));
    const first = await until(
      (vm, vmi) => vm?.status?.printableStatus === "Running" && reported(vmi, "a").includes("domain"),
    );
    expect(reported(first, "a")).toContain("multus-status");

    await change(add(bridgeNic("b", "net2", { macAddress: "02:11:22:33:44:5b" })));
    const second = await until((vm, vmi) => {
      const asked = findCondition(vmi?.status?.conditions, "MigrationRequired") !== undefined;
      return !asked && reported(vmi, "b").includes("domain") && vm?.status?.printableStatus === "Running";
    });
    expect(second?.metadata.uid).toBe(first?.metadata.uid);
    expect(second?.status?.nodeName).not.toBe(first?.status?.nodeName);

    await change(state("a", "down"));
    await until((_, vmi) => vmi?.status?.interfaces?.find(({ name }) => name === "a")?.linkState === "down");

    await change(state("b", "absent"));
    await until(
      (vm) => vm?.spec.template.spec.domain.devices.interfaces?.every(({ name }) => name !== "b") === true,
    );

    await client.delete(vms, ref);
    await until((vm, vmi) => vm === undefined && vmi === undefined);
    expect((await client.list(pods, { namespace })).items).toEqual([]);
  });
});
