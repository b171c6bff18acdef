// Kubernetes objects that tests start from.
import type { Facts } from "../../src/domain/facts.ts";
import type {
  NetworkAttachmentDefinition,
  Secret,
  VirtualMachine,
  VirtualMachineInstance,
} from "../../src/domain/objects/kubernetes.ts";

/** A NAD of namespace `shop`, or NAMESPACE/NAME; `resourceName` as its annotation. */
export function nad(name: string, config: unknown, resourceName?: string): NetworkAttachmentDefinition {
  const [namespace, short] = name.includes("/") ? name.split("/") : ["shop", name];
  return {
    apiVersion: "k8s.cni.cncf.io/v1",
    kind: "NetworkAttachmentDefinition",
    metadata: {
      name: short ?? "",
      namespace: namespace ?? "",
      ...(resourceName === undefined
        ? {}
        : { annotations: { "k8s.v1.cni.cncf.io/resourceName": resourceName } }),
    },
    spec: { config: typeof config === "string" ? config : JSON.stringify(config) },
  };
}

export function nads(...objects: readonly NetworkAttachmentDefinition[]): Facts["nads"] {
  return new Map(objects.map((object) => [`${object.metadata.namespace}/${object.metadata.name}`, object]));
}

/** The VM shop/web with these interfaces, as the API server returns it. */
export function storedVm(
  interfaces: VirtualMachine["spec"]["template"]["spec"]["domain"]["devices"]["interfaces"] = [],
): VirtualMachine {
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachine",
    metadata: { name: "web", namespace: "shop", uid: "vm-uid", resourceVersion: "7" },
    spec: {
      runStrategy: "Always",
      template: {
        spec: {
          domain: { devices: { interfaces } },
          networks: interfaces.map(({ name }) => ({ name, multus: { networkName: `net-${name}` } })),
        },
      },
    },
  };
}

/** The instance of VM shop/web. It runs, unless the status has another phase. */
export function instanceOfWeb(
  status: VirtualMachineInstance["status"],
  spec: VirtualMachineInstance["spec"] = { domain: { devices: {} } },
): VirtualMachineInstance {
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstance",
    metadata: { name: "web", namespace: "shop" },
    spec,
    status: { phase: "Running", ...status },
  };
}

/** A Secret; the values are base64. */
export function secretOf(name: string, data: Readonly<Record<string, string>>): Secret {
  return { apiVersion: "v1", kind: "Secret", metadata: { name }, data };
}

export function namespaceOf(name: string) {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name } } as const;
}
