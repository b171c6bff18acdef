// GetVM and ListVMs: all VMs, whether or not multinic created them.
import { withMachineOf } from "../domain/adopt/adopted-spec.ts";
import { bounded } from "../domain/bounded-text.ts";
import type { Catalogue } from "../domain/catalogue.ts";
import { withoutSecretText } from "../domain/compile/virtual-machine.ts";
import type { Drift } from "../domain/drift/drift.ts";
import { driftOf } from "../domain/drift/vm-drift.ts";
import type { LabelSelector } from "../domain/label-selector.ts";
import { nadNamesOf } from "../domain/names.ts";
import { type ImportedVm, importVm, type VmObjects } from "../domain/import/import-vm.ts";
import { etagOf } from "../domain/objects/etag.ts";
import type { VirtualMachine } from "../domain/objects/kubernetes.ts";
import { isAdopted, isManaged } from "../domain/objects/ownership.ts";
import { type PendingChange, pendingChanges } from "../domain/plan/pending-changes.ts";
import { readVm } from "../domain/document/read-record.ts";
import type { RecordedVm } from "../domain/facts.ts";
import { readInstance } from "../domain/objects/read-objects.ts";
import type { VmSpec } from "../domain/spec.ts";
import {
  type InterfaceState,
  type InterfaceStatus,
  interfaceStatuses,
} from "../domain/status/interface-status.ts";
import { knownSince } from "../domain/status/state-since.ts";
import type { KubeClient } from "../kube/kube-client.ts";
import { refOf } from "../kube/object-key.ts";
import { virtualMachineInstances, virtualMachines } from "../kube/resource.ts";
import { cachesOf, type ClusterView, oldestMoment, requireSynced } from "./cluster-view.ts";
import { ObjectNotFound, vmSubject } from "./errors.ts";
import { byKey, type CachedPage, type PageKey, pageOf, type PageRequest } from "./pages.ts";
import { readVmObjects } from "./read-vm-objects.ts";
import type { StatusModel } from "./status-model.ts";
import { scopeText, type StatusScope, type VmKey } from "./status-scope.ts";

export interface VmView {
  readonly spec: VmSpec;
  /** Parts of the VM or its record that could not be read; without a record also parts that a spec cannot express. */
  readonly importNotes: readonly string[];
  readonly managed: boolean;
  /** multinic manages only its NICs. */
  readonly adopted: boolean;
  readonly printableStatus: string;
  readonly node: string;
  readonly interfaces: readonly InterfaceStatus[];
  readonly pendingChanges: readonly PendingChange[];
  /** Empty in lists. */
  readonly drift: readonly Drift[];
  readonly etag: string;
  readonly uid: string;
  /** RFC 3339, empty while unknown. */
  readonly createdAt: string;
  /** RFC 3339; empty unless the VM is being deleted. */
  readonly deletedAt: string;
}

/** In the basic view, the pending changes of a VM are not worked out. */
export type ListView = "basic" | "full";

/** Every given condition must hold. */
export interface VmFilter {
  /** At least one NIC is in one of these states. Empty: any. */
  readonly states: ReadonlySet<InterfaceState>;
  /** Empty: any. */
  readonly node: string;
  /** Created by multinic, or not; undefined: any. */
  readonly managed: boolean | undefined;
  /** Of the labels of the VirtualMachine object, whoever wrote them. */
  readonly labels: LabelSelector;
}

export interface ListVmsRequest {
  readonly scope: StatusScope;
  readonly filter: VmFilter;
  readonly view: ListView;
  readonly page: PageRequest;
  /** Bytes of a VM in the answer. */
  readonly bytesOf: (vm: VmView) => number;
}

/** Read from the API server; the model adds since when the NICs are in their states. @throws ObjectNotFound, KubeError. */
export async function getVm(
  { client, catalogue, model }: GetDependencies,
  ref: { readonly namespace: string; readonly name: string },
  signal?: AbortSignal,
): Promise<VmView> {
  const options = { signal };
  const [found, instance] = await Promise.all([
    client.find(virtualMachines, ref, options),
    client.find(virtualMachineInstances, ref, options),
  ]);
  if (found === undefined) throw new ObjectNotFound(vmSubject(ref));
  const known = readVm(found);
  const { spec } = known.record;
  const vmi = instance && readInstance(instance).object;
  const objects = await readVmObjects(client, known.vm, vmi, options);
  const inModel = model.of({ namespace: ref.namespace, vm: ref.name });
  const interfaces = interfaceStatuses(known.vm, vmi, spec).map((status) =>
    knownSince(
      status,
      inModel.find(({ nic }) => nic === status.nic),
    ),
  );
  return {
    ...viewOf(known, objects, interfaces, catalogue),
    pendingChanges: pendingChanges(known.vm, vmi),
    drift: driftOf(objects, spec, catalogue),
  };
}

