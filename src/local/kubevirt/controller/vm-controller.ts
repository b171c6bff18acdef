// Brings one VirtualMachine and its VMI nearer to what the VM asks for (KubeVirt: watch/vm).
import type { VirtualMachine } from "../../../domain/objects/kubernetes.ts";
import { isKubeError, KubeError } from "../../../kube/errors.ts";
import { hasEnded, finalizers } from "../resources.ts";
import { refOf } from "../../../kube/object-key.ts";
import { firmwareUuid } from "./firmware-uuid.ts";
import { vmiNics, vmNics } from "./live-update.ts";
import { memoryToPlug } from "./memory.ts";
import { generationAnnotation, newVmi, revisionName, startRevision } from "./new-vmi.ts";
import { nicLists } from "../nics.ts";
import { controllerRevisions, isControlledBy, vmis, vms, type Vm, type Vmi } from "./objects.ts";
import { restartRequired } from "./restart-required.ts";
import { runDecision, startBackoffLeftMs } from "./run-strategy.ts";
import { semanticEqual } from "./semantic-equal.ts";
import { vmStatus, type VmPass } from "./vm-status.ts";
import type { Outcome } from "../../../kube/watch/work-queue.ts";
import { fieldManager, type ControllerContext } from "./context.ts";

const nothingDone: VmPass = {
  starting: false,
  stopping: false,
  failure: undefined,
  restart: undefined,
  request: undefined,
};

/** When a start that the API server refused is tried again. */
const failedStartRetryMs = 5_000;
/** How often a VM that is to go looks whether its VMI has gone. */
const deletionPollMs = 100;

/** Looks at VMs by key. The start revisions that it has read are kept, for they never change. */
export class VmController {
  readonly #context: ControllerContext;
  readonly #revisions = new Map<string, VirtualMachine["spec"]>();

  constructor(context: ControllerContext) {
    this.#context = context;
  }

  /** @throws KubeError; the next look at the key goes on from there. */
  async reconcile(key: string): Promise<Outcome> {
    const vm = this.#context.vms.get(refOf(key));
    if (vm === undefined) return undefined;
    const found = this.#context.vmis.get(refOf(key));
    const vmi = found !== undefined && isControlledBy(found, vm) ? found : undefined;
    if (vm.metadata.deletionTimestamp !== undefined) return await this.#end(vm, vmi);
    const held = await this.#hold(vm);
    const { pass, outcome } = await this.#run(held, vmi);
    const restart = await this.#restartRequired(held, vmi, pass);
    const current = await this.#followNics(held, vmi);
    if (this.#context.rules.liveUpdate) await this.#followMemory(held, vmi);
    await this.#writeStatus(current, vmi, { ...pass, restart });
    if (vmi !== undefined && hasEnded(vmi)) await this.#release(vm, vmi);
    return outcome;
  }

  /** A deleted VM goes after its VMI. */
  async #end(vm: Vm, vmi: Vmi | undefined): Promise<Outcome> {
    if (vmi !== undefined) {
      await this.#stop(vmi);
      await this.#writeStatus(vm, vmi, { ...nothingDone, stopping: true });
      if (hasEnded(vmi)) await this.#release(vm, vmi);
      return undefined;
    }
    if (vm.metadata.finalizers?.includes(finalizers.vm) !== true) return undefined;
    // The cache may not show yet what an earlier pass created.
    const stored = await this.#context.client.find(vmis, vm.metadata);
    if (stored !== undefined && isControlledBy(stored, vm)) return deletionPollMs;
    await this.#write(vm, { finalizers: vm.metadata.finalizers.filter((name) => name !== finalizers.vm) });
    return undefined;
  }

