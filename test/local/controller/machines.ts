// VMs for the tests, and edits that make the recorded changes.
import type { VmInterface, VmNetwork } from "../../../src/domain/objects/kubernetes.ts";
import type { Vm } from "../../../src/local/kubevirt/controller/objects.ts";

export interface Nic {
  readonly nic: VmInterface;
  readonly network: VmNetwork;
}

export function podNic(name = "default"): Nic {
  return { nic: { name, masquerade: {} }, network: { name, pod: {} } };
}

export function bridgeNic(name: string, networkName: string, more: Partial<VmInterface> = {}): Nic {
  return { nic: { name, bridge: {}, ...more }, network: { name, multus: { networkName } } };
}

export function sriovNic(name: string, networkName: string): Nic {
  return { nic: { name, sriov: {} }, network: { name, multus: { networkName } } };
}

export function pluginNic(name: string, plugin: string, networkName: string): Nic {
  return { nic: { name, binding: { name: plugin } }, network: { name, multus: { networkName } } };
}

export function machine(nics: readonly Nic[], more: Partial<Vm["spec"]> = {}): Vm {
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachine",
    metadata: { name: "vm", namespace: "default" },
    spec: {
      runStrategy: "Always",
      template: {
        spec: {
          domain: {
            memory: { guest: "256Mi" },
            devices: {
              disks: [{ name: "root", disk: { bus: "virtio" } }],
              interfaces: nics.map(({ nic }) => structuredClone(nic)),
            },
          },
          networks: nics.map(({ network }) => structuredClone(network)),
          volumes: [{ name: "root", containerDisk: { image: "guest:1" } }],
        },
      },
      ...more,
    },
  };
}

/** An edit of a VM's spec. */
export type Edit = (spec: Vm["spec"]) => void;

export function add({ nic, network }: Nic): Edit {
  return ({ template: { spec } }) => {
    spec.domain.devices.interfaces = [...(spec.domain.devices.interfaces ?? []), structuredClone(nic)];
    spec.networks = [...(spec.networks ?? []), structuredClone(network)];
  };
}

export function remove(name: string): Edit {
  return ({ template: { spec } }) => {
    spec.domain.devices.interfaces = spec.domain.devices.interfaces?.filter((nic) => nic.name !== name) ?? [];
    spec.networks = spec.networks?.filter((network) => network.name !== name) ?? [];
  };
}

export function editNic(name: string, edit: (nic: VmInterface) => void): Edit {
  return ({ template: { spec } }) => {
    for (const nic of spec.domain.devices.interfaces ?? []) if (nic.name === name) edit(nic);
  };
}

export function state(name: string, value: "up" | "down" | "absent" | undefined): Edit {
  return editNic(name, (nic) => {
    if (value === undefined) delete nic.state;
    else nic.state = value;
  });
}

export function nad(name: string, networkName: string): Edit {
  return ({ template: { spec } }) => {
    for (const network of spec.networks ?? []) {
      if (network.name === name && network.multus !== undefined) network.multus.networkName = networkName;
    }
  };
}

export function all(...edits: readonly Edit[]): Edit {
  return (spec) => {
    for (const edit of edits) edit(spec);
  };
}
