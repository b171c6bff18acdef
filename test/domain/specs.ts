// Specs and facts that tests start from: a VM with one clean static NIC, changed where a case needs it.
import { builtInCatalogue } from "../../src/domain/catalogue.ts";
import { checkVm } from "../../src/domain/validate/check-vm.ts";
import { type Facts, noFacts } from "../../src/domain/facts.ts";
import type { Finding } from "../../src/domain/findings.ts";
import type { NetworkAttachmentDefinition, VirtualMachine } from "../../src/domain/objects/kubernetes.ts";
import type { NetworkConfig, VmSpec } from "../../src/domain/spec.ts";

/** eth0 on the built-in bridge, 192.0.2.10/24. */
export const staticNic: NetworkConfig = {
  name: "eth0",
  ipConfig: { mode: "static", address: "192.0.2.10/24" },
};

export const dhcpNic: NetworkConfig = { name: "eth0", ipConfig: { mode: "dhcp" } };

/** A VM `web` in namespace `shop`. */
export function vmSpec(networks: readonly NetworkConfig[], machine: Partial<VmSpec> = {}): VmSpec {
  return { namespace: "shop", name: "web", networks, ...machine };
}

export function findingsOf(spec: VmSpec, facts: Partial<Facts> = {}): readonly Finding[] {
  return checkVm(spec, builtInCatalogue(), { ...noFacts, ...facts }).findings;
}

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

/** A stored VM `web` with those interfaces. */
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
