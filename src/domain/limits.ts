// How much a VM may have of what a check compares with each other, so that the time of a check is bounded.
import { finding, type Finding } from "./findings.ts";

/** Each virtio NIC and disk uses one of the 32 PCI slots of q35 (KubeVirt docs/pci-topology.md). */
export const maxDevices = 32;

/** Rules of source-based routing, which the guest's kernel tries one after another for every packet. */
export const maxRules = 4_096;

/** The part of a VM that can be of any length, in the domain and in the API. */
interface Lists {
  readonly networks: readonly NicLists[];
  readonly disks?: readonly unknown[];
}

interface NicLists {
  readonly routes?: readonly unknown[];
  readonly ipConfig?:
    | {
        readonly addresses?: readonly unknown[];
        readonly dnsServers?: readonly unknown[];
        readonly searchDomains?: readonly unknown[];
      }
    | undefined;
}

/** Of all NICs together. */
const listsOfNics = [
  { at: "routes", what: "routes", max: 1_024 },
  { at: "ipConfig.addresses", what: "addresses", max: 1_024 },
  { at: "ipConfig.dnsServers", what: "DNS servers", max: 256 },
  { at: "ipConfig.searchDomains", what: "search domains", max: 256 },
] as const;
type ListOfNic = (typeof listsOfNics)[number]["at"];

function listOf({ routes = [], ipConfig = {} }: NicLists, at: ListOfNic): readonly unknown[] {
  switch (at) {
    case "routes":
      return routes;
    case "ipConfig.addresses":
      return ipConfig.addresses ?? [];
    case "ipConfig.dnsServers":
      return ipConfig.dnsServers ?? [];
    case "ipConfig.searchDomains":
      return ipConfig.searchDomains ?? [];
  }
}

function withList<N extends NicLists>(nic: N, at: ListOfNic, list: readonly unknown[]): N {
  if (at === "routes") return { ...nic, routes: list };
  return { ...nic, ipConfig: { ...nic.ipConfig, [at.slice("ipConfig.".length)]: list } };
}

/** The VM without what is beyond a limit, and a finding LIMIT_EXCEEDED for each limit that it exceeds. */
export function withinLimits<V extends Lists>(
  vm: V,
): { readonly vm: V; readonly findings: readonly Finding[] } {
  const findings: Finding[] = [];
  const { disks = [] } = vm;
  // One more disk to boot from, and one for cloud-init.
  const devices = vm.networks.length + disks.length + 2;
  if (devices > maxDevices) {
    const what = "NICs and disks, including the boot disk and the cloud-init disk";
    findings.push(finding("LIMIT_EXCEEDED", "networks", { count: devices, what, max: maxDevices }));
  }
  let networks = vm.networks.length > maxDevices ? vm.networks.slice(0, maxDevices) : vm.networks;
  for (const { at, what, max } of listsOfNics) {
    const count = networks.reduce((sum, nic) => sum + listOf(nic, at).length, 0);
    if (count <= max) continue;
    let left = max;
    let first: number | undefined;
    networks = networks.map((nic, index) => {
      const list = listOf(nic, at);
      const kept = list.slice(0, left);
      left -= kept.length;
      if (kept.length < list.length) first ??= index;
      return kept.length < list.length ? withList(nic, at, kept) : nic;
    });
    const values = { count, what: `${what} of all NICs together`, max };
    findings.push(finding("LIMIT_EXCEEDED", `networks[${first}].${at}`, values));
  }
  if (findings.length === 0) return { vm, findings };
  return {
    vm: { ...vm, networks, ...(disks.length > maxDevices ? { disks: disks.slice(0, maxDevices) } : {}) },
    findings,
  };
}
