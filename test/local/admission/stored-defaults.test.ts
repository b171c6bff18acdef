// The fields that the mutating webhook writes to a VirtualMachine.
import { describe, it } from "vitest";
import type { VirtualMachine } from "../../../src/domain/objects/kubernetes.ts";
import type { KubevirtConfiguration } from "../../../src/local/kubevirt/configuration.ts";
import { createKubevirtAdmission } from "../../../src/local/kubevirt/admission/kubevirt-admission.ts";
import { toApiObject } from "./judge.ts";

const vm: VirtualMachine = {
  apiVersion: "kubevirt.io/v1",
  kind: "VirtualMachine",
  metadata: { name: "vm", namespace: "ns" },
  spec: {
    runStrategy: "Halted",
    template: {
      spec: {
        domain: { memory: { guest: "1024Mi" }, devices: { interfaces: [{ name: "a", bridge: {} }] } },
        networks: [{ name: "a", multus: { networkName: "nad" } }],
      },
    },
  },
};

const virtualMachines = { group: "kubevirt.io", version: "v1", plural: "virtualmachines" };

function stored(
  object: VirtualMachine,
  operation: "CREATE" | "UPDATE" = "CREATE",
  configuration: KubevirtConfiguration = {},
): VirtualMachine {
  let made = 0;
  const admission = createKubevirtAdmission(
    () => configuration,
    () => `uuid-${(made += 1)}`,
  );
  const verdict = admission.mutate({
    operation,
    resource: virtualMachines,
    subresource: undefined,
    namespace: "ns",
    name: "vm",
    object: toApiObject(object),
    oldObject: operation === "UPDATE" ? toApiObject(vm) : undefined,
    dryRun: false,
  });
  if ("refusal" in verdict) throw new Error(verdict.refusal.message);
  return verdict.object as unknown as VirtualMachine;
}

describe("the mutating webhook", () => {
  it("sets firmware UUID and serial, architecture, machine type and PCI layout of a new VM", ({ expect }) => {
    const { template } = stored(vm).spec;
    expect(template.metadata?.annotations).toEqual({ "kubevirt.io/pci-topology-version": "v3" });
    expect(template.spec).toMatchObject({
      architecture: "amd64",
      domain: { firmware: { uuid: "uuid-1", serial: "uuid-2" }, machine: { type: "q35" } },
    });
  });

  it("does not change the firmware identity of an existing VM", ({ expect }) => {
    const { template } = stored(vm, "UPDATE").spec;
    expect(template.spec.domain.firmware).toBeUndefined();
    expect(template.metadata?.annotations).toBeUndefined();
    expect(template.spec.domain.machine).toEqual({ type: "q35" });
  });

  it("keeps given values", ({ expect }) => {
    const given = structuredClone(vm);
    given.spec.template.metadata = { annotations: { "kubevirt.io/pci-topology-version": "v2" } };
    given.spec.template.spec.domain.firmware = { uuid: "mine" };
    given.spec.template.spec.domain.machine = { type: "pc-q35-9.0" };
    const { template } = stored(given).spec;
    expect(template.metadata).toEqual(given.spec.template.metadata);
    expect(template.spec.domain).toMatchObject({
      firmware: { uuid: "mine", serial: "uuid-1" },
      machine: { type: "pc-q35-9.0" },
    });
  });

  it("takes the architecture from the configuration", ({ expect }) => {
    const configuration = { architectureConfiguration: { defaultArchitecture: "arm64" } };
    expect(stored(vm, "CREATE", configuration).spec.template.spec).toMatchObject({
      architecture: "arm64",
      domain: { machine: { type: "virt" } },
    });
  });

  it("writes canonical quantities", ({ expect }) => {
    expect(stored(vm).spec.template.spec.domain.memory).toEqual({ guest: "1Gi" });
  });

  it("does not add a NIC: only the VMI gets one", ({ expect }) => {
    const given = structuredClone(vm);
    given.spec.template.spec.domain.devices = {};
    delete given.spec.template.spec.networks;
    const { spec } = stored(given).spec.template;
    expect(spec.networks).toBeUndefined();
    expect(spec.domain.devices.interfaces).toBeUndefined();
  });

  it("does not change its argument", ({ expect }) => {
    const before = structuredClone(vm);
    stored(vm);
    expect(vm).toEqual(before);
  });
});

describe("writes that are not checked", () => {
  const broken = structuredClone(vm);
  delete broken.spec.template.spec.domain.devices.interfaces?.[0]?.bridge;

  it.for([
    ["of another kind", { resource: { ...virtualMachines, plural: "virtualmachineinstances" } }],
    ["of a status", { subresource: "status" }],
    ["of a VM that is being deleted", { deletionTimestamp: "2025-01-01T00:00:00Z" }],
  ] as const)("%s", ([, write], { expect }) => {
    const { deletionTimestamp, ...request } = { deletionTimestamp: undefined, ...write };
    const metadata = { ...broken.metadata, ...(deletionTimestamp !== undefined && { deletionTimestamp }) };
    const object: VirtualMachine = { ...broken, metadata };
    const admission = createKubevirtAdmission(() => ({}));
    const asked = {
      operation: "UPDATE",
      resource: virtualMachines,
      subresource: undefined,
      namespace: "ns",
      name: "vm",
      object: toApiObject(object),
      oldObject: toApiObject(broken),
      dryRun: false,
      ...request,
    } as const;
    expect(admission.mutate(asked)).toEqual({ object });
    expect(admission.validate(asked)).toBeUndefined();
  });
});

it("a changed configuration applies to the next write", ({ expect }) => {
  let configuration: KubevirtConfiguration = {};
  const admission = createKubevirtAdmission(() => configuration);
  const object = structuredClone(vm);
  object.spec.template.spec.networks = [{ name: "a", pod: {} }];
  const write = {
    operation: "CREATE",
    resource: virtualMachines,
    subresource: undefined,
    namespace: "ns",
    name: "vm",
    object: toApiObject(object),
    oldObject: undefined,
    dryRun: false,
  } as const;
  expect(admission.validate(write)).toBeUndefined();
  configuration = { network: { permitBridgeInterfaceOnPodNetwork: false } };
  expect(admission.validate(write)).toMatchObject({
    refusal: { message: "Bridge on pod network configuration is not enabled under kubevirt-config" },
  });
});
