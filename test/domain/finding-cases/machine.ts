// Findings on the VM as a whole.
import type { VmSpec } from "../../../src/domain/spec.ts";
import { type SpecCase } from "./case.ts";
import { dhcpNic, staticNic, vmSpec } from "../specs.ts";

const reset = (when: string, field: string, was: Partial<VmSpec>): SpecCase => ({
  code: "MACHINE_RESET",
  when,
  spec: vmSpec([dhcpNic]),
  replaced: vmSpec([dhcpNic], was),
  field,
});
const resetWithFix = (...values: Parameters<typeof reset>): SpecCase => ({ ...reset(...values), fix: true });

export const machineCases: readonly SpecCase[] = [
  {
    code: "VM_NAME_INVALID",
    when: "the name has capitals",
    spec: vmSpec([dhcpNic], { name: "Web" }),
    field: "name",
  },
  {
    code: "VM_NAME_INVALID",
    when: "the name has 64 characters",
    spec: vmSpec([dhcpNic], { name: "a".repeat(64) }),
    field: "name",
  },
  {
    code: "NAMESPACE_INVALID",
    when: "the namespace has a dot",
    spec: vmSpec([dhcpNic], { namespace: "a.b" }),
    field: "namespace",
  },
  {
    code: "NAMESPACE_NOT_FOUND",
    when: "the namespace does not exist",
    spec: vmSpec([dhcpNic]),
    facts: { namespaceExists: false },
    field: "namespace",
  },
  { code: "CPU_INVALID", when: "there are no CPUs", spec: vmSpec([dhcpNic], { cpu: 0 }), field: "cpu" },
  {
    code: "MEMORY_INVALID",
    when: "memory is not a quantity",
    spec: vmSpec([dhcpNic], { memory: "4 gigs" }),
    field: "memory",
  },
  {
    code: "MEMORY_INVALID",
    when: "memory is a few bytes",
    spec: vmSpec([dhcpNic], { memory: "4" }),
    field: "memory",
  },
  {
    code: "DISK_SOURCE_INVALID",
    when: "a disk has two sources",
    spec: vmSpec([dhcpNic], { bootDisk: { containerImage: "a", dataVolume: "b" } }),
    field: "bootDisk",
  },
  {
    code: "DISK_SOURCE_INVALID",
    when: "a further disk has no source",
    spec: vmSpec([dhcpNic], { disks: [{}] }),
    field: "disks[0]",
  },
  {
    code: "DISK_NAME_INVALID",
    when: "two disks have the same name",
    spec: vmSpec([dhcpNic], { disks: [{ name: "rootdisk", dataVolume: "b" }] }),
    field: "disks[0].name",
  },
  {
    code: "DISK_NAME_INVALID",
    when: "the boot disk has the name of the cloud-init disk",
    spec: vmSpec([dhcpNic], { bootDisk: { name: "cloudinitdisk", dataVolume: "b" } }),
    field: "bootDisk.name",
  },
  {
    code: "USER_DATA_SOURCE_INVALID",
    when: "user-data has two sources",
    spec: vmSpec([dhcpNic], { userData: { text: "#cloud-config", secretName: "s" } }),
    field: "userData",
  },
  {
    code: "USER_DATA_KEEPS_FIRST_NETWORK",
    when: "the user-data does not set the update policy",
    spec: vmSpec([dhcpNic], { userData: { text: "#cloud-config\nusers: []\n" } }),
    field: "userData.text",
  },
  {
    code: "USER_DATA_KEEPS_FIRST_NETWORK",
    when: "user-data is a script",
    spec: vmSpec([dhcpNic], { userData: { text: "#!/bin/sh\n" } }),
    field: "userData.text",
  },
  {
    code: "USER_DATA_UNREAD",
    when: "user-data is in a Secret",
    spec: vmSpec([dhcpNic], { userData: { secretName: "s" } }),
    field: "userData.secretName",
  },
  {
    code: "NAME_TAKEN",
    when: "a Secret that multinic did not create has the name",
    spec: vmSpec([dhcpNic]),
    facts: { secret: { apiVersion: "v1", kind: "Secret", metadata: { name: "multinic-web" } } },
    field: "name",
  },
  { code: "NETWORKS_EMPTY", when: "there are no networks", spec: vmSpec([]), field: "networks" },
  {
    code: "LIMIT_EXCEEDED",
    when: "there are 40 NICs",
    spec: vmSpec(Array.from({ length: 40 }, (_, index) => ({ name: `eth${index}` }))),
    field: "networks",
  },
  {
    code: "USER_DATA_IGNORED",
    when: "cloud-init does not recognise the first line",
    spec: vmSpec([dhcpNic], { userData: { text: "users: []\n" } }),
    field: "userData.text",
  },
  {
    code: "USER_DATA_IGNORED",
    when: "the user-data is broken YAML",
    spec: vmSpec([dhcpNic], { userData: { text: "#cloud-config\nusers: [\n" } }),
    field: "userData.text",
  },
  {
    code: "USER_DATA_CONFIGURES_NETWORK",
    when: "the user-data contains a network-config",
    spec: vmSpec([dhcpNic], { userData: { text: "#cloud-config\nnetwork: {version: 2}\n" } }),
    field: "userData.text",
  },
  {
    code: "USER_DATA_CONFIGURES_NETWORK",
    when: "a script writes a netplan file",
    spec: vmSpec([dhcpNic], { userData: { text: "#!/bin/sh\ncp /mine /etc/netplan/60-mine.yaml\n" } }),
    field: "userData.text",
  },
  {
    code: "GUEST_CONFIG_UNREAD",
    when: "the image is a Windows image",
    spec: vmSpec([staticNic], { bootDisk: { containerImage: "registry.example/os/windows-2022:1" } }),
    field: "bootDisk.containerImage",
  },
  {
    code: "GUEST_CONFIG_UNREAD",
    when: "the user-data is for Windows",
    spec: vmSpec([staticNic], { userData: { text: "#ps1_sysnative\nGet-NetAdapter\n" } }),
    field: "userData.text",
  },
  {
    code: "LIMIT_EXCEEDED",
    when: "the user-data does not fit into a Secret",
    spec: vmSpec([dhcpNic], { userData: { text: `#cloud-config\n${"#".repeat(1_000_000)}\n` } }),
    field: "userData.text",
  },
  resetWithFix("the VM has 4 CPUs", "cpu", { cpu: 4 }),
  resetWithFix("the VM has 2Gi of memory", "memory", { memory: "2Gi" }),
  reset("the VM boots from a DataVolume", "bootDisk", { bootDisk: { dataVolume: "root-7" } }),
  reset("the VM has an additional disk", "disks", { disks: [{ dataVolume: "more" }] }),
  reset("the VM has user-data", "userData", { userData: { text: "#cloud-config\n" } }),
  reset("the VM has user-data from a Secret", "userData", { userData: { secretName: "init" } }),
  resetWithFix("the VM does not run", "runStrategy", { runStrategy: "Halted" }),
  resetWithFix("the VM has a renderer", "guest", { guest: { renderer: "netplan" } }),
  resetWithFix("the VM is configured with NMState", "guestConfig", { guestConfig: "nmstate" }),
  resetWithFix("the VM has policy routing", "routing", { routing: "policy" }),
  reset("the VM has labels", "labels", { labels: { app: "web", tier: "front" } }),
  {
    code: "LABEL_INVALID",
    when: "the key has a space",
    spec: vmSpec([dhcpNic], { labels: { "my app": "web" } }),
    field: 'labels["my app"]',
  },
  {
    code: "LABEL_INVALID",
    when: "the value has a slash",
    spec: vmSpec([dhcpNic], { labels: { tier: "front", image: "registry/web" } }),
    field: 'labels["image"]',
  },
  {
    code: "LABEL_RESERVED",
    when: "the key is one of KubeVirt's",
    spec: vmSpec([dhcpNic], { labels: { "kubevirt.io/domain": "web" } }),
    field: 'labels["kubevirt.io/domain"]',
    fix: true,
  },
  {
    code: "LABEL_RESERVED",
    when: "the label is the one by which multinic recognises its objects",
    spec: vmSpec([dhcpNic], { labels: { "app.kubernetes.io/managed-by": "helm" } }),
    field: 'labels["app.kubernetes.io/managed-by"]',
    fix: true,
  },
  {
    code: "OBJECT_NAME_INVALID",
    when: "a claim has capitals",
    spec: vmSpec([dhcpNic], { bootDisk: { persistentVolumeClaim: "Root" } }),
    field: "bootDisk.persistentVolumeClaim",
  },
  {
    code: "OBJECT_NAME_INVALID",
    when: "a further disk's DataVolume has 254 characters",
    spec: vmSpec([dhcpNic], { disks: [{ dataVolume: "a".repeat(254) }] }),
    field: "disks[0].dataVolume",
  },
  {
    code: "OBJECT_NAME_INVALID",
    when: "a Secret's name ends with a dot",
    spec: vmSpec([dhcpNic], { userData: { secretName: "init." } }),
    field: "userData.secretName",
  },
  {
    code: "LIMIT_EXCEEDED",
    when: "the spec does not fit into an annotation",
    spec: vmSpec([
      {
        ...staticNic,
        ipConfig: {
          ...staticNic.ipConfig,
          searchDomains: Array.from({ length: 256 }, () => `${"a".repeat(999)}.example`),
        },
      },
    ]),
    field: "networks",
  },
  {
    code: "LIMIT_EXCEEDED",
    when: "the name of the image does not fit into an annotation",
    spec: vmSpec([dhcpNic], { bootDisk: { containerImage: "a".repeat(210_000) } }),
    field: "bootDisk",
  },
  {
    code: "LIMIT_EXCEEDED",
    when: "two NICs have 1,200 routes together",
    spec: vmSpec(
      [0, 1].map((nic) => ({
        name: `eth${nic}`,
        ipConfig: { address: `192.0.${nic}.10/24` },
        routes: Array.from({ length: 600 }, (_, index) => ({
          destination: `10.${nic}${index >> 8}.${index & 255}.0/24`,
          gateway: `192.0.${nic}.1`,
        })),
      })),
    ),
    field: "networks[1].routes",
  },
  {
    code: "LIMIT_EXCEEDED",
    when: "a NIC has 1,100 addresses",
    spec: vmSpec([
      {
        name: "eth0",
        ipConfig: { addresses: Array.from({ length: 1_100 }, (_, i) => `10.${i >> 8}.${i & 255}.1/24`) },
      },
    ]),
    field: "networks[0].ipConfig.addresses",
  },
  {
    code: "LIMIT_EXCEEDED",
    when: "a NIC has 300 DNS servers",
    spec: vmSpec([
      {
        ...dhcpNic,
        ipConfig: { dnsServers: Array.from({ length: 300 }, (_, i) => `10.0.${i >> 8}.${i & 255}`) },
      },
    ]),
    field: "networks[0].ipConfig.dnsServers",
  },
  {
    code: "LIMIT_EXCEEDED",
    when: "a NIC has 300 search domains",
    spec: vmSpec([
      {
        ...staticNic,
        ipConfig: {
          ...staticNic.ipConfig,
          dnsServers: ["192.0.2.53"],
          searchDomains: Array.from({ length: 300 }, (_, i) => `d${i}.example`),
        },
      },
    ]),
    field: "networks[0].ipConfig.searchDomains",
  },
  {
    code: "LIMIT_EXCEEDED",
    when: "100 addresses in subnets of their own have source-based rules",
    spec: vmSpec(
      [
        {
          name: "eth0",
          ipConfig: {
            addresses: Array.from({ length: 100 }, (_, i) => `10.0.${i}.2/24`),
            gateway: "10.0.0.1",
          },
        },
      ],
      { routing: "policy", guest: { renderer: "netplan" } },
    ),
    field: "routing",
  },
  {
    code: "USER_DATA_UNCHECKED",
    when: "the user-data has more than 20,000 YAML tokens",
    spec: vmSpec([dhcpNic], { userData: { text: `#cloud-config\n${"a: 1\n".repeat(5_000)}` } }),
    field: "userData.text",
  },
];

export const harmlessLabels: readonly SpecCase[] = [
  {
    code: "LABEL_RESERVED",
    when: "the labels are those that Kubernetes recommends",
    spec: vmSpec([dhcpNic], { labels: { "app.kubernetes.io/name": "web" } }),
    field: "",
  },
  {
    code: "LABEL_INVALID",
    when: "a value is empty",
    spec: vmSpec([dhcpNic], { labels: { canary: "" } }),
    field: "",
  },
];

/** Absent fields that the VM has with their defaults, and fields that are given. */
export const harmlessResets: readonly SpecCase[] = [
  { ...reset("the VM has the defaults", "cpu", { cpu: 1, memory: "1Gi", runStrategy: "Always" }), field: "" },
  {
    code: "MACHINE_RESET",
    when: "the field changes because it is given",
    spec: vmSpec([dhcpNic], { cpu: 2 }),
    replaced: vmSpec([dhcpNic], { cpu: 4 }),
    field: "",
  },
];
