// Which NADs must stay because something runs on them: Kubernetes' garbage collector deletes a NAD with its last owner.
import { fullNadName, nadNamesOf } from "../domain/names.ts";
import { isFinal } from "../domain/objects/instance-status.ts";
import type { VirtualMachine, VirtualMachineInstance } from "../domain/objects/kubernetes.ts";
import { nadsOfPod } from "../domain/network/pod-networks.ts";
import { isKubeError } from "../kube/errors.ts";
import type { CallOptions, KubeClient } from "../kube/kube-client.ts";
import { keyOf } from "../kube/object-key.ts";
import { pods } from "../kube/resource.ts";
import type { NicsInUse } from "./nics-in-use.ts";

/** True for a NAD, NAMESPACE/NAME, that must stay. */
export type IsInUse = (nad: string) => boolean;

/**
 * What the VM's instance and its pods use. virt-controller writes another NAD into the instance before the migration to it, so
 * only the pods show what the guest is attached to: source and target of a migration alike. If the service may not list pods,
 * every NAD is in use while there is an instance that has not ended.
 * `vm`: as stored; while it runs, KubeVirt may be about to attach the NADs that it names. @throws KubeError.
 */
export async function usedByInstance(
  client: KubeClient,
  { vm, vmi }: { readonly vm: VirtualMachine; readonly vmi: VirtualMachineInstance | undefined },
  options: CallOptions,
): Promise<IsInUse> {
  if (vmi === undefined || isFinal(vmi)) return () => false;
  const ofPods = await nadsOfPods(client, vmi, options);
  if (ofPods === undefined) return () => true;
  const used = new Set([...ofPods, ...nadNamesOf(vm), ...nadsOfInstance(vmi)]);
  return (nad) => used.has(nad);
}

/** What other VMs and their instances name. */
export function usedByOthers(inUse: NicsInUse, { metadata }: VirtualMachine): IsInUse {
  const own = keyOf(metadata);
  return (nad) => inUse.usersOf(nad).some((user) => keyOf(user) !== own);
}

function nadsOfInstance({ metadata, spec }: VirtualMachineInstance): readonly string[] {
  return (spec.networks ?? []).flatMap(({ multus }) =>
    multus === undefined ? [] : fullNadName(multus.networkName, metadata.namespace ?? ""),
  );
}

/** The label of virt-launcher pods with the uid of their instance (kubevirt.io/api/core/v1 CreatedByLabel). */
const createdByLabel = "kubevirt.io/created-by";

/** Of the pods that have not ended; undefined if the service may not list pods. */
async function nadsOfPods(
  client: KubeClient,
  { metadata: { namespace, uid } }: VirtualMachineInstance,
  options: CallOptions,
): Promise<readonly string[] | undefined> {
  try {
    const labelSelector = `${createdByLabel}=${uid}`;
    const { items } = await client.list(pods, { ...options, namespace, labelSelector });
    return items
      .filter(({ status }) => !["Succeeded", "Failed"].includes(status?.phase ?? ""))
      .flatMap(nadsOfPod);
  } catch (error) {
    if (isKubeError(error, "Forbidden")) return undefined;
    throw error;
  }
}
