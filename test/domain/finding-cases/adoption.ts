// Findings on VMs that multinic did not create.
import type { SpecCase } from "./case.ts";
import type { VirtualMachine } from "../../../src/domain/objects/kubernetes.ts";
import { storedVm } from "../../support/objects.ts";
import { dhcpNic, vmSpec } from "../specs.ts";

/** A VM that multinic did not create, with 2 CPUs, 4Gi, a disk and cloud-init. */
function theirs(change: Partial<VirtualMachine["spec"]["template"]["spec"]> = {}): VirtualMachine {
  const vm = storedVm([{ name: "eth0", bridge: {} }]);
  vm.metadata.labels = { app: "web", owner: "ops" };
  const { template } = vm.spec;
  template.spec.domain.cpu = { cores: 2 };
  template.spec.domain.memory = { guest: "4Gi" };
  template.spec.domain.devices.disks = [{ name: "root" }, { name: "init" }];
  template.spec.volumes = [
    { name: "root", dataVolume: { name: "root-7" } },
    { name: "init", cloudInitNoCloud: { userData: "#cloud-config\n" } },
  ];
  Object.assign(template.spec, change);
  return vm;
}

const differs = (when: string, field: string, machine: SpecCase["spec"]): SpecCase => ({
  code: "ADOPTED_MACHINE_DIFFERS",
  when,
  spec: machine,
  facts: { vm: theirs() },
  field,
  fix: true,
});

export const adoptionCases: readonly SpecCase[] = [
  {
    code: "RECORD_UNREADABLE",
    when: "someone edited the annotation of a VM that multinic created",
    spec: vmSpec([dhcpNic]),
    facts: { vm: storedVm(), record: { problem: "it is not JSON" } },
    field: "",
  },
  differs("the request has a different number of CPUs", "cpu", vmSpec([dhcpNic], { cpu: 4 })),
  differs("the request has a different amount of memory", "memory", vmSpec([dhcpNic], { memory: "8Gi" })),
  differs(
    "the request has a different boot disk",
    "bootDisk",
    vmSpec([dhcpNic], { bootDisk: { dataVolume: "mine" } }),
  ),
  differs(
    "the request has an additional disk",
    "disks",
    vmSpec([dhcpNic], { disks: [{ dataVolume: "more" }] }),
  ),
  differs(
    "the request has different user-data",
    "userData",
    vmSpec([dhcpNic], { userData: { secretName: "mine" } }),
  ),
  differs(
    "the request has a different run strategy",
    "runStrategy",
    vmSpec([dhcpNic], { runStrategy: "Halted" }),
  ),
  differs(
    "the request has a label that the VM does not have",
    "labels",
    vmSpec([dhcpNic], { labels: { app: "web", tier: "front" } }),
  ),
  {
    code: "ADOPTED_CONFIG_DRIVE",
    when: "the VM has a config drive",
    spec: vmSpec([dhcpNic]),
    facts: {
      vm: theirs({ volumes: [{ name: "init", cloudInitConfigDrive: { userData: "#cloud-config\n" } }] }),
    },
    field: "networks",
  },
  {
    code: "ADOPTION_ADDS_CLOUD_INIT",
    when: "the VM has no cloud-init",
    spec: vmSpec([dhcpNic]),
    facts: { vm: theirs({ volumes: [] }) },
    field: "networks",
  },
  {
    code: "ADOPTION_CHANGES_GUEST",
    when: "the VM's network-config has a bond",
    spec: vmSpec([dhcpNic]),
    facts: { vm: theirs() },
    adoptionNotes: ["network-config bonds: not imported"],
    field: "networks",
  },
];

/** The machine part as it is, in other words. */
export const harmlessAdoptions: readonly SpecCase[] = [
  {
    code: "ADOPTED_MACHINE_DIFFERS",
    when: "the request has the machine fields of the VM",
    spec: vmSpec([dhcpNic], {
      cpu: 2,
      memory: "4096Mi",
      bootDisk: { dataVolume: "root-7" },
      disks: [],
      userData: { text: "#cloud-config\n" },
      runStrategy: "Always",
      labels: { app: "web" },
    }),
    facts: { vm: theirs() },
    field: "",
  },
  {
    code: "ADOPTION_ADDS_CLOUD_INIT",
    when: "the VM has cloud-init",
    spec: vmSpec([dhcpNic]),
    facts: { vm: theirs() },
    field: "",
  },
];
