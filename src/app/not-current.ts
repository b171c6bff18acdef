// Why caches are not loaded or no longer current, with the last failure of each kind and what to do about it.
import type { KubernetesObject } from "../domain/objects/kubernetes.ts";
import { KubeError } from "../kube/errors.ts";
import type { Resource } from "../kube/resource.ts";
import type { Cache } from "../kube/watch/cache.ts";

type Followed = Pick<Cache<unknown>, "resource" | "synced" | "health">;

/** Names each kind whose first list is missing; with its last failure, if there was one. */
export function whyNotSynced(caches: readonly Followed[]): string {
  const missing = caches.filter(({ synced }) => !synced);
  const failures = missing.flatMap((cache) => failureText(cache) ?? []);
  if (failures.length > 0) return failures.join("; ");
  const kinds = missing.map(({ resource }) => resource.kind).join(", ");
  return `still loading objects of kind ${kinds}; if this persists, check that the Kubernetes API server runs and can be reached`;
}

/** Names each kind whose last list or watch failed. Undefined if none did. */
export function whyNotCurrent(caches: readonly Followed[]): string | undefined {
  const failures = caches.flatMap((cache) => failureText(cache) ?? []);
  return failures.length === 0 ? undefined : failures.join("; ");
}

function failureText({ resource, health }: Followed): string | undefined {
  const { failure } = health();
  if (failure === undefined) return undefined;
  const message = failure instanceof Error ? failure.message : "an unknown failure";
  return `cannot read objects of kind ${resource.kind} (${qualified(resource)}): ${message} - ${remedy(resource, failure)}`;
}

/** As kubectl and RBAC rules spell it. */
function qualified({ plural, group }: Resource<KubernetesObject>): string {
  return group === "" ? plural : `${plural}.${group}`;
}

/** Who serves the kinds that a cluster may lack. */
const providers: Readonly<Record<string, string>> = {
  "kubevirt.io": "install KubeVirt",
  "k8s.cni.cncf.io": "install Multus with its CustomResourceDefinition",
};

function remedy(resource: Resource<KubernetesObject>, failure: unknown): string {
  if (!(failure instanceof KubeError)) return "multinic goes on trying";
  const { reason, status } = failure;
  if (reason === "NotServed" || reason === "NotFound")
    return providers[resource.group] ?? `serve ${qualified(resource)}`;
  if (reason === "Forbidden") {
    return `give the service account of multinic the verbs list and watch for ${qualified(resource)}`;
  }
  if (reason === "Unauthorized") return "check the token or client certificate that multinic uses";
  if (reason === "Unreachable") return "check that the API server runs and that its address is correct";
  if (reason === "Undecodable") return "check that the address is that of a Kubernetes API server";
  return status === 429 || status >= 500
    ? "the API server has a problem; multinic goes on trying"
    : "multinic goes on trying";
}
