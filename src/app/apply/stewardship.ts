// What of a VM is ours to write: all of a VM that was made here, the NICs of one that was taken over, nothing of any other.
import { adoptionChanges } from "../../domain/adopt/adoption-changes.ts";
import { withMachineOf } from "../../domain/adopt/adopted-spec.ts";
import { compileAdopted } from "../../domain/adopt/compile-adopted.ts";
import type { Catalogue } from "../../domain/catalogue.ts";
import type { CheckedVm } from "../../domain/validate/check-vm.ts";
import { type CompiledVm, compileVm } from "../../domain/compile/compile.ts";
import type { Facts } from "../../domain/facts.ts";
import type { Finding } from "../../domain/findings.ts";
import { importVm } from "../../domain/import/import-vm.ts";
import type { ResolvedVm } from "../../domain/nic.ts";
import type { VirtualMachine } from "../../domain/objects/kubernetes.ts";
import { isAdopted, isManaged } from "../../domain/objects/ownership.ts";
import { asStored } from "../../domain/plan/as-stored.ts";
import type { FieldChange } from "../../domain/plan/field-changes.ts";
import type { RunningVm } from "../../domain/plan/running-vm.ts";
import { resolveVm } from "../../domain/resolve/resolve-vm.ts";
import type { VmSpec } from "../../domain/spec.ts";
import type { KubeClient } from "../../kube/kube-client.ts";
import { ObjectNotFound, PreconditionFailed } from "../errors.ts";
import { readVmObjects } from "../read-vm-objects.ts";

/** How an apply goes about the VM. */
export interface HeldVm {
  /** What is asked for, with the machine as it is where it is not ours. */
  readonly spec: VmSpec;
  readonly facts: Facts;
  /** The VM as it is, by the same resolution; undefined when it is new. */
  readonly before: ResolvedVm | undefined;
  /** Fields are taken over from other managers. */
  readonly force: boolean;
  /** Leaves out what is found of parts that are not ours. */
  limit(checked: CheckedVm): CheckedVm;
  compile(vm: ResolvedVm): CompiledVm;
  /** Changes besides those of the spec's fields. */
  besides(vm: ResolvedVm, running: RunningVm | undefined): readonly FieldChange[];
}

interface Asked {
  readonly spec: VmSpec;
  readonly adopt?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * @throws PreconditionFailed for a VM that is not ours, unless it is to be adopted; ObjectNotFound when there is none to
 * adopt; KubeError.
 */
export async function readHeld(
  client: KubeClient,
  catalogue: Catalogue,
  asked: Asked,
  facts: Facts,
): Promise<HeldVm> {
  const { vm } = facts;
  const { namespace, name } = asked.spec;
  if (vm === undefined) {
    if (asked.adopt) throw new ObjectNotFound("VirtualMachine", `${namespace}/${name}`);
    return made(asked.spec, facts, undefined);
  }
  if (isManaged(vm)) {
    const options = asked.signal === undefined ? {} : { signal: asked.signal };
    const recorded =
      facts.record.problem === undefined
        ? facts.record.spec
        : importVm(await readVmObjects(client, vm, facts.vmi, options), catalogue).spec;
    return made(asked.spec, facts, recorded && asStored(resolveVm(recorded, catalogue, facts).vm, vm));
  }
  if (!asked.adopt && !isAdopted(vm)) {
    throw new PreconditionFailed(
      "VM_NOT_MANAGED",
      `VirtualMachine ${namespace}/${name}`,
      "this VM was not made here, so nothing of it is written over; adopt it to take over its NICs alone",
    );
  }
  return await readAdopted(client, catalogue, asked, facts, vm);
}

function made(spec: VmSpec, facts: Facts, before: ResolvedVm | undefined): HeldVm {
  return {
    spec,
    facts,
    before,
    force: false,
    limit: (checked) => checked,
    compile: (vm) => compileVm(spec, vm),
    besides: () => [],
  };
}

async function readAdopted(
  client: KubeClient,
  catalogue: Catalogue,
  { spec: asked, adopt = false, signal }: Asked,
  facts: Facts,
  live: VirtualMachine,
): Promise<HeldVm> {
  const spec = withMachineOf(asked, live);
  const recorded = facts.record.spec;
  const objects = await readVmObjects(client, live, facts.vmi, signal === undefined ? {} : { signal });
  const imported = recorded === undefined ? importVm(objects, catalogue) : undefined;
  const was = withMachineOf(recorded ?? nicsOf(imported?.spec ?? asked), live);
  return {
    spec,
    facts: { ...facts, importNotes: imported?.notes },
    before: asStored(resolveVm(was, catalogue, facts).vm, live),
    force: adopt,
    limit: (checked) => ({ ...checked, findings: checked.findings.filter(isOfNics) }),
    compile: (vm) => compileAdopted(asked, vm, live),
    besides: (vm, running) => adoptionChanges(live, vm, running),
  };
}

const nicsOf = ({ namespace, name, networks, routing }: VmSpec): VmSpec => ({
  namespace,
  name,
  networks,
  ...(routing === undefined ? {} : { routing }),
});

const machineField = /^(?:cpu|memory|bootDisk|disks|runStrategy)\b/;

/** The machine part is judged by one thing alone: that it stays. */
function isOfNics({ code, field }: Finding): boolean {
  return code === "ADOPTED_MACHINE_DIFFERS" || code === "GUEST_CONFIG_UNREAD" || !machineField.test(field);
}