/**
 * From the caches, in the order of the model. Secrets are not cached, so the addresses of VMs without a record are not
 * shown. @throws NotReady, BadPageSize, BadPageToken.
 */
export function listVms(dependencies: ListDependencies, request: ListVmsRequest): CachedPage<VmView> {
  const { view, model } = dependencies;
  const { scope, filter, page, bytesOf } = request;
  requireSynced(view);
  const keyOf = ({ namespace, vm }: VmKey): PageKey => [namespace, vm];
  const keys = byKey(model.vms(scope), keyOf);
  const { items, nextToken } = pageOf<{ readonly key: VmKey; readonly vm: VmView }>(
    {
      *after(position) {
        for (const key of keys.after(position)) {
          const vm = matchingView(key, dependencies, request);
          if (vm !== undefined) yield { key, vm };
        }
      },
      positionAfter: (listed) => keyOf((listed.at(-1) ?? listed[0]).key),
      bytesOf: ({ vm }) => bytesOf(vm),
      filter: JSON.stringify([
        scopeText(scope),
        [...filter.states].toSorted(),
        filter.node,
        filter.managed,
        filter.labels.text,
      ]),
      sizes: { default: 100, max: 500 },
    },
    page,
  );
  return { nextToken, currentAsOf: oldestMoment(cachesOf(view))?.time, items: items.map(({ vm }) => vm) };
}

/** undefined if the VM is not there any more or does not match the filter. */
function matchingView(
  key: VmKey,
  { view, model, catalogue }: ListDependencies,
  { filter, view: listView }: ListVmsRequest,
): VmView | undefined {
  const ref = { namespace: key.namespace, name: key.vm };
  const known = view.vms.get(ref);
  if (known === undefined) return undefined;
  const { vm } = known;
  const vmi = view.vmis.get(ref);
  const nics = model.of(key);
  if (filter.node !== "" && vmi?.status?.nodeName !== filter.node) return undefined;
  if (!filter.labels.matches(vm.metadata.labels)) return undefined;
  if (filter.managed !== undefined && filter.managed !== isManaged(vm)) return undefined;
  if (filter.states.size > 0 && !nics.some(({ state }) => filter.states.has(state))) return undefined;
  const objects = { vm, vmi, nads: nadsOf(vm, view), secrets: new Map() };
  const viewed = viewOf(known, objects, nics, catalogue);
  return listView === "full" ? { ...viewed, pendingChanges: pendingChanges(vm, vmi) } : viewed;
}

const maxWord = 253;
const maxNotes = 100;
const maxNote = 1_024;

interface GetDependencies {
  readonly client: KubeClient;
  readonly catalogue: Catalogue;
  readonly model: StatusModel;
}

interface ListDependencies {
  readonly view: ClusterView;
  readonly model: StatusModel;
  readonly catalogue: Catalogue;
}

function nadsOf(vm: VirtualMachine, { nads }: ClusterView): VmObjects["nads"] {
  return new Map(
    nadNamesOf(vm).flatMap((name) => {
      const nad = nads.get(refOf(name));
      return nad === undefined ? [] : [[name, nad] as const];
    }),
  );
}

function viewOf(
  { vm, record, notes }: RecordedVm,
  objects: VmObjects,
  interfaces: readonly InterfaceStatus[],
  catalogue: Catalogue,
): VmView {
  const { vmi } = objects;
  const { spec, notes: importNotes } = specOf(record.spec, objects, catalogue);
  const ofRecord =
    record.problem === undefined ? [] : [`record of the requested configuration: ${record.problem}`];
  return {
    spec,
    importNotes: firstNotes([...ofRecord, ...notes, ...importNotes]),
    managed: isManaged(vm),
    adopted: isAdopted(vm),
    printableStatus: bounded(vm.status?.printableStatus ?? "", maxWord),
    node: bounded(vmi?.status?.nodeName ?? "", maxWord),
    interfaces,
    pendingChanges: [],
    drift: [],
    etag: etagOf(vm),
    uid: vm.metadata.uid ?? "",
    createdAt: vm.metadata.creationTimestamp ?? "",
    deletedAt: vm.metadata.deletionTimestamp ?? "",
  };
}

/** One VM must not make an answer too long for its reader. */
function firstNotes(notes: readonly string[]): readonly string[] {
  const shown = notes.slice(0, maxNotes).map((note) => bounded(note, maxNote));
  const rest = notes.length - shown.length;
  return rest === 0 ? shown : [...shown, `and ${rest} more`];
}

/** As recorded, with the machine part that an adopted VM has; without a record as the objects show it. */
function specOf(recorded: VmSpec | undefined, objects: VmObjects, catalogue: Catalogue): ImportedVm {
  if (recorded === undefined) {
    const { spec, notes } = importVm(objects, catalogue);
    return { spec: withoutSecretText(spec), notes };
  }
  const { vm } = objects;
  const spec = isAdopted(vm) ? withoutSecretText(withMachineOf(recorded, vm)) : recorded;
  return { spec, notes: [] };
}
