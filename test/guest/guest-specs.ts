// VMs whose guest configuration is checked by programs: generated ones, and rare ones that are listed.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { sample } from "fast-check";
import { builtInCatalogue } from "../../src/domain/catalogue.ts";
import { checkVm } from "../../src/domain/validate/check-vm.ts";
import { compileVm } from "../../src/domain/compile/compile.ts";
import { readDocument } from "../../src/domain/document/read-document.ts";
import { noFacts } from "../../src/domain/facts.ts";
import { hasErrors } from "../../src/domain/findings.ts";
import type { Nic } from "../../src/domain/nic.ts";
import type { NetworkConfig, VmSpec } from "../../src/domain/spec.ts";
import { arbitrarySpec } from "../domain/arbitrary-spec.ts";
import { vmSpec } from "../domain/specs.ts";

export interface GuestCase {
  readonly spec: VmSpec;
  readonly nics: readonly Nic[];
  /** The compiled Secret. */
  readonly data: Readonly<Record<string, string>>;
}

/** The case of a spec; undefined for one that is refused. */
export function guestCase(spec: VmSpec): GuestCase | undefined {
  const { vm, findings } = checkVm(spec, builtInCatalogue(), noFacts);
  if (hasErrors(findings)) return undefined;
  return { spec, nics: vm.nics, data: compileVm(spec, vm).secret.stringData };
}

const bothFamilies = { address: "192.0.2.10/24", addresses: ["2001:db8::10/64"] };

/** One NIC each. */
const rare: readonly Omit<NetworkConfig, "name">[] = [
  {
    ipConfig: {
      address: "2001:db8::10/64",
      gateway: "2001:db8::1",
      dnsServers: ["2001:db8::53", "192.0.2.53"],
      searchDomains: ["example.org"],
    },
    routes: [{ destination: "2001:db8:9::/48", gateway: "2001:db8::2", metric: 7 }],
  },
  {
    ipConfig: { ...bothFamilies, gateway: "2001:db8::1", dnsServers: ["2001:db8::53"] },
    routes: [
      { destination: "2001:db8:9::/48", gateway: "2001:db8::2", metric: 7 },
      { destination: "198.51.100.0/24", gateway: "192.0.2.2" },
    ],
  },
  {
    ipConfig: { ...bothFamilies, gateway: "192.0.2.1", dnsServers: ["192.0.2.53", "2001:db8::53"] },
    routes: [{ destination: "2001:db8:9::/48", gateway: "2001:db8::2" }],
  },
  {
    ipConfig: { ...bothFamilies, gateway: "192.0.2.1" },
    routes: [{ destination: "::/0", gateway: "2001:db8::2" }],
  },
  {
    ipConfig: { ...bothFamilies, gateway: "2001:db8::1" },
    routes: [{ destination: "0.0.0.0/0", gateway: "192.0.2.2" }],
  },
  {
    ipConfig: {
      mode: "dhcp",
      dnsServers: ["2001:db8::53", "192.0.2.53"],
      searchDomains: ["example.org"],
      defaultRoute: "never",
    },
  },
  { ipConfig: { address: "192.0.2.10/24", dnsServers: ["2001:db8::53"] }, mtu: 1280 },
];

const examples = new URL("../../examples/", import.meta.url).pathname;

/** The specs of the examples that make sense without a cluster. */
function exampleSpecs(): readonly VmSpec[] {
  return ["3.2-three-networks.yaml", "6.1-basic.yaml", "6.2-routes.yaml", "6.3-multi-vlan.yaml"].map(
    (name) => {
      const { spec } = readDocument(readFileSync(join(examples, name), "utf8"), { namespace: "shop" });
      if (spec === undefined) throw new Error(`examples/${name} cannot be read`);
      return spec;
    },
  );
}

/** At least 100 generated VMs, the examples and the rare ones; always the same for one seed. */
export function guestCases(seed: number, generated = 200): readonly GuestCase[] {
  const accepted = sample(arbitrarySpec, { numRuns: generated * 6, seed })
    .flatMap((spec) => guestCase(spec) ?? [])
    .slice(0, generated);
  if (accepted.length < 100) throw new Error(`only ${accepted.length} of the generated specs are accepted`);
  const fixed = [...exampleSpecs(), ...rare.map((nic) => vmSpec([{ name: "eth0", ...nic }]))].map((spec) => {
    const found = guestCase(spec);
    if (found === undefined) throw new Error(`refused: ${JSON.stringify(spec)}`);
    return found;
  });
  return [...accepted, ...fixed];
}
