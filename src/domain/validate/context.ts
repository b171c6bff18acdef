// What a check sees: the VM as asked and as resolved, and the world around it. A check returns what it found.
import type { Catalogue } from "../catalogue.ts";
import { type CniConfig, readCniConfig, type Unreadable } from "../network/cni.ts";
import type { Facts } from "../facts.ts";
import type { Finding } from "../findings.ts";
import type { Nic, ResolvedVm } from "../nic.ts";
import { type Uplink, uplinkOfNad, uplinkOfNetwork } from "../network/segment.ts";
import type { NetworkConfig, VmSpec } from "../spec.ts";

export interface VmContext {
  /** As asked, but for NICs beyond the limit. */
  readonly spec: VmSpec;
  readonly asked: VmSpec;
  readonly vm: ResolvedVm;
  readonly catalogue: Catalogue;
  readonly facts: Facts;
  /** What of the VM whose NICs are taken over no spec can say; undefined when none is. */
  readonly adoptionNotes: readonly string[] | undefined;
}

export interface NicContext extends VmContext {
  readonly nic: Nic;
  readonly config: NetworkConfig;
  /** undefined where none was given, and where the cluster's NADs are not known. */
  readonly nad: GivenNad | undefined;
  /** undefined on the pod network, and where it is not known. */
  readonly uplink: Uplink | undefined;
}

/** The NAD that the NIC names, read once for all checks. */
export interface GivenNad {
  /** NAMESPACE/NAME. */
  readonly name: string;
  /** undefined: there is no such NAD. */
  readonly cni: CniConfig | Unreadable | undefined;
}

/** What the checks of that NIC see. */
export function nicContext(context: VmContext, nic: Nic, config: NetworkConfig): NicContext {
  const nad = givenNad(context.facts, nic);
  return { ...context, nic, config, nad, uplink: uplinkOf(nic, nad) };
}

function givenNad({ nads }: Facts, { attachment }: Nic): GivenNad | undefined {
  if (attachment?.kind !== "given" || nads === undefined) return undefined;
  const name = `${attachment.namespace}/${attachment.name}`;
  const object = nads.get(name);
  return { name, cni: object && readCniConfig(object) };
}

function uplinkOf({ attachment, vlanId }: Nic, nad: GivenNad | undefined): Uplink | undefined {
  if (attachment?.kind === "generated") return uplinkOfNetwork(attachment.network, vlanId);
  return nad?.cni === undefined || "problem" in nad.cni ? undefined : uplinkOfNad(nad.name, nad.cni);
}

type Found = Finding | readonly (Finding | undefined)[] | undefined;
export type VmCheck = (context: VmContext) => Found;
export type NicCheck = (context: NicContext) => Found;

/** Runs the checks in order and keeps what they found. */
export function runChecks<C>(checks: readonly ((context: C) => Found)[], context: C): Finding[] {
  return checks.flatMap((check) => check(context)).filter((found) => found !== undefined);
}

/** The NICs before this one, for rules where the later of two is at fault. */
export function nicsBefore({ vm, nic }: NicContext): readonly Nic[] {
  return vm.nics.slice(0, nic.index);
}
