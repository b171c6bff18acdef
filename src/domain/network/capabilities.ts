// What a cluster supports for NICs, with evidence from the KubeVirt resource and the catalogue.
import { type Catalogue, defaultPhysicalNetwork } from "../catalogue.ts";
import { carrierOf } from "./carriers/carriers.ts";
import type { Evidence } from "../evidence.ts";
import type { KubeVirt } from "../objects/kubernetes.ts";
import { networkTypes } from "../spec.ts";

export interface Capability {
  /** Lower case with hyphens; stable. */
  readonly name: string;
  /** undefined: not known. */
  readonly available: boolean | undefined;
  /** What was read; empty if nothing had to be. */
  readonly evidence: readonly Evidence[];
  /** The state as text, with what follows from it. */
  readonly message: string;
}

/** What each capability means, by name, in the order of capabilitiesOf. */
export const capabilityTexts: Readonly<Record<string, string>> = {
  ...Object.fromEntries(networkTypes.map((type) => [`type-${type}`, `a NIC can have type \`${type}\``])),
  "link-state": "the link of a NIC can be set down and up while the VM runs",
  "nic-hotplug": "bridge and SR-IOV NICs can be added to a running VM",
  "nad-live-update": "a NIC of a running VM moves to another network by a live migration",
  "migration-on-change": "KubeVirt starts the live migrations that changes need",
};

/** `kubeVirt` undefined: it cannot be read. */
export function capabilitiesOf(catalogue: Catalogue, kubeVirt: KubeVirt | undefined): readonly Capability[] {
  return [
    ...networkTypes.map((type) => typeCapability(type, catalogue, kubeVirt)),
    ...sinceVersions.map(({ name, minor, why }) => sinceVersion(name, minor, why, kubeVirt)),
    migrationOnChange(kubeVirt),
  ];
}

const unread = {
  available: undefined,
  evidence: [{ source: "kubevirt", value: "cannot be read" }],
  message: "the KubeVirt resource cannot be read",
};

/** Features of KubeVirt that are enabled by default since a minor version of 1.x. */
const sinceVersions = [
  { name: "link-state", minor: 4, why: "interface state up and down" },
  { name: "nic-hotplug", minor: 4, why: "bridge and SR-IOV NICs" },
  { name: "nad-live-update", minor: 9, why: "gate LiveUpdateNADRef, on by default" },
] as const;

function typeCapability(
  type: (typeof networkTypes)[number],
  catalogue: Catalogue,
  kubeVirt: KubeVirt | undefined,
): Capability {
  const name = `type-${type}`;
  if (type === "pod") {
    return { name, available: true, evidence: [], message: "every cluster has a pod network" };
  }
  const network = defaultPhysicalNetwork(catalogue, type);
  if (network === undefined) {
    const message = "the catalogue has no default physical network of this type";
    const evidence = [{ source: "catalogue.physicalNetworks", value: `no default of type ${type}` }];
    return { name, available: false, evidence, message };
  }
  const configured = `physical network ${network.name}`;
  const inCatalogue = { source: "catalogue.physicalNetworks", value: network.name };
  const binding = carrierOf(network).binding(network);
  if (binding.kind !== "plugin") {
    return { name, available: true, evidence: [inCatalogue], message: configured };
  }
  if (kubeVirt === undefined) return { name, ...unread };
  const registered = kubeVirt.spec?.configuration?.network?.binding?.[binding.name] !== undefined;
  const inKubeVirt = {
    source: `kubevirt.spec.configuration.network.binding[${binding.name}]`,
    value: registered ? "present" : "absent",
  };
  return {
    name,
    available: registered,
    evidence: [inCatalogue, inKubeVirt],
    message: registered
      ? `${configured} and binding plugin ${binding.name}`
      : `KubeVirt has no binding plugin ${binding.name}`,
  };
}

function sinceVersion(name: string, minor: number, why: string, kubeVirt: KubeVirt | undefined): Capability {
  const version = kubeVirt?.status?.observedKubeVirtVersion;
  const evidence = [{ source: "kubevirt.status.observedKubeVirtVersion", value: version ?? "absent" }];
  const has = minorOf(version);
  if (has === undefined)
    return { name, available: undefined, evidence, message: "KubeVirt's version is not known" };
  const message = `KubeVirt ${version}; since 1.${minor}: ${why}`;
  return { name, available: has >= minor, evidence, message };
}

/** 9 for v1.9.0; versions from 2 on are newer than all of 1. */
function minorOf(version: string | undefined): number | undefined {
  const match = /^v?(\d+)\.(\d+)\./.exec(version ?? "");
  if (match === null) return undefined;
  return Number(match[1]) > 1 ? Number.MAX_SAFE_INTEGER : Number(match[2]);
}

function migrationOnChange(kubeVirt: KubeVirt | undefined): Capability {
  const name = "migration-on-change";
  if (kubeVirt === undefined) return { name, ...unread };
  const methods = kubeVirt.spec?.workloadUpdateStrategy?.workloadUpdateMethods ?? [];
  const available = methods.includes("LiveMigrate");
  const listed = methods.join(", ");
  return {
    name,
    available,
    evidence: [{ source: "kubevirt.spec.workloadUpdateStrategy.workloadUpdateMethods", value: listed }],
    message: `workloadUpdateStrategy.workloadUpdateMethods is [${listed}]${
      available ? "" : "; without LiveMigrate, changes by live migration wait until someone migrates the VM"
    }`,
  };
}
