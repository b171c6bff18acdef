// Specs that tests start from: a VM with one static NIC and no findings, changed where a case needs it.
import { builtInCatalogue } from "../../src/domain/catalogue.ts";
import { checkVm } from "../../src/domain/validate/check-vm.ts";
import { type Facts, noFacts } from "../../src/domain/facts.ts";
import type { Finding } from "../../src/domain/findings.ts";
import type { NetworkConfig, VmSpec } from "../../src/domain/spec.ts";

/** eth0 on the built-in bridge, 192.0.2.10/24. */
export const staticNic: NetworkConfig = {
  name: "eth0",
  ipConfig: { mode: "static", address: "192.0.2.10/24" },
};

export const dhcpNic: NetworkConfig = { name: "eth0", ipConfig: { mode: "dhcp" } };

/** A VM `web` in namespace `shop`. */
export function vmSpec(networks: readonly NetworkConfig[], machine: Partial<VmSpec> = {}): VmSpec {
  return { namespace: "shop", name: "web", networks, ...machine };
}

export function findingsOf(spec: VmSpec, facts: Partial<Facts> = {}): readonly Finding[] {
  return checkVm(spec, builtInCatalogue(), { ...noFacts, ...facts }).findings;
}
