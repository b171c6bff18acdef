// What a cluster can do and what a VM can attach to, read from the cluster's objects.
import { describe, it } from "vitest";
import { readVm } from "../../src/domain/document/read-record.ts";
import { attachableNetworks } from "../../src/domain/network/attachable.ts";
import { capabilitiesOf, capabilityTexts } from "../../src/domain/network/capabilities.ts";
import { builtInCatalogue } from "../../src/domain/catalogue.ts";
import type { KubeVirt } from "../../src/domain/objects/kubernetes.ts";
import { managedByLabel, specAnnotation } from "../../src/domain/objects/ownership.ts";
import { nad, storedVm } from "../support/objects.ts";
import { vmSpec } from "./specs.ts";

function kubeVirt(version: string, spec: KubeVirt["spec"] = {}): KubeVirt {
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "KubeVirt",
    metadata: { name: "kubevirt", namespace: "kubevirt" },
    spec,
    status: { observedKubeVirtVersion: version },
  };
}

const available = (name: string, installation: KubeVirt | undefined, catalogue = builtInCatalogue()) =>
  capabilitiesOf(catalogue, installation).find((capability) => capability.name === name)?.available;

describe("a capability", () => {
  it.for([
    ["nad-live-update", "v1.9.0", true],
    ["nad-live-update", "v1.8.4", false],
    ["nad-live-update", "v2.0.0", true],
    ["nad-live-update", "devel", undefined],
    ["link-state", "v1.3.1", false],
    ["nic-hotplug", "v1.8.4", true],
  ] as const)("%s of KubeVirt %s is %s", ([name, version, expected], { expect }) => {
    expect(available(name, kubeVirt(version))).toBe(expected);
  });

  it("has a text in the reference, in the same order", ({ expect }) => {
    const names = capabilitiesOf(builtInCatalogue(), undefined).map(({ name }) => name);
    expect(Object.keys(capabilityTexts)).toEqual(names);
  });

  it("for type macvlan depends on the registered binding plugin", ({ expect }) => {
    const network = { binding: { macvtap: { domainAttachmentType: "tap" } } };
    expect(available("type-macvlan", kubeVirt("v1.9.0", { configuration: { network } }))).toBe(true);
    expect(available("type-macvlan", kubeVirt("v1.9.0"))).toBe(false);
    expect(available("type-macvlan", undefined)).toBeUndefined();
  });

  it("for the other types depends on the configuration", ({ expect }) => {
    expect(available("type-ovs", undefined)).toBe(true);
    expect(available("type-pod", undefined)).toBe(true);
    expect(available("type-ovs", undefined, { ...builtInCatalogue(), physicalNetworks: [] })).toBe(false);
  });

  it("to migrate on a change depends on KubeVirt's update methods", ({ expect }) => {
    const migrating = { workloadUpdateStrategy: { workloadUpdateMethods: ["LiveMigrate"] } };
    expect(available("migration-on-change", kubeVirt("v1.9.0", migrating))).toBe(true);
    expect(available("migration-on-change", kubeVirt("v1.9.0"))).toBe(false);
    expect(available("migration-on-change", undefined)).toBeUndefined();
  });

  it("always comes with evidence, except the pod network, and with a message", ({ expect }) => {
    for (const installation of [undefined, kubeVirt("v1.9.0")]) {
      const capabilities = capabilitiesOf(builtInCatalogue(), installation);
      const bare = capabilities.filter(({ evidence }) => evidence.length === 0);
      expect(bare.map(({ name }) => name)).toEqual(["type-pod"]);
      expect(capabilities.filter(({ message }) => message === "")).toEqual([]);
    }
  });

  it("names what was read, and where", ({ expect }) => {
    const capabilities = capabilitiesOf(builtInCatalogue(), kubeVirt("v1.8.4"));
    expect(capabilities.find(({ name }) => name === "type-macvlan")?.evidence).toEqual([
      { source: "catalogue.physicalNetworks", value: "macvlan" },
      { source: "kubevirt.spec.configuration.network.binding[macvtap]", value: "absent" },
    ]);
    expect(capabilities.find(({ name }) => name === "nad-live-update")?.evidence).toEqual([
      { source: "kubevirt.status.observedKubeVirtVersion", value: "v1.8.4" },
    ]);
  });
});

describe("the networks of a namespace", () => {
  const catalogue = { ...builtInCatalogue(), sharedNads: ["infra/backup"] };
  const generated = { ...nad("multinic-bridge-1", { type: "bridge" }) };
  generated.metadata = { ...generated.metadata, labels: { [managedByLabel]: "multinic" } };
  const nads = [
    nad("their-net", { type: "bridge", vlan: 7, mtu: 1400 }),
    nad("broken", "{"),
    nad("legacy", { type: "macvlan" }),
    nad("infra/backup", { type: "kube-ovn" }),
    nad("other/hidden", { type: "bridge" }),
    generated,
  ];
  const user = storedVm([{ name: "eth0", bridge: {} }]);
  user.spec.template.spec.networks = [
    { name: "eth0", multus: { networkName: "their-net" } },
    { name: "eth1", multus: { networkName: "infra/backup" } },
    { name: "eth2", pod: {} },
  ];
  user.metadata = {
    ...user.metadata,
    labels: { [managedByLabel]: "multinic" },
    annotations: { [specAnnotation]: JSON.stringify(vmSpec([{ name: "eth3", physicalNetwork: "ovs" }])) },
  };
  const networks = attachableNetworks("shop", catalogue, nads, [readVm(user)]);
  const named = (name: string) => networks.find(({ reference }) => reference.name === name);

  it("are the physical networks, its own NADs and the shared NADs", ({ expect }) => {
    expect(networks.map(({ reference }) => reference.name)).toEqual([
      "bridge",
      "macvlan",
      "sriov",
      "ovs",
      "infra/backup",
      "shop/broken",
      "shop/legacy",
      "shop/multinic-bridge-1",
      "shop/their-net",
    ]);
  });

  it("show what can attach, or why nothing can", ({ expect }) => {
    expect(named("shop/their-net")).toMatchObject({
      type: "bridge",
      vlans: [{ first: 7, last: 7 }],
      allowsUntagged: false,
      mtu: 1400,
      problem: "",
    });
    expect(named("shop/broken")?.problem).toBe("spec.config is not JSON");
    expect(named("shop/legacy")?.problem).toBe("macvlan cannot carry a VM");
    expect(named("infra/backup")).toMatchObject({ type: undefined, cniType: "kube-ovn" });
    expect(named("shop/multinic-bridge-1")?.generated).toBe(true);
  });

  it("show which VMs use them", ({ expect }) => {
    expect(named("shop/their-net")?.usedBy).toEqual(["shop/web"]);
    expect(named("infra/backup")?.usedBy).toEqual(["shop/web"]);
    expect(named("ovs")?.usedBy).toEqual(["shop/web"]);
    expect(named("bridge")?.usedBy).toEqual([]);
  });
});
