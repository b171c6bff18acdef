// Finds a VM's cloud-init data: in the volume itself or in Secrets.
import type { CloudInitSource, Secret, VirtualMachine } from "./kubernetes.ts";

/** The volume with the cloud-init data; the first if there are several. */
export interface CloudInitVolume {
  readonly name: string;
  readonly kind: "cloudInitNoCloud" | "cloudInitConfigDrive";
  readonly source: CloudInitSource;
}

/** undefined for a VM without cloud-init. */
export function cloudInitVolumeOf(vm: VirtualMachine): CloudInitVolume | undefined {
  for (const { name, cloudInitNoCloud, cloudInitConfigDrive } of vm.spec.template.spec.volumes ?? []) {
    if (cloudInitNoCloud !== undefined) return { name, kind: "cloudInitNoCloud", source: cloudInitNoCloud };
    if (cloudInitConfigDrive !== undefined)
      return { name, kind: "cloudInitConfigDrive", source: cloudInitConfigDrive };
  }
  return undefined;
}

/** The location of the guest's network-config, as text; empty if the VM has none. */
export function placeOfNetworkConfig(vm: VirtualMachine): string {
  const source = cloudInitVolumeOf(vm)?.source;
  if (source?.networkDataSecretRef !== undefined) return `Secret ${source.networkDataSecretRef.name}`;
  return (source?.networkData ?? source?.networkDataBase64) === undefined ? "" : "in the VM itself";
}

/** The text, or why it cannot be read; undefined if the VM has none. */
export type FoundText = { readonly text: string } | { readonly problem: string } | undefined;

/** The network-config that the guest gets. `secrets`: those that could be read, by name. */
export function networkDataOf(
  volume: CloudInitVolume | undefined,
  secrets: ReadonlyMap<string, Secret | undefined>,
): FoundText {
  if (volume === undefined) return undefined;
  const { networkData, networkDataBase64, networkDataSecretRef } = volume.source;
  const inline = networkData ?? decoded(networkDataBase64);
  if (inline === undefined && networkDataSecretRef === undefined) return undefined;
  if (volume.kind === "cloudInitConfigDrive") {
    return { problem: "it is on a config drive, in OpenStack's format" };
  }
  if (inline !== undefined) return { text: inline };
  const { name = "" } = networkDataSecretRef ?? {};
  const secret = secrets.get(name);
  if (secret === undefined) {
    const why = secrets.has(name) ? "does not exist" : "could not be read";
    return { problem: `it is in Secret ${name}, which ${why}` };
  }
  const text = secretText(secret, "networkdata") ?? secretText(secret, "networkData");
  return text === undefined ? { problem: `Secret ${name} has no key networkdata` } : { text };
}

/** The value of a key, from `stringData` (before a write) or `data` (as stored). */
export function secretText({ data, stringData }: Secret, key: string): string | undefined {
  return stringData?.[key] ?? decoded(data?.[key]);
}

/** The user-data inside the VM object. */
export function inlineUserData({ source }: CloudInitVolume): string | undefined {
  return source.userData ?? decoded(source.userDataBase64);
}

function decoded(base64: string | undefined): string | undefined {
  return base64 === undefined ? undefined : Buffer.from(base64, "base64").toString("utf8");
}