  /** The VM with the finalizer that makes it outlive its VMI. */
  async #hold(vm: Vm): Promise<Vm> {
    const known = vm.metadata.finalizers ?? [];
    if (known.includes(finalizers.vm)) return vm;
    return await this.#write(vm, { finalizers: [...known, finalizers.vm] });
  }

  async #write(vm: Vm, metadata: object): Promise<Vm> {
    const { resourceVersion } = vm.metadata;
    return await this.#context.client.mergePatch(
      vms,
      vm.metadata,
      { metadata: { ...metadata, resourceVersion } },
      { fieldManager },
    );
  }

  async #run(vm: Vm, vmi: Vmi | undefined): Promise<{ readonly pass: VmPass; readonly outcome: Outcome }> {
    const decision = runDecision(vm, vmi);
    if (decision === "start") return await this.#start(vm);
    if (decision === "leave" || vmi === undefined) return { pass: nothingDone, outcome: undefined };
    await this.#stop(vmi);
    const request = decision === "rerun" ? ({ action: "Start" } as const) : undefined;
    return { pass: { ...nothingDone, stopping: true, request }, outcome: undefined };
  }

  async #start(vm: Vm): Promise<{ readonly pass: VmPass; readonly outcome: Outcome }> {
    const waitMs = startBackoffLeftMs(vm, this.#context.clock());
    if (waitMs > 0) return { pass: nothingDone, outcome: waitMs };
    const { client, rules } = this.#context;
    try {
      await ignoring(
        "AlreadyExists",
        client.create(controllerRevisions, startRevision(vm), { fieldManager }),
      );
      await client.create(vmis, newVmi(vm, rules.configuration), { fieldManager });
    } catch (error) {
      const stored = isKubeError(error, "AlreadyExists") ? await client.find(vmis, vm.metadata) : undefined;
      if (stored === undefined || !isControlledBy(stored, vm)) return startFailure(error);
    }
    return { pass: { ...nothingDone, starting: true }, outcome: undefined };
  }

  async #stop(vmi: Vmi): Promise<void> {
    if (vmi.metadata.deletionTimestamp !== undefined) return;
    await ignoring("NotFound", this.#context.client.delete(vmis, vmi.metadata, { uid: vmi.metadata.uid }));
  }

  /** What waits for the next start; nothing while none runs, or one is about to end or to begin. */
  async #restartRequired(vm: Vm, vmi: Vmi | undefined, pass: VmPass): Promise<string | undefined> {
    if (vmi === undefined || pass.starting || pass.stopping || hasEnded(vmi)) return undefined;
    const startedFrom = await this.#startedFrom(vmi);
    if (startedFrom === undefined) return undefined;
    if (semanticEqual(startedFrom.template, vm.spec.template)) await this.#bumpGeneration(vm, vmi);
    return restartRequired({ vm, startedFrom, vmi, liveUpdate: this.#context.rules.liveUpdate });
  }

  async #startedFrom(vmi: Vmi): Promise<VirtualMachine["spec"] | undefined> {
    const name = vmi.status?.virtualMachineRevisionName;
    if (name === undefined) return undefined;
    const key = `${vmi.metadata.namespace ?? ""}/${name}`;
    const known = this.#revisions.get(key);
    if (known !== undefined) return known;
    const revision = await this.#context.client.find(controllerRevisions, { ...vmi.metadata, name });
    if (revision !== undefined) this.#revisions.set(key, revision.data.spec);
    return revision?.data.spec;
  }

  /** The VMI says which generation of the VM it is equal to; a change taken back makes it equal again. */
  async #bumpGeneration(vm: Vm, vmi: Vmi): Promise<void> {
    const generation = String(vm.metadata.generation ?? 0);
    if (vmi.metadata.annotations?.[generationAnnotation] === generation) return;
    const patch = { metadata: { annotations: { [generationAnnotation]: generation } } };
    await this.#context.client.mergePatch(vmis, vmi.metadata, patch, { fieldManager });
  }

  /** NICs that may change under the running guest go to the VMI; unplugged ones leave the VM. */
  async #followNics(vm: Vm, vmi: Vmi | undefined): Promise<Vm> {
    if (vmi?.metadata.deletionTimestamp !== undefined) return vm;
    const wanted = vmi === undefined ? undefined : vmiNics(vm, vmi);
    if (vmi !== undefined && wanted !== undefined && !semanticEqual(wanted, nicLists(vmi.spec))) {
      const { resourceVersion } = vmi.metadata;
      const spec = { networks: wanted.networks, domain: { devices: { interfaces: wanted.interfaces } } };
      await this.#context.client.mergePatch(
        vmis,
        vmi.metadata,
        { metadata: { resourceVersion }, spec },
        { fieldManager },
      );
    }
    return await this.#tidy(vm, wanted?.interfaces ?? [], vmi);
  }

  /** Memory that can be plugged goes to the VMI; a migration brings it to the guest. */
  async #followMemory(vm: Vm, vmi: Vmi | undefined): Promise<void> {
    if (vmi?.status?.phase !== "Running" || vmi.metadata.deletionTimestamp !== undefined) return;
    const guest = memoryToPlug(vm.spec.template.spec, vmi);
    if (guest === undefined) return;
    await this.#context.client.mergePatch(
      vmis,
      vmi.metadata,
      { spec: { domain: { memory: { guest } } } },
      { fieldManager },
    );
  }

  /** Writes into the VM's template what KubeVirt keeps there by itself: the NICs left, and a firmware UUID. */
  async #tidy(vm: Vm, vmiInterfaces: Parameters<typeof vmNics>[1], vmi: Vmi | undefined): Promise<Vm> {
    const before = vm.spec.template.spec;
    const { interfaces, networks } = vmNics(vm, vmiInterfaces, vmi?.status?.interfaces ?? []);
    const nicsChange = !semanticEqual({ interfaces, networks }, nicLists(before));
    const uuidMissing = (before.domain.firmware?.uuid ?? "") === "";
    if (!nicsChange && !uuidMissing) return vm;
    const after = structuredClone(vm);
    const { spec } = after.spec.template;
    if (nicsChange) {
      spec.networks = [...networks];
      spec.domain.devices.interfaces = [...interfaces];
    }
    if (uuidMissing) spec.domain.firmware = { ...spec.domain.firmware, uuid: firmwareUuid(vm.metadata.name) };
    return await this.#context.client.replace(vms, after, { fieldManager });
  }

  async #writeStatus(vm: Vm, vmi: Vmi | undefined, pass: VmPass): Promise<void> {
    const { clock, delays, client } = this.#context;
    const status = vmStatus(vm, vmi, pass, { now: clock(), startBackoffMs: delays.startBackoffMs });
    if (semanticEqual(status, vm.status ?? {})) return;
    await client.replaceStatus(vms, { ...vm, status }, { fieldManager });
  }

  /** Lets go of a VMI that has ended, now that its end is in the VM's status, and of what it was started from. */
  async #release(vm: Vm, vmi: Vmi): Promise<void> {
    const known = vmi.metadata.finalizers ?? [];
    if (!known.includes(finalizers.vm)) return;
    const { client } = this.#context;
    const { resourceVersion, namespace } = vmi.metadata;
    const left = known.filter((name) => name !== finalizers.vm);
    const patch = { metadata: { resourceVersion, finalizers: left } };
    await ignoring("NotFound", client.mergePatch(vmis, vmi.metadata, patch, { fieldManager }));
    const name = vmi.status?.virtualMachineRevisionName;
    // The next start of an unchanged VM uses the same revision.
    if (name === undefined || name === revisionName(vm)) return;
    this.#revisions.delete(`${namespace ?? ""}/${name}`);
    await ignoring("NotFound", client.delete(controllerRevisions, { namespace, name }));
  }

  /** Forgets what belongs to a VM that is gone. */
  forget(vm: Vm): void {
    this.#revisions.delete(`${vm.metadata.namespace ?? ""}/${revisionName(vm)}`);
  }
}

/** A start that the API server refuses shows in the VM; anything else is tried again. */
function startFailure(error: unknown): { readonly pass: VmPass; readonly outcome: Outcome } {
  if (!(error instanceof KubeError) || error.status === 0) throw error;
  const failure = { reason: "FailedCreate", message: `Failure while starting VMI: ${error.message}` };
  return { pass: { ...nothingDone, failure }, outcome: failedStartRetryMs };
}

async function ignoring(reason: "AlreadyExists" | "NotFound", call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!isKubeError(error, reason)) throw error;
  }
}
