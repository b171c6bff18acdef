// What a refused call says about the object and the field, and which calls may be repeated.
import { Code, createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, it } from "vitest";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  PreconditionFailureSchema,
} from "../../gen/google/rpc/error_details_pb.ts";
import { InterfaceStatusService } from "../../gen/multinic/v1/interface_status_service_pb.ts";
import { NetworkService } from "../../gen/multinic/v1/network_service_pb.ts";
import { RunStrategy } from "../../gen/multinic/v1/virtual_machine_pb.ts";
import { VirtualMachineService } from "../../gen/multinic/v1/virtual_machine_service_pb.ts";
import type { VirtualMachine } from "../../src/domain/objects/kubernetes.ts";
import { virtualMachines } from "../../src/kube/resource.ts";
import { transports } from "../api/transport/serving.ts";
import { startRunningService, type RunningService } from "../serve/running-service.ts";
import { refusalOf } from "./refusal.ts";

const namespace = "refusals";
const vmOf = (name: string) => ({
  namespace,
  name,
  runStrategy: RunStrategy.HALTED,
  networks: [{ name: "eth0", vlanId: 100 }],
});

let running: RunningService;
beforeAll(async () => {
  running = await startRunningService();
  await running.namespace(namespace);
});
afterAll(async () => await running.stop());

const protocols = Object.entries(transports);

describe("a page size below 0", () => {
  it.for(protocols)("is refused by every list: %s", async ([, transport], { expect }) => {
    const over = transport(running.url);
    const page = { namespaces: [namespace], pageSize: -5 };
    const lists = [
      createClient(VirtualMachineService, over).listVMs(page),
      createClient(NetworkService, over).listNetworks({ namespace, pageSize: -5 }),
      createClient(InterfaceStatusService, over).listInterfaceStatus(page),
    ];
    for (const error of await Promise.all(lists.map(refusalOf))) {
      expect(error.code).toBe(Code.InvalidArgument);
      expect(error.findDetails(ErrorInfoSchema)[0]?.reason).toBe("PAGE_SIZE");
      expect(error.findDetails(BadRequestSchema)[0]?.fieldViolations).toMatchObject([{ field: "pageSize" }]);
    }
  });
});

describe("fields that another manager owns", () => {
  it.for(protocols)("are named with their manager: %s", async ([protocol, transport], { expect }) => {
    const name = `owned-${protocols.findIndex(([other]) => other === protocol)}`;
    const vms = createClient(VirtualMachineService, transport(running.url));
    await vms.applyVM({ virtualMachine: vmOf(name) });
    const theirs = {
      apiVersion: "kubevirt.io/v1",
      kind: "VirtualMachine",
      metadata: { namespace, name },
      spec: {
        runStrategy: "Manual",
        template: { spec: { domain: { cpu: { cores: 7 }, devices: {} } } },
      },
    } satisfies VirtualMachine;
    await running.cluster.apply(virtualMachines, theirs, { fieldManager: "virtctl", force: true });

    const error = await refusalOf(vms.applyVM({ virtualMachine: vmOf(name) }));
    expect(error.code).toBe(Code.FailedPrecondition);
    expect(error.findDetails(ErrorInfoSchema)[0]).toMatchObject({
      reason: "FIELD_OWNED_BY_OTHER_MANAGER",
      metadata: { kind: "VirtualMachine", namespace, name, manager: "virtctl", field: ".spec.runStrategy" },
    });
    const subject = `VirtualMachine ${namespace}/${name}`;
    const type = "FIELD_OWNED_BY_OTHER_MANAGER";
    expect(error.findDetails(PreconditionFailureSchema)[0]?.violations).toMatchObject([
      { type, subject, description: "virtctl owns .spec.runStrategy" },
      { type, subject, description: "virtctl owns .spec.template.spec.domain.cpu.cores" },
    ]);
  });
});

describe("DeleteVM", () => {
  it("may be repeated after a lost answer if a missing VM is allowed", async ({ expect }) => {
    const name = "repeated";
    const { etag } = await running.vms.applyVM({ virtualMachine: vmOf(name) });
    const request = { namespace, name, etag, allowMissing: true };
    expect((await running.vms.deleteVM(request)).objects).not.toEqual([]);
    await expect
      .poll(async () => await running.cluster.find(virtualMachines, { namespace, name }))
      .toBeUndefined();
    expect((await running.vms.deleteVM(request)).objects).toEqual([]);
    const error = await refusalOf(running.vms.deleteVM({ ...request, allowMissing: false }));
    expect(error.code).toBe(Code.NotFound);
    expect(error.findDetails(ErrorInfoSchema)[0]?.metadata).toEqual({
      kind: "VirtualMachine",
      namespace,
      name,
    });
  });

  it("only answers what it would delete if asked to", async ({ expect }) => {
    const name = "planned";
    await running.vms.applyVM({ virtualMachine: vmOf(name) });
    const looked = await running.vms.deleteVM({ namespace, name, validateOnly: true });
    const { metadata } = await running.cluster.get(virtualMachines, { namespace, name });
    expect(metadata.deletionTimestamp).toBeUndefined();
    expect(looked).toEqual(await running.vms.deleteVM({ namespace, name }));
  });

  it("names the VM that multinic did not create", async ({ expect }) => {
    const name = "theirs";
    const theirs: VirtualMachine = {
      apiVersion: "kubevirt.io/v1",
      kind: "VirtualMachine",
      metadata: { namespace, name },
      spec: {
        runStrategy: "Halted",
        template: { spec: { domain: { memory: { guest: "1Gi" }, devices: {} } } },
      },
    };
    await running.cluster.create(virtualMachines, theirs);
    const error = await refusalOf(running.vms.deleteVM({ namespace, name, allowMissing: true }));
    expect(error.code).toBe(Code.FailedPrecondition);
    expect(error.findDetails(ErrorInfoSchema)[0]).toMatchObject({
      reason: "VM_NOT_MANAGED",
      metadata: { kind: "VirtualMachine", namespace, name },
    });
  });
});
