// GetVM and ListVMs: VMs as they are, those that were made here and all others.
import { withMachineOf } from "../domain/adopt/adopted-spec.ts";
import type { Catalogue } from "../domain/catalogue.ts";
import { withoutSecretText } from "../domain/compile/virtual-machine.ts";
import type { Drift } from "../domain/drift/drift.ts";
import { driftOf } from "../domain/drift/vm-drift.ts";
import { fullNadName } from "../domain/names.ts";
import { importVm, type VmObjects } from "../domain/import/import-vm.ts";
import type { VirtualMachine } from "../domain/objects/kubernetes.ts";
import { isAdopted, isManaged } from "../domain/objects/ownership.ts";
import { type PendingChange, pendingChanges } from "../domain/plan/pending-changes.ts";
import { readVm } from "../domain/document/read-record.ts";
import type { RecordedVm } from "../domain/facts.ts";
import { readInstance } from "../domain/objects/read-objects.ts";
import type { VmSpec } from "../domain/spec.ts";
import { type InterfaceStatus, interfaceStatuses } from "../domain/status/interface-status.ts";
import type { KubeClient } from "../kube/kube-client.ts";
import { virtualMachineInstances, virtualMachines } from "../kube/resource.ts";
import type { ClusterView } from "./cluster-view.ts";
import { NotReady, ObjectNotFound } from "./errors.ts";
import { after, type Page, pageOf, type PageRequest } from "./pages.ts";
import { readVmObjects } from "./read-vm-objects.ts";
import { everything, type StatusModel, type VmKey } from "./status-model.ts";

export interface VmView {
  readonly spec: VmSpec;
  /** What of the VM or its record could not be read; of a VM without a record also what no spec can say. */
  readonly importNotes: readonly string[];
  readonly managed: boolean;
  /** Its NICs alone were taken over. */
  readonly adopted: boolean;
  readonly printableStatus: string;
  readonly node: string;
  readonly interfaces: readonly InterfaceStatus[];
  readonly pendingChanges: readonly PendingChange[];
  /** None in lists. */
  readonly drift: readonly Drift[];
  readonly etag: string;
  /** RFC 3339, empty while unknown. */
  readonly createdAt: string;
}

/** Read afresh. @throws ObjectNotFound, KubeError. */
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
  if (found === undefined) throw new ObjectNotFound("VirtualMachine", `${ref.namespace}/${ref.name}`);
  const known = readVm(found);
  const { spec } = known.record;
  const vmi = instance && readInstance(instance).object;
  const objects = await readVmObjects(client, known.vm, vmi, options);
  const interfaces = interfaceStatuses(known.vm, vmi, spec);
  return { ...viewOf(known, objects, interfaces, catalogue), drift: driftOf(objects, spec, catalogue) };
}

/**
 * From the service's memory, in order of namespace and name. Secrets are not in it, so that the addresses of VMs without a
 * record are not shown. @throws NotReady, BadPageToken.
 */
export function listVms(
  { view, model, catalogue }: ListDependencies,
  namespace: string,
  page: PageRequest,
): Page<VmView> {
  if (!view.vms.synced || !view.vmis.synced || !view.nads.synced)
    throw new NotReady("still loading objects from the API server");
  const keyOf = (key: VmKey): string => `${key.namespace}/${key.vm}`;
  const keys = model.vms({ ...everything, namespace });
  const { items, nextToken } = pageOf(after(keys, keyOf), keyOf, namespace, page, { default: 100, max: 500 });
  return {
    nextToken,
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
  const { namespace = "" } = vm.metadata;
  return new Map(
    (vm.spec.template.spec.networks ?? []).flatMap(({ multus }) => {
      if (multus === undefined) return [];
      const fullName = fullNadName(multus.networkName, namespace);
      const [nadNamespace = "", name = ""] = fullName.split("/");
      const nad = nads.get({ namespace: nadNamespace, name });
      return nad === undefined ? [] : [[fullName, nad] as const];
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
  const { spec, importNotes } =
    record.spec === undefined ? importedView(objects, catalogue) : recordedView(vm, record.spec);
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
    etag: vm.metadata.resourceVersion ?? "",
    createdAt: vm.metadata.creationTimestamp ?? "",
  };
}

/** Of an adopted VM the machine part is whatever it is. */
function recordedView(vm: VirtualMachine, recorded: VmSpec): Pick<VmView, "spec" | "importNotes"> {
  const spec = isAdopted(vm) ? withoutSecretText(withMachineOf(recorded, vm)) : recorded;
  return { spec, importNotes: [] };
}

function importedView(objects: VmObjects, catalogue: Catalogue): Pick<VmView, "spec" | "importNotes"> {
  const { spec, notes } = importVm(objects, catalogue);
  return { spec: withoutSecretText(spec), importNotes: notes };
}
