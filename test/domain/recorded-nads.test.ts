// Given NADs that the real multus and CNI programs were run on (test/vectors/cni-outcomes.json): each that failed for
// a reason that can be known beforehand is found, and none that worked is refused.
import { describe, it } from "vitest";
import { indexNodes } from "../../src/domain/network/nodes.ts";
import { builtInCatalogue } from "../../src/domain/catalogue.ts";
import { checkVm } from "../../src/domain/validate/check-vm.ts";
import { typeOfPlugin } from "../../src/domain/network/carriers/carriers.ts";
import { resourceNameAnnotation } from "../../src/domain/network/cni.ts";
import { type NodeBridge, type NodeFact, noFacts } from "../../src/domain/facts.ts";
import type { Finding, FindingCode } from "../../src/domain/findings.ts";
import type { NetworkAttachmentDefinition } from "../../src/domain/objects/kubernetes.ts";
import type { NetworkConfig, NetworkType } from "../../src/domain/spec.ts";
import {
  podNamespace,
  recordedCni,
  recordedMac,
  recordedNads,
  type RecordedOutcome,
  splitNad,
} from "../recorded-cni.ts";
import { someOf } from "../support/rows.ts";

/** What the check says of those that failed. */
const foreseen = new Map<string, FindingCode>([
  ["bridge-mtu-67", "NAD_REFUSED_BY_PLUGIN"],
  ["bridge-mtu-70000", "NAD_REFUSED_BY_PLUGIN"],
  ["bridge-name-16", "NAD_REFUSED_BY_PLUGIN"],
  ["bridge-ipam", "IPAM_UNSUPPORTED"],
  ["bridge-vlan-4095", "NAD_REFUSED_BY_PLUGIN"],
  ["bridge-vlan-text", "NAD_REFUSED_BY_PLUGIN"],
  ["bridge-mac-multicast", "MAC_MULTICAST"],
  ["macvlan-mtu-9000", "BINDING_UNSUPPORTED"],
  ["macvlan-mode", "BINDING_UNSUPPORTED"],
  ["macvlan-no-parent", "BINDING_UNSUPPORTED"],
  ["macvlan-vlan-parent", "BINDING_UNSUPPORTED"],
  ["ovs-vlan-4096", "NAD_REFUSED_BY_PLUGIN"],
  ["ovs-vlan-minus", "NAD_REFUSED_BY_PLUGIN"],
  ["ovs-missing-bridge", "NODE_NETWORK_MISSING"],
  ["ovs-linux-bridge", "NODE_NETWORK_MISSING"],
  ["ovs-not-running", "NODE_NETWORK_MISSING"],
  ["macvtap", "NAD_RESOURCE_NAME_MISSING"],
  ["sriov", "NAD_RESOURCE_NAME_MISSING"],
  ["nad-missing", "NETWORK_NOT_FOUND"],
  ["nad-broken-json", "NETWORK_UNREADABLE"],
  ["nad-no-type", "NETWORK_UNREADABLE"],
  ["nad-no-version", "NAD_CNI_VERSION"],
  ["nad-bad-version", "NAD_CNI_VERSION"],
  ["nad-config-name", "NAD_REFUSED_BY_PLUGIN"],
  ["second-fails", "NAD_REFUSED_BY_PLUGIN"],
  ["second-missing", "NETWORK_NOT_FOUND"],
  ["interface-taken", "NIC_NAME_DUPLICATE"],
  ["mac-broken", "MAC_INVALID"],
]);

/** Failures that no check of this product claims to foresee. */
const unforeseen = new Map([
  ["bridge-not-a-bridge", "NMState's bridges do not show other links"],
  ["bridge-no-nft", "nothing reports which programs a node has"],
  ["bridge-vlan-100", "nothing reports what a node's kernel supports"],
  ["bridge-vlan-100-missing", "nothing reports what a node's kernel supports"],
  ["bridge-vlan-trunk", "nothing reports what a node's kernel supports"],
  ["sriov-resource", "nothing reports which plugins a node has"],
  ["ovs-resource-no-kubelet", "a node without kubelet"],
  ["nad-empty", "a warning: the node may have a file for it"],
  ["nad-no-config", "a warning: the node may have a file for it"],
  ["nad-other-namespace-isolated", "nothing reports how multus is configured"],
  ["interface-16", "KubeVirt's names of interfaces have 14 characters"],
]);

