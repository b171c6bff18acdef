// The part of another owner's VM that an adoption writes: its NICs, and nothing else in the lists that contain them.
import { describe, it } from "vitest";
import { machineOf, withMachineOf } from "../../src/domain/adopt/adopted-spec.ts";
import { adoptionChanges } from "../../src/domain/adopt/adoption-changes.ts";
import { compileAdopted } from "../../src/domain/adopt/compile-adopted.ts";
import { builtInCatalogue } from "../../src/domain/catalogue.ts";
import type { CompiledVm } from "../../src/domain/compile/compile.ts";
import { type Facts, noFacts } from "../../src/domain/facts.ts";
import type { VirtualMachine } from "../../src/domain/objects/kubernetes.ts";
import { specAnnotation } from "../../src/domain/objects/ownership.ts";
import { resolveVm } from "../../src/domain/resolve/resolve-vm.ts";
import type { NetworkConfig, VmSpec } from "../../src/domain/spec.ts";
import { instanceOfWeb, storedVm } from "../support/objects.ts";
import { vmSpec } from "./specs.ts";

const mac = "02:00:5e:10:00:01";

/** Theirs: eth1 before eth0 in the networks, settings that no spec has, cloud-init among other volumes. */
function theirs(): VirtualMachine {
  const vm = storedVm([
    { name: "eth0", macAddress: mac, model: "e1000e", bootOrder: 2, pciAddress: "0000:81:00.1", bridge: {} },
    { name: "eth1", masquerade: {}, ports: [{ port: 22 }] },
  ]);
  const { template } = vm.spec;
  template.spec.networks = [
    { name: "eth1", pod: { vmNetworkCIDR: "10.9.0.0/24" } },
    { name: "eth0", multus: { networkName: "lan" } },
  ];
  template.spec.domain.devices.disks = [{ name: "root", disk: { bus: "sata" } }, { name: "init" }];
  template.spec.volumes = [
    { name: "init", cloudInitNoCloud: { userDataBase64: "I2Nsb3VkLWNvbmZpZwo=", networkDataBase64: "eA==" } },
    { name: "root", containerDisk: { image: "guest:1" } },
  ];
  return vm;
}

const networks: readonly NetworkConfig[] = [
  { name: "eth0", nadName: "lan" },
  { name: "eth1", type: "pod" },
];

function adopt(live: VirtualMachine, spec: VmSpec, facts: Partial<Facts> = {}): CompiledVm {
  const { vm } = resolveVm(withMachineOf(spec, live), builtInCatalogue(), { ...noFacts, vm: live, ...facts });
  return compileAdopted(spec, vm, live);
}

const templateOf = ({ virtualMachine }: CompiledVm) => virtualMachine.spec.template.spec;

