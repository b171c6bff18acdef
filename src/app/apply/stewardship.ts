// How much of a VM multinic writes: all of a VM that it created, the NICs of an adopted one, nothing of any other.
import { nicPartOf, withMachineOf } from "../../domain/adopt/adopted-spec.ts";
import type { Catalogue } from "../../domain/catalogue.ts";
import type { Facts } from "../../domain/facts.ts";
import { type ImportedVm, importVm } from "../../domain/import/import-vm.ts";
import type { ResolvedVm } from "../../domain/nic.ts";
import type { VirtualMachine } from "../../domain/objects/kubernetes.ts";
import { isAdopted, isManaged, secretNameOf } from "../../domain/objects/ownership.ts";
import { asStored } from "../../domain/plan/as-stored.ts";
import { resolveVm } from "../../domain/resolve/resolve-vm.ts";
import type { VmSpec } from "../../domain/spec.ts";
import type { CallOptions, KubeClient } from "../../kube/kube-client.ts";
import { ObjectNotFound, PreconditionFailed } from "../errors.ts";
import { readVmObjects } from "../read-vm-objects.ts";

export interface Stewardship {
  /** What is asked for; of an adopted VM with the machine part that the VM has. */
  readonly spec: VmSpec;
  /** The VM as last asked for, or as imported where there is no readable record; undefined for a new VM. */
  readonly before: ResolvedVm | undefined;
  /** The VM at the API server, given when only its NICs are written; importVm's notes while it has not been adopted. */
  readonly adopted: { readonly live: VirtualMachine; readonly importNotes: readonly string[] } | undefined;
}

/**
 * `adopt`: the NICs of a VM that multinic did not create are to be taken over.
 * @throws PreconditionFailed for such a VM unless it was adopted or is to be; ObjectNotFound when there is no VM to adopt;
 * KubeError.
 */
export async function decideStewardship(
  client: KubeClient,
  catalogue: Catalogue,
  facts: Facts,
  {
    spec,
    adopt = false,
    signal,
  }: CallOptions & { readonly spec: VmSpec; readonly adopt?: boolean | undefined },
): Promise<Stewardship> {
  const { vm: live } = facts;
  const { namespace, name } = spec;
  if (live === undefined) {
    if (adopt) throw new ObjectNotFound("VirtualMachine", `${namespace}/${name}`);
    return { spec, before: undefined, adopted: undefined };
  }
  const { record, vmi, nads = new Map(), secret } = facts;
  const known = { nads, secrets: new Map([[secretNameOf(name), secret]]) };
  const stored = (was: VmSpec): ResolvedVm => asStored(resolveVm(was, catalogue, facts).vm, live);
  const imported = async (): Promise<ImportedVm> =>
    importVm(await readVmObjects(client, live, vmi, { signal }, known), catalogue);
  if (isManaged(live)) {
    const recorded = record.problem === undefined ? record.spec : (await imported()).spec;
    return { spec, before: recorded && stored(recorded), adopted: undefined };
  }
  if (!adopt && !isAdopted(live)) {
    throw new PreconditionFailed(
      "VM_NOT_MANAGED",
      `VirtualMachine ${namespace}/${name}`,
      "multinic did not create this VM and changes nothing of it; adopt it to take over its NICs only",
    );
  }
  const whole = withMachineOf(spec, live);
  if (record.spec !== undefined) {
    const before = stored(withMachineOf(record.spec, live));
    return { spec: whole, before, adopted: { live, importNotes: [] } };
  }
  const { spec: found, notes } = await imported();
  const before = stored(withMachineOf(nicPartOf(found), live));
  return { spec: whole, before, adopted: { live, importNotes: notes } };
}
