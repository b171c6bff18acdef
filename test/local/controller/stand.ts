// An embedded API with the controller and the test node, and functions that read it and wait for it.
import type { VirtualMachine } from "../../../src/domain/objects/kubernetes.ts";
import { connectKube } from "../../../src/kube/connection/connect.ts";
import { isKubeError } from "../../../src/kube/errors.ts";
import type { FullKubeClient, ObjectRef } from "../../../src/kube/kube-client.ts";
import { networkAttachmentDefinitions } from "../../../src/kube/resource.ts";
import { createApiServer } from "../../../src/local/api/api-server.ts";
import type { KubevirtSpec } from "../../../src/local/kubevirt/configuration.ts";
import type { ControllerDelays } from "../../../src/local/kubevirt/controller/configuration.ts";
import { startController } from "../../../src/local/kubevirt/controller/controller.ts";
import { vmis, vms, type Vm, type Vmi } from "../../../src/local/kubevirt/controller/objects.ts";
import { pods, type Pod } from "../../../src/local/kubevirt/resources.ts";
import { silentLog } from "../../support/log.ts";
import { startTestNode, type TestNodeOptions } from "./test-node.ts";

export interface StandOptions extends Omit<TestNodeOptions, "client"> {
  readonly configuration?: KubevirtSpec;
  readonly delays?: Partial<ControllerDelays>;
  /** Without a node, pods stay unscheduled. */
  readonly node?: boolean;
}

/** The objects of one VM. */
export interface Seen {
  readonly vm: Vm | undefined;
  readonly vmi: Vmi | undefined;
  readonly pods: readonly Pod[];
}

export interface Stand extends AsyncDisposable {
  readonly client: FullKubeClient;
  look(): Promise<Seen>;
  /** Polls until the condition holds. @throws an error with the last objects after 10 s. */
  until(condition: (seen: Seen) => boolean): Promise<Seen>;
  /** Polls any other condition. @throws after 10 s. */
  untilAsync(condition: () => Promise<boolean>): Promise<void>;
  /** Stops the controller, runs `something`, and starts a new controller. */
  without(something: () => Promise<void>): Promise<void>;
  change(edit: (spec: VirtualMachine["spec"]) => void): Promise<void>;
}

export const namespace = "default";

/** Edits the stored VM; repeats the edit when the controller wrote in between. */
export async function changeVm(
  client: FullKubeClient,
  ref: ObjectRef,
  edit: (vm: Vm) => void,
): Promise<void> {
  for (;;) {
    const vm = await client.get(vms, ref);
    edit(vm);
    try {
      await client.replace(vms, vm, { fieldManager: "test" });
      return;
    } catch (error) {
      if (!isKubeError(error, "Conflict")) throw error;
    }
  }
}

export async function startStand(options: StandOptions = {}): Promise<Stand> {
  const api = createApiServer();
  const { url } = await api.listen({ host: "127.0.0.1", port: 0 });
  const client = connectKube({ server: url });
  for (const name of ["net", "net2", "net3", "sriov"]) {
    await client.create(networkAttachmentDefinitions, {
      apiVersion: "k8s.cni.cncf.io/v1",
      kind: "NetworkAttachmentDefinition",
      metadata: { name, namespace },
      spec: { config: '{"cniVersion":"0.3.1","type":"bridge","bridge":"br1"}' },
    });
  }
  const start = (): ReturnType<typeof startController> =>
    startController({
      client,
      log: silentLog,
      clock: () => new Date(),
      configuration: options.configuration,
      delays: {
        migrationGraceMs: 20,
        reevaluateMs: 20,
        workloadUpdateMs: 20,
        startBackoffMs: 20,
        ...options.delays,
      },
    });
  let controller = start();
  const node = options.node === false ? undefined : startTestNode({ client, ...options });

  async function look(): Promise<Seen> {
    const [vm, vmi, list] = await Promise.all([
      client.find(vms, { namespace, name: "vm" }),
      client.find(vmis, { namespace, name: "vm" }),
      client.list(pods, { namespace }),
    ]);
    return { vm, vmi, pods: list.items };
  }

  return {
    client,
    look,
    async until(condition) {
      const deadline = Date.now() + 10_000;
      for (;;) {
        const seen = await look();
        if (condition(seen)) return seen;
        if (Date.now() > deadline)
          throw new Error(`the condition did not hold: ${JSON.stringify(seen, undefined, 1)}`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    async untilAsync(condition) {
      const deadline = Date.now() + 10_000;
      while (!(await condition())) {
        if (Date.now() > deadline) throw new Error("the condition did not hold");
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    async without(something) {
      await controller.stop();
      await something();
      controller = start();
    },
    async change(edit) {
      await changeVm(client, { namespace, name: "vm" }, ({ spec }) => edit(spec));
    },
    async [Symbol.asyncDispose]() {
      await node?.stop();
      await controller.stop();
      await client.close();
      await api.close();
    },
  };
}
