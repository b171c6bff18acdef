// GetVM and ListVMs: all VMs, whether or not multinic created them.
import { withMachineOf } from "../domain/adopt/adopted-spec.ts";
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
import { type InterfaceStatus, interfaceStatuses } from "../domain/status/interface-status.ts";
import type { KubeClient } from "../kube/kube-client.ts";
import { refOf } from "../kube/object-key.ts";
import { virtualMachineInstances, virtualMachines } from "../kube/resource.ts";
import { cachesOf, type ClusterView, oldestMoment, requireSynced } from "./cluster-view.ts";
import { ObjectNotFound, vmSubject } from "./errors.ts";
import { after, type CachedPage, pageOf, type PageRequest } from "./pages.ts";
import { readVmObjects } from "./read-vm-objects.ts";
import { everything, type StatusModel, type VmKey } from "./status-model.ts";

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
  /** RFC 3339, empty while unknown. */
  readonly createdAt: string;
}

/** Read from the API server. @throws ObjectNotFound, KubeError. */
export async function getVm(
  { client, catalogue }: { readonly client: KubeClient; readonly catalogue: Catalogue },
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
  const interfaces = interfaceStatuses(known.vm, vmi, spec);
  return { ...viewOf(known, objects, interfaces, catalogue), drift: driftOf(objects, spec, catalogue) };
}

/** Every condition must hold. */
export interface VmFilter {
  /** Of the labels of the VirtualMachine object, whoever wrote them. */
  readonly labels: LabelSelector;
}

/**
 * From the caches, in order of namespace and name. Secrets are not cached, so the addresses of VMs without a record are
 * not shown. @throws NotReady, BadPageSize, BadPageToken.
 */
export function listVms(
  { view, model, catalogue }: ListDependencies,
  { namespace, filter }: { readonly namespace: string; readonly filter: VmFilter },
  page: PageRequest,
): CachedPage<VmView> {
  requireSynced(view);
  const keyOf = (key: VmKey): string => `${key.namespace}/${key.vm}`;
  const keys = model.vms({ ...everything, namespace }).filter(({ namespace, vm: name }) => {
    const known = view.vms.get({ namespace, name });
    return known !== undefined && filter.labels.matches(known.vm.metadata.labels);
  });
  const filters = JSON.stringify([namespace, filter.labels.text]);
  const { items, nextToken } = pageOf(after(keys, keyOf), keyOf, filters, page, { default: 100, max: 500 });
  return {
    nextToken,
    currentAsOf: oldestMoment(cachesOf(view))?.time,
    items: items.flatMap((key) => {
      const ref = { namespace: key.namespace, name: key.vm };
      const known = view.vms.get(ref);
      if (known === undefined) return [];
      const { vm } = known;
      const objects = { vm, vmi: view.vmis.get(ref), nads: nadsOf(vm, view), secrets: new Map() };
      return [viewOf(known, objects, model.of(key), catalogue)];
    }),
  };
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
    importNotes: [...ofRecord, ...notes, ...importNotes],
    managed: isManaged(vm),
    adopted: isAdopted(vm),
    printableStatus: vm.status?.printableStatus ?? "",
    node: vmi?.status?.nodeName ?? "",
    interfaces,
    pendingChanges: pendingChanges(vm, vmi),
    drift: [],
    etag: etagOf(vm),
    createdAt: vm.metadata.creationTimestamp ?? "",
  };
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