describe("an adoption", () => {
  it("keeps what a spec cannot say about a NIC, and writes its MAC address", ({ expect }) => {
    const { domain } = templateOf(adopt(theirs(), vmSpec(networks)));
    expect(domain.devices.interfaces).toEqual([
      {
        name: "eth0",
        macAddress: mac,
        model: "e1000e",
        bootOrder: 2,
        pciAddress: "0000:81:00.1",
        bridge: {},
      },
      {
        name: "eth1",
        macAddress: expect.stringMatching(/^6e:/) as string,
        masquerade: {},
        ports: [{ port: 22 }],
      },
    ]);
  });

  it("keeps the networks as they are and in their order, new ones last", ({ expect }) => {
    const more = [{ name: "eth2", nadName: "wan" }, ...networks];
    expect(templateOf(adopt(theirs(), vmSpec(more))).networks).toEqual([
      { name: "eth1", pod: { vmNetworkCIDR: "10.9.0.0/24" } },
      { name: "eth0", multus: { networkName: "lan" } },
      { name: "eth2", multus: { networkName: "wan" } },
    ]);
  });

  it("leaves a NIC with one binding when its type changes", ({ expect }) => {
    const { domain } = templateOf(adopt(theirs(), vmSpec([{ name: "eth0", type: "sriov" }])));
    const [eth0] = domain.devices.interfaces ?? [];
    expect(eth0).toMatchObject({ sriov: {} });
    expect(eth0).not.toHaveProperty("bridge");
  });

  it("moves only the network-config, and leaves the user-data where it is", ({ expect }) => {
    const compiled = adopt(theirs(), vmSpec(networks));
    expect(templateOf(compiled).volumes).toEqual([
      {
        name: "init",
        cloudInitNoCloud: {
          userDataBase64: "I2Nsb3VkLWNvbmZpZwo=",
          networkDataSecretRef: { name: "multinic-web" },
        },
      },
      { name: "root", containerDisk: { image: "guest:1" } },
    ]);
    expect(templateOf(compiled).domain.devices).not.toHaveProperty("disks");
    expect(Object.keys(compiled.secret.stringData)).toEqual(["networkdata"]);
  });

  it("writes no field of the machine and no label, and records only the NICs", ({ expect }) => {
    const { virtualMachine } = adopt(theirs(), vmSpec(networks, { cpu: 1 }));
    expect(Object.keys(virtualMachine.spec)).toEqual(["template"]);
    expect(Object.keys(virtualMachine.spec.template.spec).toSorted()).toEqual([
      "domain",
      "networks",
      "volumes",
    ]);
    expect(Object.keys(virtualMachine.spec.template.spec.domain)).toEqual(["devices"]);
    expect(virtualMachine.metadata).not.toHaveProperty("labels");
    expect(JSON.parse(virtualMachine.metadata.annotations?.[specAnnotation] ?? "")).toEqual(vmSpec(networks));
  });

  it("keeps the MAC address of a running NIC if the VM does not set one", ({ expect }) => {
    const vmi = instanceOfWeb({ interfaces: [{ name: "eth1", mac: "02:00:5E:10:00:09" }] });
    const { domain } = templateOf(adopt(theirs(), vmSpec(networks), { vmi }));
    expect(domain.devices.interfaces?.[1]?.macAddress).toBe("02:00:5e:10:00:09");
  });

  it("reports, besides the NICs' fields, which MAC addresses are written and that the network-config moves", ({
    expect,
  }) => {
    const live = theirs();
    const { vm } = resolveVm(vmSpec(networks), builtInCatalogue(), { ...noFacts, vm: live });
    expect(adoptionChanges(live, vm, undefined)).toMatchObject([
      { path: "networks[eth1].macAddress", oldValue: "", newValue: vm.nics[1]?.mac },
      { path: "networkConfig", oldValue: "in the VM itself", newValue: "Secret multinic-web" },
    ]);
  });
});

describe("the disks", () => {
  const withoutCloudInit = (): VirtualMachine => {
    const vm = theirs();
    const { template } = vm.spec;
    template.spec.volumes = template.spec.volumes?.slice(1) ?? [];
    template.spec.domain.devices.disks = template.spec.domain.devices.disks?.slice(0, 1) ?? [];
    return vm;
  };

  it("include one for cloud-init if there was none", ({ expect }) => {
    const compiled = adopt(withoutCloudInit(), vmSpec(networks));
    expect(templateOf(compiled).domain.devices.disks).toEqual([
      { name: "root", disk: { bus: "sata" } },
      { name: "cloudinitdisk", disk: { bus: "virtio" } },
    ]);
    expect(Object.keys(compiled.secret.stringData)).toEqual(["networkdata", "userdata"]);
  });

  it("stay in every later apply, because a field that its only owner leaves out is removed", ({ expect }) => {
    const live = withoutCloudInit();
    const { domain, volumes } = templateOf(adopt(live, vmSpec(networks)));
    live.spec.template.spec.domain.devices.disks = domain.devices.disks ?? [];
    live.spec.template.spec.volumes = volumes ?? [];
    const path = ["spec", "template", "spec", "domain", "devices", "disks"];
    const fieldsV1 = path.reduceRight<object>((inner, name) => ({ [`f:${name}`]: inner }), {});
    live.metadata.managedFields = [{ manager: "multinic", operation: "Apply", fieldsV1 }];
    expect(templateOf(adopt(live, vmSpec(networks))).domain.devices.disks).toEqual(domain.devices.disks);
  });
});

describe("the machine", () => {
  it("has the name of the user-data's Secret, and the text only if it is in the VM", ({ expect }) => {
    const live = theirs();
    expect(machineOf(live).userData).toEqual({ text: "#cloud-config\n" });
    live.spec.template.spec.volumes = [
      { name: "init", cloudInitNoCloud: { secretRef: { name: "their-users" } } },
    ];
    expect(machineOf(live).userData).toEqual({ secretName: "their-users" });
  });
});
