// How much of a VM multinic writes: all of a VM that it created, the NICs of an adopted VM, and nothing of other VMs.
import { nicPartOf, withMachineOf } from "../../domain/adopt/adopted-spec.ts";
import type { Catalogue } from "../../domain/catalogue.ts";
import { givenUserData } from "../../domain/compile/guest-data.ts";
import type { Facts } from "../../domain/facts.ts";
import { type ImportedVm, importVm } from "../../domain/import/import-vm.ts";
import type { ResolvedVm } from "../../domain/nic.ts";
import type { Secret, VirtualMachine } from "../../domain/objects/kubernetes.ts";
import { isAdopted, isManaged, secretNameOf } from "../../domain/objects/ownership.ts";
import { asStored } from "../../domain/plan/as-stored.ts";
import { resolveVm } from "../../domain/resolve/resolve-vm.ts";
import type { VmSpec } from "../../domain/spec.ts";
import { type UpdateMask, withMask } from "../../domain/update-mask.ts";
import type { CallOptions, KubeClient } from "../../kube/kube-client.ts";
import { ObjectNotFound, PreconditionFailed, vmSubject } from "../errors.ts";
import { readVmObjects } from "../read-vm-objects.ts";

export interface Stewardship {
  /**
   * The requested spec, with the fields outside the update mask as last applied; for an adopted VM with the machine part that
   * the VM has.
   */
  readonly spec: VmSpec;
  /** The VM as last requested, or as its objects show it if the record cannot be read; undefined for a new VM. */
  readonly before: ResolvedVm | undefined;
  /** Set if only the NICs are written: the VM at the API server, and importVm's notes while it has no record. */
  readonly adopted: { readonly live: VirtualMachine; readonly importNotes: readonly string[] } | undefined;
}

/**
 * `adopt`: take over the NICs of a VM that multinic did not create.
 * @throws PreconditionFailed for such a VM if it is not adopted and `adopt` is not set; ObjectNotFound if there is no VM
 * to adopt; KubeError.
 */
export async function decideStewardship(
  client: KubeClient,
  catalogue: Catalogue,
  facts: Facts,
  {
    spec,
    adopt = false,
    updateMask,
    signal,
  }: CallOptions & {
    readonly spec: VmSpec;
    readonly adopt?: boolean | undefined;
    readonly updateMask?: UpdateMask | undefined;
  },
): Promise<Stewardship> {
  const { vm: live } = facts;
  const { name } = spec;
  if (live === undefined) {
    if (adopt) throw new ObjectNotFound(vmSubject(spec));
    return { spec, before: undefined, adopted: undefined };
  }
  const { spec: recorded, problem } = facts.record;
  const stored = (was: VmSpec): ResolvedVm => asStored(resolveVm(was, catalogue, facts).vm, live);
  const imported = async (): Promise<ImportedVm> => {
    const { vmi, nads = new Map(), secret } = facts;
    const known = { nads, secrets: new Map([[secretNameOf(name), secret]]) };
    return importVm(await readVmObjects(client, live, vmi, { signal }, known), catalogue);
  };
  const masked = (was: VmSpec): VmSpec => (updateMask === undefined ? spec : withMask(was, spec, updateMask));
  if (isManaged(live)) {
    const isUnknown = recorded === undefined && (problem !== undefined || updateMask !== undefined);
    const was = isUnknown ? (await imported()).spec : recorded && withUserData(recorded, facts.secret);
    return { spec: was === undefined ? spec : masked(was), before: was && stored(was), adopted: undefined };
  }
  if (!adopt && !isAdopted(live)) {
    throw new PreconditionFailed(
      "VM_NOT_MANAGED",
      vmSubject(spec),
      "multinic did not create this VM and does not change it; adopt it to take over its NICs, and only its NICs",
    );
  }
  const { spec: was, notes } = recorded === undefined ? await imported() : { spec: recorded, notes: [] };
  return {
    spec: withMachineOf(masked(nicPartOf(was)), live),
    before: stored(withMachineOf(nicPartOf(was), live)),
    adopted: { live, importNotes: notes },
  };
}

/** The record has no text of user-data, which is only in the Secret. */
function withUserData(recorded: VmSpec, secret: Secret | undefined): VmSpec {
  if (recorded.userData !== undefined || secret === undefined || !isManaged(secret)) return recorded;
  const text = givenUserData(secret);
  return text === undefined ? recorded : { ...recorded, userData: { text } };
}
