// GetVM and ListVMs: VMs as they are, those that were made here and all others.
import { importVm } from "../domain/import.ts";
import type { VirtualMachine, VirtualMachineInstance } from "../domain/objects.ts";
import { isManaged } from "../domain/ownership.ts";
import { pendingChanges } from "../domain/pending-changes.ts";
import { recordedSpec } from "../domain/recorded-spec.ts";
import type { VmSpec } from "../domain/spec.ts";
import { type InterfaceStatus, interfaceStatuses } from "../domain/status/interface-status.ts";
import type { KubeClient } from "../kube/kube-client.ts";
import { virtualMachineInstances, virtualMachines } from "../kube/resource.ts";
import type { ClusterView } from "./cluster-view.ts";
import { NotReady, ObjectNotFound } from "./errors.ts";
import { type Page, pageOf, type PageRequest } from "./pages.ts";

export interface VmView {
  readonly spec: VmSpec;
  readonly managed: boolean;
  readonly printableStatus: string;
  readonly node: string;
  readonly interfaces: readonly InterfaceStatus[];
  readonly pendingChanges: readonly string[];
  readonly etag: string;
  /** RFC 3339, empty while unknown. */
  readonly createdAt: string;
}

/** Read afresh. @throws ObjectNotFound, KubeError. */
export async function getVm(
  client: KubeClient,
  ref: { readonly namespace: string; readonly name: string },
  signal?: AbortSignal,
): Promise<VmView> {
  const options = signal === undefined ? {} : { signal };
  const [vm, vmi] = await Promise.all([
    client.find(virtualMachines, ref, options),
    client.find(virtualMachineInstances, ref, options),
  ]);
  if (vm === undefined) throw new ObjectNotFound("VirtualMachine", `${ref.namespace}/${ref.name}`);
  return viewOf(vm, vmi);
}

/** From the service's memory, in order of namespace and name. @throws NotReady, BadPageToken. */
export function listVms(view: ClusterView, namespace: string, page: PageRequest): Page<VmView> {
  if (!view.vms.synced || !view.vmis.synced) throw new NotReady("the list of VMs is not complete yet");
  const keyOf = ({ metadata }: VirtualMachine): string => `${metadata.namespace}/${metadata.name}`;
  const sorted = [...view.vms.values()]
    .filter(({ metadata }) => namespace === "" || metadata.namespace === namespace)
    .toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const { items, nextToken } = pageOf(sorted, keyOf, namespace, page, { default: 100, max: 500 });
  return {
    nextToken,
    items: items.map((vm) =>
      viewOf(vm, view.vmis.get({ namespace: vm.metadata.namespace, name: vm.metadata.name })),
    ),
  };
}

function viewOf(vm: VirtualMachine, vmi: VirtualMachineInstance | undefined): VmView {
  return {
    spec: recordedSpec(vm) ?? importVm(vm),
    managed: isManaged(vm),
    printableStatus: vm.status?.printableStatus ?? "",
    node: vmi?.status?.nodeName ?? "",
    interfaces: interfaceStatuses(vm, vmi),
    pendingChanges: pendingChanges(vm, vmi),
    etag: vm.metadata.resourceVersion ?? "",
    createdAt: vm.metadata.creationTimestamp ?? "",
  };
}
