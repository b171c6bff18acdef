// Resolves the MAC address of every NIC: from the input, else from the VM, else derived. Derived addresses are unique.
import type { Facts } from "../facts.ts";
import { finding, type Finding } from "../findings.ts";
import { deriveMac, normaliseMac } from "../mac.ts";
import type { VmSpec } from "../spec.ts";

export interface ResolvedMac {
  readonly mac: string;
  readonly given: boolean;
}

/** One address per NIC, in order. A NIC keeps its address in the VM, because the guest's configuration matches by it. */
export function resolveMacs(
  spec: VmSpec,
  facts: Facts,
): { readonly macs: readonly ResolvedMac[]; readonly findings: readonly Finding[] } {
  const findings: Finding[] = [];
  const given = spec.networks.map(({ macAddress }, index) => {
    if (macAddress === undefined) return undefined;
    const mac = normaliseMac(macAddress);
    if (mac === undefined) {
      findings.push(finding("MAC_INVALID", `networks[${index}].macAddress`, { given: macAddress }));
    }
    return mac;
  });
  const interfaces = facts.vm?.spec.template.spec.domain.devices.interfaces ?? [];
  const running = new Map(facts.vmi?.status?.interfaces?.map(({ name, mac }) => [name, mac]));
  // A VM that multinic did not create may have no addresses; then KubeVirt generates new ones at each start.
  const written = new Map(
    interfaces.map(({ name, macAddress }) => [name, normaliseMac(macAddress ?? running.get(name) ?? "")]),
  );
  const ours = new Set(given.filter((mac) => mac !== undefined));
  // In the whole cluster, because a NIC may be moved to another network.
  const isTaken = (mac: string): boolean =>
    ours.has(mac) ||
    (facts.macsInUse?.get(mac) ?? []).some(
      ({ namespace, vm }) => namespace !== spec.namespace || vm !== spec.name,
    );
  const macs = spec.networks.map(({ name }, index) => {
    const asGiven = given[index];
    if (asGiven !== undefined) return { mac: asGiven, given: true };
    const kept = written.get(name);
    const mac = kept ?? deriveMac({ namespace: spec.namespace, vm: spec.name, nic: name }, isTaken);
    ours.add(mac);
    return { mac, given: false };
  });
  return { macs, findings };
}
