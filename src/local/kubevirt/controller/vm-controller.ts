// Reconciles one VirtualMachine and its VMI (KubeVirt: watch/vm).
import type { VirtualMachine, VmInterface } from "../../../domain/objects/kubernetes.ts";
import { isKubeError, KubeError } from "../../../kube/errors.ts";
import { hasEnded, finalizers } from "../resources.ts";
import { refOf } from "../../../kube/object-key.ts";
import { vmiNics, vmNics } from "./live-update.ts";
import { memoryToPlug } from "./memory.ts";
import { firmwareUuid, generationAnnotation, newVmi, revisionName, startRevision } from "./new-vmi.ts";
import { nicLists } from "../nics.ts";
import { controllerRevisions, isControlledBy, vmis, vms, type Vm, type Vmi } from "./objects.ts";
import { restartRequired } from "./restart-required.ts";
import { runDecision, startBackoffLeftMs } from "./run-strategy.ts";
import { semanticEqual } from "./semantic-equal.ts";
import { vmStatus, type VmPass } from "./vm-status.ts";
import type { Outcome } from "../../../kube/watch/work-queue.ts";
import type { ControllerContext } from "./context.ts";
import { fieldManager, ignoring, patchUnchanged, withoutFinalizer } from "./writes.ts";

interface Step {
  readonly pass: VmPass;
  readonly outcome?: Outcome;
}

/** Delay before a start that the API server refused is retried. */
const failedStartRetryMs = 5_000;
/** How often a deleted VM is checked for the end of its VMI. */
const deletionPollMs = 100;

/** Keeps the start revisions that it has read; they never change. */
export class VmController {
  readonly #context: ControllerContext;
  readonly #revisions = new Map<string, VirtualMachine["spec"]>();

  constructor(context: ControllerContext) {
    this.#context = context;
  }

  /** @throws KubeError; the next call for the key continues from there. */
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

  /** A deleted VM is removed after its VMI. */
  async #end(vm: Vm, vmi: Vmi | undefined): Promise<Outcome> {
    if (vmi !== undefined) {
      await this.#stop(vmi);
      await this.#writeStatus(vm, vmi, { stopping: true });
      if (hasEnded(vmi)) await this.#release(vm, vmi);
      return undefined;
    }
    if (vm.metadata.finalizers?.includes(finalizers.vm) !== true) return undefined;
    // The cache may not yet show what an earlier pass created.
    const stored = await this.#context.client.find(vmis, vm.metadata);
    if (stored !== undefined && isControlledBy(stored, vm)) return deletionPollMs;
    await patchUnchanged(this.#context.client, vms, vm, { metadata: withoutFinalizer(vm, finalizers.vm) });
    return undefined;
  }

  /** Adds the finalizer that keeps the VM until its VMI is gone. */
  async #hold(vm: Vm): Promise<Vm> {
    const known = vm.metadata.finalizers ?? [];
    if (known.includes(finalizers.vm)) return vm;
    const metadata = { finalizers: [...known, finalizers.vm] };
    return await patchUnchanged(this.#context.client, vms, vm, { metadata });
  }

