// VMIs, pods and NADs that the tests of the node create.
import type {
  NetworkAttachmentDefinition,
  VirtualMachineInstance,
  VmInterface,
  VmNetwork,
  VmVolume,
} from "../../../src/domain/objects/kubernetes.ts";
import { annotations, labels, type Pod } from "../../../src/local/kubevirt/resources.ts";
import { podInterfaceName } from "../../../src/local/kubevirt/nics.ts";

/** A VMI with these NICs; by default each network is a NAD with the NIC's name. */
export function makeVmi(
  interfaces: VmInterface[],
  options: {
    readonly name?: string;
    readonly networks?: VmNetwork[];
    readonly volumes?: VmVolume[];
    readonly uuid?: string;
    readonly multiqueueCores?: number;
  } = {},
): VirtualMachineInstance {
  const name = options.name ?? "vm1";
  const { multiqueueCores: cores } = options;
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstance",
    metadata: { name, namespace: "default", uid: `uid-${name}` },
    spec: {
      domain: {
        firmware: { uuid: options.uuid ?? "11111111-1111-1111-1111-111111111111" },
        ...(cores === undefined ? {} : { cpu: { cores } }),
        devices: { interfaces, ...(cores === undefined ? {} : { networkInterfaceMultiqueue: true }) },
      },
      networks:
        options.networks ?? interfaces.map((nic) => ({ name: nic.name, multus: { networkName: nic.name } })),
      volumes: options.volumes ?? [],
    },
    status: {},
  };
}

/** The virt-launcher pod of a VMI, with the Multus annotation that KubeVirt writes. */
export function makePod(vmi: VirtualMachineInstance, name = `virt-launcher-${vmi.metadata.name}`): Pod {
  const namespace = vmi.metadata.namespace ?? "default";
  const macs = new Map(vmi.spec.domain.devices.interfaces?.map((nic) => [nic.name, nic.macAddress]));
  const networks = (vmi.spec.networks ?? []).flatMap(({ name: nic, multus }) => {
    if (multus === undefined) return [];
    const mac = macs.get(nic);
    return [
      {
        name: multus.networkName,
        namespace,
        ...(mac === undefined ? {} : { mac }),
        interface: podInterfaceName(nic),
      },
    ];
  });
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace,
      labels: { [labels.app]: "virt-launcher", [labels.createdBy]: vmi.metadata.uid ?? "" },
      annotations: { [annotations.networks]: JSON.stringify(networks) },
    },
    spec: { containers: [{ name: "compute", image: "virt-launcher:v1.9.0" }] },
  };
}

/** A NAD of the bridge plugin, or with the given configuration. */
export function makeNad(
  name: string,
  config = JSON.stringify({ cniVersion: "0.3.1", name, type: "bridge", bridge: "br1" }),
): NetworkAttachmentDefinition {
  return {
    apiVersion: "k8s.cni.cncf.io/v1",
    kind: "NetworkAttachmentDefinition",
    metadata: { name, namespace: "default" },
    spec: { config },
  };
}
