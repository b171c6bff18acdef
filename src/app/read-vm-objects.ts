// A VM with what it refers to, read afresh: its NADs, its network-config, and its own Secret.
import { cloudInitVolumeOf } from "../domain/objects/cloud-init.ts";
import { fullNadName } from "../domain/names.ts";
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
import { networkAttachmentDefinitions, secrets } from "../kube/resource.ts";

/**
 * What may not be read is left out. Of Secrets only those with the network-config and the one under the VM's own name are
 * asked for: user-data of others is never read. @throws KubeError.
 */
export async function readVmObjects(
  client: KubeClient,
  vm: VirtualMachine,
  vmi: VirtualMachineInstance | undefined,
  options: CallOptions,
): Promise<VmObjects> {
  const namespace = vm.metadata.namespace ?? "";
  const nadNames = new Set(
    (vm.spec.template.spec.networks ?? []).flatMap(({ multus }) =>
      multus === undefined ? [] : [fullNadName(multus.networkName, namespace)],
    ),
  );
  const source = cloudInitVolumeOf(vm)?.source;
  const own = secretNameOf(vm.metadata.name);
  const secretNames = new Set([own, source?.networkDataSecretRef?.name ?? own]);
  const [nads, found] = await Promise.all([
    Promise.all([...nadNames].map((name) => findNad(client, name, options))),
    Promise.all([...secretNames].map((name) => readSecret(client, { namespace, name }, options))),
  ]);
  return { vm, vmi, nads: new Map(nads.flat()), secrets: new Map(found.flat()) };
}

type Named<T> = readonly (readonly [string, T])[];

async function findNad(
  client: KubeClient,
  fullName: string,
  options: CallOptions,
): Promise<Named<NetworkAttachmentDefinition>> {
  const [namespace = "", name = ""] = fullName.split("/");
  const nad = await readable(client.find(networkAttachmentDefinitions, { namespace, name }, options));
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
