// A VM with what it refers to, read on every call: its NADs, its network-config, and its own Secret.
import { cloudInitVolumeOf } from "../domain/objects/cloud-init.ts";
import { nadNamesOf } from "../domain/names.ts";
import type { VmObjects } from "../domain/import/import-vm.ts";
import type {
  NetworkAttachmentDefinition,
  Secret,
  VirtualMachine,
  VirtualMachineInstance,
} from "../domain/objects/kubernetes.ts";
import { readNad } from "../domain/objects/read-objects.ts";
import { secretNameOf } from "../domain/objects/ownership.ts";
import { isKubeError } from "../kube/errors.ts";
import type { CallOptions, KubeClient } from "../kube/kube-client.ts";
import { refOf } from "../kube/object-key.ts";
import { networkAttachmentDefinitions, secrets } from "../kube/resource.ts";

/** What was read already, by the keys of VmObjects. */
type Known = Pick<VmObjects, "nads" | "secrets">;

const nothing: Known = { nads: new Map(), secrets: new Map() };

/**
 * What may not be read is left out. Of Secrets, only the one with the network-config and the one that has the name of the
 * VM's own are read: never the user-data of VMs that multinic did not create. What is `known` is not read again.
 * @throws KubeError.
 */
export async function readVmObjects(
  client: KubeClient,
  vm: VirtualMachine,
  vmi: VirtualMachineInstance | undefined,
  options: CallOptions,
  known: Known = nothing,
): Promise<VmObjects> {
  const namespace = vm.metadata.namespace ?? "";
  const nadNames = new Set(nadNamesOf(vm));
  const own = secretNameOf(vm.metadata.name);
  const secretNames = new Set([own, cloudInitVolumeOf(vm)?.source.networkDataSecretRef?.name]);
  const unread = (names: ReadonlySet<string | undefined>, read: ReadonlyMap<string, unknown>) =>
    [...names].filter((name) => name !== undefined).filter((name) => !read.has(name));
  const [nads, found] = await Promise.all([
    Promise.all(unread(nadNames, known.nads).map((name) => findNad(client, name, options))),
    Promise.all(
      unread(secretNames, known.secrets).map((name) => readSecret(client, { namespace, name }, options)),
    ),
  ]);
  return {
    vm,
    vmi,
    nads: new Map([...known.nads, ...nads.flat()]),
    secrets: new Map([...known.secrets, ...found.flat()]),
  };
}

type Named<T> = readonly (readonly [string, T])[];

async function findNad(
  client: KubeClient,
  fullName: string,
  options: CallOptions,
): Promise<Named<NetworkAttachmentDefinition>> {
  const nad = await readable(client.find(networkAttachmentDefinitions, refOf(fullName), options));
  return nad === undefined || nad === "forbidden" ? [] : [[fullName, readNad(nad).object]];
}

async function readSecret(
  client: KubeClient,
  ref: { readonly namespace: string; readonly name: string },
  options: CallOptions,
): Promise<Named<Secret | undefined>> {
  const secret = await readable(client.find(secrets, ref, options));
  return secret === "forbidden" ? [] : [[ref.name, secret]];
}

async function readable<T>(reading: Promise<T>): Promise<T | "forbidden"> {
  try {
    return await reading;
  } catch (error) {
    if (isKubeError(error, "Forbidden")) return "forbidden";
    throw error;
  }
}
