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
import { recordedSpec } from "../domain/document/read-record.ts";
import type { VmSpec } from "../domain/spec.ts";
import { type InterfaceStatus, interfaceStatuses } from "../domain/status/interface-status.ts";
import type { KubeClient } from "../kube/kube-client.ts";
import { virtualMachineInstances, virtualMachines } from "../kube/resource.ts";
import type { ClusterView } from "./cluster-view.ts";
import { NotReady, ObjectNotFound } from "./errors.ts";
import { type Page, pageOf, type PageRequest } from "./pages.ts";
import { readVmObjects } from "./read-vm-objects.ts";

export interface VmView {
  readonly spec: VmSpec;
  /** What of a VM that was not made here could not be read as a spec. */
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
  const options = signal === undefined ? {} : { signal };
  const [vm, vmi] = await Promise.all([
    client.find(virtualMachines, ref, options),
    client.find(virtualMachineInstances, ref, options),
  ]);
  if (vm === undefined) throw new ObjectNotFound("VirtualMachine", `${ref.namespace}/${ref.name}`);
  const objects = await readVmObjects(client, vm, vmi, options);
  return { ...viewOf(objects, catalogue), drift: driftOf(objects, catalogue) };
}

/**
 * From the service's memory, in order of namespace and name. Secrets are not in it, so that addresses of VMs that were not
 * made here are not told. @throws NotReady, BadPageToken.
 */
export function listVms(
  { view, catalogue }: { readonly view: ClusterView; readonly catalogue: Catalogue },
  namespace: string,
  page: PageRequest,
): Page<VmView> {
  if (!view.vms.synced || !view.vmis.synced || !view.nads.synced)
    throw new NotReady("the list of VMs is not complete yet");
  const keyOf = ({ metadata }: VirtualMachine): string => `${metadata.namespace}/${metadata.name}`;
  const sorted = [...view.vms.values()]
    .filter(({ metadata }) => namespace === "" || metadata.namespace === namespace)
    .toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const { items, nextToken } = pageOf(sorted, keyOf, namespace, page, { default: 100, max: 500 });
  const objectsOf = (vm: VirtualMachine): VmObjects => ({
    vm,
    vmi: view.vmis.get({ namespace: vm.metadata.namespace, name: vm.metadata.name }),
    nads: nadsOf(vm, view),
    secrets: new Map(),
  });
  return { nextToken, items: items.map((vm) => viewOf(objectsOf(vm), catalogue)) };
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

function viewOf(objects: VmObjects, catalogue: Catalogue): VmView {
  const { vm, vmi } = objects;
  const recorded = recordedSpec(vm);
  return {
    ...(recorded === undefined ? importedView(objects, catalogue) : recordedView(vm, recorded)),
    managed: isManaged(vm),
    adopted: isAdopted(vm),
    printableStatus: vm.status?.printableStatus ?? "",
    node: vmi?.status?.nodeName ?? "",
    interfaces: interfaceStatuses(vm, vmi),
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
