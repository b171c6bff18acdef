// The first half of ApplyVM: reads the facts, decides what multinic writes, and checks it.
import type { Facts } from "../../domain/facts.ts";
import { type Finding, hasErrors } from "../../domain/findings.ts";
import type { ResolvedVm } from "../../domain/nic.ts";
import { etagOf } from "../../domain/objects/etag.ts";
import type { VirtualMachine } from "../../domain/objects/kubernetes.ts";
import { readVirtualMachine } from "../../domain/objects/read-objects.ts";
import type { VmSpec } from "../../domain/spec.ts";
import { type CheckedVm, checkVm } from "../../domain/validate/check-vm.ts";
import { ObjectExists, ObjectNotFound, PreconditionFailed, VersionMismatch, vmSubject } from "../errors.ts";
import { observe, readNads } from "../observe.ts";
import { requireOwner } from "../owner.ts";
import { type AddressClaim, claimAddresses } from "./address-claim.ts";
import type { ApplyDependencies, ApplyRequest } from "./apply-request.ts";
import type { Rivals } from "./rivals.ts";
import { decideStewardship, type Stewardship } from "./stewardship.ts";

export interface CheckedRequest extends Stewardship {
  readonly facts: Facts;
  readonly vm: ResolvedVm;
  readonly vlans: CheckedVm["vlans"];
  readonly findings: readonly Finding[];
  /** Of the VM as it is now; empty if there is none. */
  readonly etag: string;
  /** undefined if nothing will be written. Whoever gets it ends it. */
  readonly claim: AddressClaim | undefined;
  /** Findings of severity error for the addresses of the written VM that others have. */
  readonly conflictsWith: (written: VirtualMachine, rivals: Rivals) => readonly Finding[];
}

/**
 * `plannedUid`: of the VM that an earlier plan of this call was made for.
 * @throws ObjectExists, ObjectNotFound, VersionMismatch, PreconditionFailed, KubeError.
 */
export async function checkRequest(
  { client, view, catalogue }: ApplyDependencies,
  request: ApplyRequest,
  plannedUid: string | undefined,
): Promise<CheckedRequest> {
  const { signal, unread } = request;
  const observed = await observe(client, view, request.spec, { signal });
  signal?.throwIfAborted();
  const { vm: live } = observed;
  requireVersion(request, live, plannedUid);
  const stewardship = await decideStewardship(client, catalogue, observed, request);
  const { spec, before, adopted } = stewardship;
  const isAsRequested = spec.networks === request.spec.networks;
  const facts = isAsRequested ? observed : { ...observed, nads: await readNads(client, spec, { signal }) };
  const isPartial = adopted !== undefined || request.updateMask !== undefined;

  const options = {
    unread,
    adoptionNotes: adopted?.importNotes,
    replaced: isPartial ? undefined : before,
  };
  const { vm, vlans, findings, segments } = checkVm(spec, catalogue, facts, options);
  const willWrite = !request.validateOnly && !hasErrors(findings);
  return {
    ...stewardship,
    facts,
    vm,
    vlans,
    findings,
    etag: live === undefined ? "" : etagOf(live),
    claim: willWrite ? claimAddresses(client, view, vm, segments) : undefined,
    conflictsWith(written, { byMac, byAddress }) {
      if (byMac.size === 0 && byAddress.size === 0) return [];
      const stored = readVirtualMachine(written).object;
      const now = { ...facts, vm: stored, macsInUse: byMac, addressesInUse: byAddress };
      const again = checkVm(spec, catalogue, now, options);
      return again.findings.filter(({ code }) => code === "MAC_IN_USE" || code === "ADDRESS_IN_USE");
    },
  };
}

/** @throws ObjectExists, ObjectNotFound, VersionMismatch, PreconditionFailed. */
function requireVersion(
  { spec, etag, createOnly, owner }: ApplyRequest,
  live: VirtualMachine | undefined,
  plannedUid: string | undefined,
): void {
  const subject = vmSubject(spec);
  if (createOnly === true && live !== undefined) throw new ObjectExists(subject);
  requireOwner(live, owner);
  const isExpected = etag !== undefined || plannedUid !== undefined;
  if (isExpected && live === undefined) throw new ObjectNotFound(subject);
  if (plannedUid !== undefined && live?.metadata.uid !== plannedUid) throw new VersionMismatch(subject);
  if (etag !== undefined && live !== undefined && etag !== etagOf(live)) throw new VersionMismatch(subject);
  if (live?.metadata.deletionTimestamp !== undefined) throw terminating(spec);
}

function terminating(spec: VmSpec): PreconditionFailed {
  return new PreconditionFailed(
    "VM_TERMINATING",
    vmSubject(spec),
    "the VM is being deleted; apply again when it no longer exists",
  );
}
