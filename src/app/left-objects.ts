// What calls that were interrupted have left: objects without the VM as an owner.
import { nadNamesOf } from "../domain/names.ts";
import type { KubernetesObject, Secret, VirtualMachine } from "../domain/objects/kubernetes.ts";
import {
  isAdopted,
  isManaged,
  managedBy,
  managedByLabel,
  secretNameOf,
  vmLabel,
} from "../domain/objects/ownership.ts";
import { isKubeError } from "../kube/errors.ts";
import type { CallOptions, KubeClient, ObjectRef } from "../kube/kube-client.ts";
import { keyOf, refOf } from "../kube/object-key.ts";
import {
  networkAttachmentDefinitions,
  type Resource,
  secrets,
  virtualMachineInstances,
  virtualMachines,
} from "../kube/resource.ts";
import type { ClusterView } from "./cluster-view.ts";

/** An object of multinic that no VM owns or uses; of a Secret the content is left out. */
export interface LeftObject {
  readonly resource: Resource<KubernetesObject>;
  readonly object: KubernetesObject;
}

/** A generated NAD and a VM. */
export interface NadOfVm {
  readonly nad: KubernetesObject;
  readonly vm: VirtualMachine;
}

const isUnowned = ({ metadata }: KubernetesObject): boolean => (metadata.ownerReferences ?? []).length === 0;

/** From the caches. Default: of all namespaces. */
export function leftNads({ nads, nicsInUse }: ClusterView, namespace?: string): readonly LeftObject[] {
  return [...nads.values()]
    .filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace)
    .filter((nad) => isManaged(nad) && isUnowned(nad) && nicsInUse.usersOf(keyOf(nad.metadata)).length === 0)
    .map((object) => ({ resource: networkAttachmentDefinitions, object }));
}

/** NADs that a VM owns and no longer names. From the caches. */
export function unusedOwned({ vms, nads, nicsInUse }: ClusterView): readonly NadOfVm[] {
  return [...nads.values()].filter(isManaged).flatMap((nad) => {
    const { namespace, ownerReferences = [] } = nad.metadata;
    return ownerReferences.flatMap(({ name, uid }) => {
      const vm = vms.get({ namespace, name })?.vm;
      if (vm === undefined || vm.metadata.uid !== uid) return [];
      return nicsInUse.usersOf(keyOf(nad.metadata)).some((user) => user.name === name) ? [] : [{ nad, vm }];
    });
  });
}

/** NADs that a VM uses without owning them. From the caches. A VM that multinic does not write owns nothing of it. */
export function unownedUses({ vms, nads }: ClusterView): readonly NadOfVm[] {
  return [...vms.values()].flatMap(({ vm }) => {
    const { namespace, uid, deletionTimestamp } = vm.metadata;
    if (deletionTimestamp !== undefined || !(isManaged(vm) || isAdopted(vm))) return [];
    return [...new Set(nadNamesOf(vm))].flatMap((name) => {
      const nad = nads.get(refOf(name));
      if (nad === undefined || !isManaged(nad) || nad.metadata.namespace !== namespace) return [];
      const owners = nad.metadata.ownerReferences ?? [];
      return owners.some((owner) => owner.uid === uid) ? [] : [{ nad, vm }];
    });
  });
}

/** Secrets are read in small pages, because each may hold 1 MiB. */
const pageSize = 50;

/** undefined if the service may not list Secrets. @throws KubeError. */
export async function leftSecrets(
  client: KubeClient,
  { vms }: ClusterView,
  options: CallOptions,
): Promise<readonly LeftObject[] | undefined> {
  const left: LeftObject[] = [];
  const labelSelector = `${managedByLabel}=${managedBy},${vmLabel}`;
  let continueToken: string | undefined;
  do {
    try {
      const page = await client.listPage(secrets, {
        ...options,
        labelSelector,
        limit: pageSize,
        continueToken,
      });
      for (const secret of page.items) {
        const { namespace } = secret.metadata;
        const name = vmOf(secret);
        if (isUnowned(secret) && name !== undefined && vms.get({ namespace, name }) === undefined)
          left.push(withoutContent(secret));
      }
      continueToken = page.continueToken;
    } catch (error) {
      if (isKubeError(error, "Forbidden")) return undefined;
      throw error;
    }
  } while (continueToken !== undefined);
  return left;
}

/** The Secret of a VM that does not exist; undefined if there is none or it is not multinic's. @throws KubeError. */
export async function leftSecretOf(
  client: KubeClient,
  { namespace, name }: ObjectRef,
  options: CallOptions,
): Promise<LeftObject | undefined> {
  const secret = await client.find(secrets, { namespace, name: secretNameOf(name) }, options);
  const isLeft = secret !== undefined && isManaged(secret) && isUnowned(secret) && vmOf(secret) === name;
  return isLeft ? withoutContent(secret) : undefined;
}

/** The VM of a Secret with multinic's name and labels. */
function vmOf({ metadata }: KubernetesObject): string | undefined {
  const vm = metadata.labels?.[vmLabel] ?? "";
  return metadata.name === secretNameOf(vm) ? vm : undefined;
}

function withoutContent({ apiVersion, kind, metadata }: Secret): LeftObject {
  return { resource: secrets, object: { apiVersion, kind, metadata } };
}

/**
 * Deletes the object, unless it has changed since or, as the API server has it now, its VM or instance exists; false then.
 * @throws KubeError.
 */
export async function deleteLeft(
  client: KubeClient,
  { resource, object }: LeftObject,
  options: CallOptions,
): Promise<boolean> {
  const { namespace, name, uid, resourceVersion } = object.metadata;
  const vm = resource === secrets ? vmOf(object) : undefined;
  if (vm !== undefined) {
    const ref = { namespace, name: vm };
    const found = await Promise.all([
      client.find(virtualMachines, ref, options),
      client.find(virtualMachineInstances, ref, options),
    ]);
    if (found.some((each) => each !== undefined)) return false;
  }
  try {
    await client.delete(resource, { namespace, name }, { ...options, uid, resourceVersion });
    return true;
  } catch (error) {
    if (isKubeError(error, "NotFound") || isKubeError(error, "Conflict")) return false;
    throw error;
  }
}
