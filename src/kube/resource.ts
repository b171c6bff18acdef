// The kinds that the product and the embedded cluster use: their place in the API and their types.
import type {
  KubernetesEvent,
  KubernetesObject,
  KubeVirt,
  Lease,
  Namespace,
  NetworkAttachmentDefinition,
  Node,
  NodeNetworkState,
  Pod,
  Secret,
  ServiceCidr,
  VirtualMachine,
  VirtualMachineInstance,
  Wukong,
} from "../domain/objects/kubernetes.ts";

/** One kind of object at the API server. `shape` only carries the type and is never set. */
export interface Resource<T extends KubernetesObject> {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly shape?: T;
}

function resource<T extends KubernetesObject>(
  group: string,
  version: string,
  plural: string,
  kind: string,
  namespaced = true,
): Resource<T> {
  return { group, version, plural, kind, namespaced };
}

export const virtualMachines = resource<VirtualMachine>(
  "kubevirt.io",
  "v1",
  "virtualmachines",
  "VirtualMachine",
);
export const virtualMachineInstances = resource<VirtualMachineInstance>(
  "kubevirt.io",
  "v1",
  "virtualmachineinstances",
  "VirtualMachineInstance",
);
export const networkAttachmentDefinitions = resource<NetworkAttachmentDefinition>(
  "k8s.cni.cncf.io",
  "v1",
  "network-attachment-definitions",
  "NetworkAttachmentDefinition",
);
export const kubeVirts = resource<KubeVirt>("kubevirt.io", "v1", "kubevirts", "KubeVirt");
export const secrets = resource<Secret>("", "v1", "secrets", "Secret");
export const namespaces = resource<Namespace>("", "v1", "namespaces", "Namespace", false);
export const pods = resource<Pod>("", "v1", "pods", "Pod");
export const nodes = resource<Node>("", "v1", "nodes", "Node", false);
export const serviceCidrs = resource<ServiceCidr>(
  "networking.k8s.io",
  "v1",
  "servicecidrs",
  "ServiceCIDR",
  false,
);
export const nodeNetworkStates = resource<NodeNetworkState>(
  "nmstate.io",
  "v1beta1",
  "nodenetworkstates",
  "NodeNetworkState",
  false,
);

export const wukongs = resource<Wukong>("vm.novasphere.dev", "v1alpha1", "wukongs", "Wukong");
export const leases = resource<Lease>("coordination.k8s.io", "v1", "leases", "Lease");
export const events = resource<KubernetesEvent>("", "v1", "events", "Event");

/** `/api/v1/namespaces/NS/secrets/NAME` or `/apis/GROUP/VERSION/…`; every part is percent-encoded. */
export function resourcePath(
  resource: Resource<KubernetesObject>,
  where: { readonly namespace?: string | undefined; readonly name?: string | undefined },
  subresource?: string,
): string {
  const parts =
    resource.group === "" ? ["api", resource.version] : ["apis", resource.group, resource.version];
  if (resource.namespaced && where.namespace !== undefined) parts.push("namespaces", where.namespace);
  parts.push(resource.plural);
  if (where.name !== undefined) parts.push(where.name);
  if (subresource !== undefined) parts.push(subresource);
  return `/${parts.map(encodeURIComponent).join("/")}`;
}