const pluginOf = (nad: NetworkAttachmentDefinition | undefined): string =>
  /"type":"(\w+)"/.exec(nad?.spec?.config ?? "")?.[1] ?? "";

function nodeOf(links: readonly string[], nads: readonly NetworkAttachmentDefinition[]): NodeFact {
  const bridges = links.map((link): NodeBridge[] => {
    const [first = "", second] = link.split(":");
    if (first === "uplink") return [];
    if (first === "ovs") return [{ kind: "ovs", name: second ?? "", mtu: undefined }];
    return [{ kind: "linux", name: first, mtu: second === undefined ? undefined : Number(second) }];
  });
  const resources = nads.map(({ metadata }) => metadata.annotations?.[resourceNameAnnotation] ?? "none");
  return {
    name: "node",
    takesVms: true,
    allocatable: Object.fromEntries(resources.map((resource) => [resource, "8"])),
    addresses: [],
    podCidrs: [],
    bridges: bridges.flat(),
  };
}

/** What the check says of a VM that asks for those networks by those NADs. */
function findingsOf(outcome: RecordedOutcome): readonly Finding[] {
  const { links = [], networks } = outcome;
  if (typeof networks === "string") throw new Error("there are no NICs in it");
  const objects = recordedNads(outcome);
  const nics = networks.map((network, index): NetworkConfig => {
    const { nad, nic: name = `nic${index}` } = network;
    const plugin = pluginOf(objects.get(splitNad(nad).join("/")));
    const type: NetworkType = plugin === "macvlan" ? "macvlan" : (typeOfPlugin(plugin) ?? "bridge");
    return { name, type, nadName: nad, macAddress: recordedMac(network, index) };
  });
  const foreign = [...objects.keys()].filter((name) => !name.startsWith(`${podNamespace}/`));
  return checkVm(
    { namespace: podNamespace, name: "vm", networks: nics },
    { ...builtInCatalogue(), sharedNads: foreign },
    { ...noFacts, nads: objects, nodes: indexNodes([nodeOf(links, [...objects.values()])]) },
  ).findings;
}

const errorsOf = (outcome: RecordedOutcome): readonly FindingCode[] =>
  findingsOf(outcome)
    .filter(({ severity }) => severity === "error")
    .map(({ code }) => code);

describe("a given NAD", () => {
  const asKubeVirtWrites = recordedCni.outcomes.filter(({ networks }) => typeof networks !== "string");
  const failed = someOf(asKubeVirtWrites.filter(({ add }) => !add.ok));
  const worked = someOf(asKubeVirtWrites.filter(({ add }) => add.ok));
  const isMacvlan = ({ nads }: RecordedOutcome): boolean => JSON.stringify(nads).includes('"type":"macvlan"');

  it.for(failed)(
    "that failed is refused if the reason can be known: $id, $description",
    (outcome, { expect }) => {
      const code = foreseen.get(outcome.id);
      const failedBy = unforeseen.get(outcome.id) ?? outcome.add.error;
      expect(errorsOf(outcome), failedBy).toEqual(code === undefined ? [] : [code]);
    },
  );

  it.for(someOf(worked.filter((outcome) => !isMacvlan(outcome))))(
    "that worked is accepted: $id, $description",
    (outcome, { expect }) => {
      expect(errorsOf(outcome)).toEqual([]);
    },
  );

  it("of type macvlan is refused, because no frame reached the VM behind it", ({ expect }) => {
    expect(recordedCni.traffic.find(({ id }) => id === "macvlan-vm")).toMatchObject({ reached: false });
    for (const outcome of someOf(worked.filter(isMacvlan)))
      expect(errorsOf(outcome)).toEqual(["BINDING_UNSUPPORTED"]);
  });

  it("is in the recording, and each failure is listed as foreseen or unforeseen", ({ expect }) => {
    expect([...foreseen.keys(), ...unforeseen.keys()].toSorted()).toEqual(
      failed.map(({ id }) => id).toSorted(),
    );
    const counts = { failed: failed.length, foreseen: foreseen.size, worked: worked.length };
    expect(counts).toEqual({ failed: 39, foreseen: 28, worked: 41 });
  });
});
