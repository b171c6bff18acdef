// How much of a VM multinic writes: all of a VM that it created, the NICs of an adopted one, nothing of any other.
import { adoptionChanges } from "../../domain/adopt/adoption-changes.ts";
import { nicPartOf, withMachineOf } from "../../domain/adopt/adopted-spec.ts";
import { compileAdopted } from "../../domain/adopt/compile-adopted.ts";
import type { Catalogue } from "../../domain/catalogue.ts";
import { type CompiledVm, compileVm } from "../../domain/compile/compile.ts";
import { recordedSpec } from "../../domain/document/read-record.ts";
import type { Facts } from "../../domain/facts.ts";
import { importVm } from "../../domain/import/import-vm.ts";
import type { ResolvedVm } from "../../domain/nic.ts";
import type { VirtualMachine } from "../../domain/objects/kubernetes.ts";
import { isAdopted, isManaged, secretNameOf } from "../../domain/objects/ownership.ts";
import { asStored } from "../../domain/plan/as-stored.ts";
import type { FieldChange } from "../../domain/plan/field-changes.ts";
import type { RunningVm } from "../../domain/plan/running-vm.ts";
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
  /** Given when only the NICs are written. */
  readonly adopted: AdoptedVm | undefined;
}

interface AdoptedVm {
  readonly live: VirtualMachine;
  /** What of the VM no spec can say, while it has not been adopted. */
  readonly importNotes: readonly string[];
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
      "this VM was not made here, so nothing of it is written over; adopt it to take over its NICs alone",
    );
  }
  const imported =
    recorded === undefined
      ? importVm(await observedObjects(client, live, facts, { signal }), catalogue)
      : { spec: recorded, notes: [] };
  return {
    spec: withMachineOf(spec, live),
    before: stored(withMachineOf(nicPartOf(imported.spec), live)),
    adopted: { live, importNotes: imported.notes },
  };
}

/** Of what importVm reads, almost all was observed with the facts. */
async function observedObjects(
  client: KubeClient,
  live: VirtualMachine,
  { vmi, nads = new Map(), secret }: Facts,
  options: CallOptions,
): ReturnType<typeof readVmObjects> {
  const secrets = new Map([[secretNameOf(live.metadata.name), secret]]);
  return await readVmObjects(client, live, vmi, options, { nads, secrets });
}

/** The objects to write for the resolved spec. @throws Error as compileVm. */
export function compileFor(
  { spec, adopted }: Stewardship,
  vm: ResolvedVm,
  { secret }: Pick<Facts, "secret">,
): CompiledVm {
  return adopted === undefined ? compileVm(spec, vm, secret) : compileAdopted(spec, vm, adopted.live, secret);
}

/** Changes in addition to those of the spec's fields. */
export function moreChanges(
  { adopted }: Stewardship,
  vm: ResolvedVm,
  running: RunningVm | undefined,
): readonly FieldChange[] {
  return adopted === undefined ? [] : adoptionChanges(adopted.live, vm, running);
}