  async #run(vm: Vm, vmi: Vmi | undefined): Promise<Step> {
    const decision = runDecision(vm, vmi);
    if (decision === "start") return await this.#start(vm);
    if (decision === "leave" || vmi === undefined) return { pass: {} };
    await this.#stop(vmi);
    const request = decision === "rerun" ? ({ action: "Start" } as const) : undefined;
    return { pass: { stopping: true, request } };
  }

  async #start(vm: Vm): Promise<Step> {
    const waitMs = startBackoffLeftMs(vm, this.#context.clock());
    if (waitMs > 0) return { pass: {}, outcome: waitMs };
    const { client, rules } = this.#context;
    try {
      const revision = startRevision(vm);
      await ignoring("AlreadyExists", client.create(controllerRevisions, revision, { fieldManager }));
      await client.create(vmis, newVmi(vm, rules.configuration), { fieldManager });
    } catch (error) {
      const stored = isKubeError(error, "AlreadyExists") ? await client.find(vmis, vm.metadata) : undefined;
      if (stored === undefined || !isControlledBy(stored, vm)) return startFailure(error);
    }
    return { pass: { starting: true } };
  }

  async #stop(vmi: Vmi): Promise<void> {
    if (vmi.metadata.deletionTimestamp !== undefined) return;
    await ignoring("NotFound", this.#context.client.delete(vmis, vmi.metadata, { uid: vmi.metadata.uid }));
  }

  /** The message of RestartRequired; undefined while no VMI runs, or one is starting or stopping. */
  async #restartRequired(vm: Vm, vmi: Vmi | undefined, pass: VmPass): Promise<string | undefined> {
    if (vmi === undefined || pass.starting === true || pass.stopping === true || hasEnded(vmi))
      return undefined;
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

  /** The VMI records the generation of the VM that it equals; undoing a change makes them equal again. */
  async #bumpGeneration(vm: Vm, vmi: Vmi): Promise<void> {
    const generation = String(vm.metadata.generation ?? 0);
    if (vmi.metadata.annotations?.[generationAnnotation] === generation) return;
    const patch = { metadata: { annotations: { [generationAnnotation]: generation } } };
    await this.#context.client.mergePatch(vmis, vmi.metadata, patch, { fieldManager });
  }

  /** Writes NICs that can change while the guest runs into the VMI, and removes unplugged ones from the VM. */
  async #followNics(vm: Vm, vmi: Vmi | undefined): Promise<Vm> {
    if (vmi?.metadata.deletionTimestamp !== undefined) return vm;
    const wanted = vmi === undefined ? undefined : vmiNics(vm, vmi);
    if (vmi !== undefined && wanted !== undefined && !semanticEqual(wanted, nicLists(vmi.spec))) {
      const spec = { networks: wanted.networks, domain: { devices: { interfaces: wanted.interfaces } } };
      await patchUnchanged(this.#context.client, vmis, vmi, { spec });
    }
    return await this.#tidy(vm, wanted?.interfaces ?? [], vmi);
  }

  /** Writes memory that can be plugged into the VMI; a migration brings it to the guest. */
  async #followMemory(vm: Vm, vmi: Vmi | undefined): Promise<void> {
    if (vmi?.status?.phase !== "Running" || vmi.metadata.deletionTimestamp !== undefined) return;
    const guest = memoryToPlug(vm.spec.template.spec, vmi);
    if (guest === undefined) return;
    const patch = { spec: { domain: { memory: { guest } } } };
    await this.#context.client.mergePatch(vmis, vmi.metadata, patch, { fieldManager });
  }

  /** Writes what KubeVirt itself changes in the VM's template: the remaining NICs, and a firmware UUID. */
  async #tidy(vm: Vm, vmiInterfaces: readonly VmInterface[], vmi: Vmi | undefined): Promise<Vm> {
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

  /** Removes the finalizer of an ended VMI, now that the VM's status shows its end, and deletes its start revision. */
  async #release(vm: Vm, vmi: Vmi): Promise<void> {
    if (vmi.metadata.finalizers?.includes(finalizers.vm) !== true) return;
    const { client } = this.#context;
    await ignoring(
      "NotFound",
      patchUnchanged(client, vmis, vmi, { metadata: withoutFinalizer(vmi, finalizers.vm) }),
    );
    const { namespace } = vmi.metadata;
    const name = vmi.status?.virtualMachineRevisionName;
    // The next start of an unchanged VM uses the same revision.
    if (name === undefined || name === revisionName(vm)) return;
    this.#revisions.delete(`${namespace ?? ""}/${name}`);
    await ignoring("NotFound", client.delete(controllerRevisions, { namespace, name }));
  }

  /** Forgets the revision of a deleted VM. */
  forget(vm: Vm): void {
    this.#revisions.delete(`${vm.metadata.namespace ?? ""}/${revisionName(vm)}`);
  }
}

/** The VM's status shows a start that the API server refused; other errors are retried. */
function startFailure(error: unknown): Step {
  if (!(error instanceof KubeError) || error.status === 0) throw error;
  const failure = { reason: "FailedCreate", message: `Failure while starting VMI: ${error.message}` };
  return { pass: { failure }, outcome: failedStartRetryMs };
}
