// Reads the objects that a VM refers to, on every call: its NADs, its network-config, and multinic's Secret for it.
import { cloudInitVolumeOf } from "../domain/objects/cloud-init.ts";
import { nadNamesOf } from "../domain/names.ts";
import type { VmObjects } from "../domain/import/import-vm.ts";
import type { VirtualMachine, VirtualMachineInstance } from "../domain/objects/kubernetes.ts";
import { readNad } from "../domain/objects/read-objects.ts";
import { secretNameOf } from "../domain/objects/ownership.ts";
import { isKubeError } from "../kube/errors.ts";
import type { CallOptions, KubeClient } from "../kube/kube-client.ts";
import { refOf } from "../kube/object-key.ts";
import { networkAttachmentDefinitions, secrets } from "../kube/resource.ts";

type Known = Pick<VmObjects, "nads" | "secrets">;

const nothing: Known = { nads: new Map(), secrets: new Map() };

/**
 * Objects that the service may not read are left out. Only two Secrets are read, the one with the network-config and the
 * one with the name of multinic's own: never the user-data of VMs that multinic did not create. `known` was read already.
 * @throws KubeError.
 */
export async function readVmObjects(
  client: KubeClient,
  vm: VirtualMachine,
  vmi: VirtualMachineInstance | undefined,
  options: CallOptions,
  known: Known = nothing,
): Promise<VmObjects> {
  const { namespace = "", name: vmName } = vm.metadata;
  const volume = cloudInitVolumeOf(vm);
  const secretNames = [secretNameOf(vmName), volume?.source.networkDataSecretRef?.name];
  const [nads, found] = await Promise.all([
    readEach(nadNamesOf(vm), known.nads, (name) =>
      client.find(networkAttachmentDefinitions, refOf(name), options),
    ),
    readEach(secretNames, known.secrets, (name) => client.find(secrets, { namespace, name }, options)),
  ]);
  const existing = nads.flatMap(([name, nad]) =>
    nad === undefined ? [] : [[name, readNad(nad).object] as const],
  );
  return {
    vm,
    vmi,
    nads: new Map([...known.nads, ...existing]),
    secrets: new Map([...known.secrets, ...found]),
  };
}

/** Reads each name once, except names in `known`; objects that the service may not read are left out. */
async function readEach<T>(
  names: readonly (string | undefined)[],
  known: ReadonlyMap<string, unknown>,
  read: (name: string) => Promise<T>,
): Promise<readonly (readonly [string, T])[]> {
  const unread = [...new Set(names)].filter((name) => name !== undefined).filter((name) => !known.has(name));
  const readings = unread.map(async (name): Promise<readonly (readonly [string, T])[]> => {
    try {
      return [[name, await read(name)]];
    } catch (error) {
      if (isKubeError(error, "Forbidden")) return [];
      throw error;
    }
  });
  return (await Promise.all(readings)).flat();
}
