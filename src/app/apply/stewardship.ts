// How much of a VM multinic writes: all of a VM that it created, the NICs of an adopted one, nothing of any other.
import { nicPartOf, withMachineOf } from "../../domain/adopt/adopted-spec.ts";
import type { Catalogue } from "../../domain/catalogue.ts";
import { recordedSpec } from "../../domain/document/read-record.ts";
import type { Facts } from "../../domain/facts.ts";
import { importVm } from "../../domain/import/import-vm.ts";
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
  /** The VM as it was last asked for; undefined when it is new or its record cannot be read. */
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
  const recorded = recordedSpec(live);
  const stored = (was: VmSpec): ResolvedVm => asStored(resolveVm(was, catalogue, facts).vm, live);
  if (isManaged(live)) return { spec, before: recorded && stored(recorded), adopted: undefined };
  if (!adopt && !isAdopted(live)) {
    throw new PreconditionFailed(
      "VM_NOT_MANAGED",
      `VirtualMachine ${namespace}/${name}`,
      "multinic did not create this VM and changes nothing of it; adopt it to take over its NICs only",
    );
  }
  const whole = withMachineOf(spec, live);
  if (recorded !== undefined) {
    return { spec: whole, before: stored(withMachineOf(recorded, live)), adopted: { live, importNotes: [] } };
  }
  const { vmi, nads = new Map(), secret } = facts;
  const known = { nads, secrets: new Map([[secretNameOf(name), secret]]) };
  const objects = await readVmObjects(client, live, vmi, { signal }, known);
  const { spec: imported, notes } = importVm(objects, catalogue);
  const before = stored(withMachineOf(nicPartOf(imported), live));
  return { spec: whole, before, adopted: { live, importNotes: notes } };
}
