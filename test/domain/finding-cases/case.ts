// One way to produce a finding: what test/domain/findings.test.ts runs and docs/errors.md shows.
import { inputField } from "../../../src/app/apply/refusals.ts";
import { builtInCatalogue, type Catalogue } from "../../../src/domain/catalogue.ts";
import { checkVm } from "../../../src/domain/validate/check-vm.ts";
import { readDocument } from "../../../src/domain/document/read-document.ts";
import { type Facts, noFacts } from "../../../src/domain/facts.ts";
import { type Finding, finding, type FindingCode } from "../../../src/domain/findings.ts";
import { resolveVm } from "../../../src/domain/resolve/resolve-vm.ts";
import type { IpConfig, NetworkConfig, VmSpec } from "../../../src/domain/spec.ts";
import { staticNic, vmSpec } from "../specs.ts";

interface Expectation {
  readonly code: FindingCode;
  readonly when: string;
  /** The field that the finding names. */
  readonly field: string;
  /** The finding carries a fix; without this it carries none. */
  readonly fix?: true;
}

/** A spec is checked. */
export interface SpecCase extends Expectation {
  readonly spec: VmSpec;
  readonly facts?: Partial<Facts>;
  /** Instead of the built-in one. */
  readonly catalogue?: Catalogue;
  /** The VM's NICs are taken over; what of the VM no spec can say. */
  readonly adoptionNotes?: readonly string[];
  /** The VM as it was applied last, all of which the spec replaces. */
  readonly replaced?: VmSpec;
}

/** A document is read. */
export interface DocumentCase extends Expectation {
  readonly document: string;
}

/** The dry run of an object is refused by the cluster, with that cause. */
export interface RefusalCase extends Expectation {
  readonly code: "REFUSED_BY_CLUSTER";
  readonly cause: { readonly field: string; readonly message: string };
}

export type FindingCase = SpecCase | DocumentCase | RefusalCase;

/** Everything that the case produces, of whatever code. */
export function findingsOfCase(found: FindingCase): readonly Finding[] {
  if ("spec" in found) return findingsOfSpec(found, found.spec);
  if ("document" in found) return readDocument(found.document, { namespace: "shop" }).findings;
  const { field, message } = found.cause;
  return [finding(found.code, inputField(field), { message })];
}

/** Checks another spec in the same world. */
export function findingsOfSpec(
  { facts, catalogue = builtInCatalogue(), adoptionNotes, replaced }: SpecCase,
  spec: VmSpec,
): readonly Finding[] {
  return checkVm(
    spec,
    catalogue,
    { ...noFacts, ...facts },
    {
      adoptionNotes,
      replaced: replaced && resolveVm(replaced, catalogue, noFacts).vm,
    },
  ).findings;
}

/** The clean static NIC, changed. */
export const nic = (change: Partial<NetworkConfig>): VmSpec => vmSpec([{ ...staticNic, ...change }]);

/** Two clean static NICs, changed. */
export const two = (first: Partial<NetworkConfig>, second: Partial<NetworkConfig>): VmSpec =>
  vmSpec([
    { ...staticNic, ...first },
    { name: "eth1", ipConfig: { mode: "static", address: "198.51.100.10/24" }, ...second },
  ]);

export const ip = (change: IpConfig): VmSpec =>
  nic({ ipConfig: { mode: "static", address: "192.0.2.10/24", ...change } });

export const route = (destination: string, gateway = "192.0.2.1", metric?: number): VmSpec =>
  nic({ routes: [{ destination, gateway, ...(metric === undefined ? {} : { metric }) }] });
