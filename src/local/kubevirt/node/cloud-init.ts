// What cloud-init in a guest reads from its disk: the network plan and when it may change, from the VMI's first cloud-init
// volume and its Secrets. Pure.
import type { CloudInitSource, Secret, VirtualMachineInstance } from "../../../domain/objects/kubernetes.ts";
import { parseNetworkConfig, updatesNetworkAtBoot, type NetworkPlan } from "./network-plan.ts";
import { parseNmstate } from "./nmstate.ts";
import { fileOfBoothook, userDataParts } from "./user-data.ts";

/** The data source on the ISO of this run. */
interface CloudInitData {
  /** A boot is the first of an instance when this differs from the instance-id on the root disk. */
  readonly instanceId: string;
  readonly plan: NetworkPlan;
  /** True when a later boot applies a changed network-config. */
  readonly updatesAtBoot: boolean;
}

/** What a persistent root disk has from earlier boots. */
export interface DiskMemory {
  readonly instanceId: string;
  readonly plan: NetworkPlan;
}

/** The names of the Secrets that `readCloudInit` needs. */
export function cloudInitSecrets(vmi: VirtualMachineInstance): string[] {
  const { source } = firstVolume(vmi);
  const names = [source?.secretRef?.name, source?.networkDataSecretRef?.name];
  return [...new Set(names.filter((name) => name !== undefined && name !== ""))] as string[];
}

/**
 * Reads the first NoCloud or ConfigDrive volume; KubeVirt ignores the others. Without network data, or when the Secret has
 * neither networkdata nor networkData, the image's default, DHCP, remains.
 */
export function readCloudInit(
  vmi: VirtualMachineInstance,
  secrets: ReadonlyMap<string, Secret>,
): CloudInitData {
  const { source, kind } = firstVolume(vmi);
  const instanceId =
    kind === "configDrive"
      ? `${vmi.metadata.name}.${vmi.metadata.namespace ?? ""}`
      : (vmi.spec.domain.firmware?.uuid ?? vmi.metadata.name);
  const networkData =
    source?.networkData ??
    decode(source?.networkDataBase64) ??
    fromSecret(secrets, source?.networkDataSecretRef?.name, ["networkdata", "networkData"]);
  const userData =
    source?.userData ??
    decode(source?.userDataBase64) ??
    fromSecret(secrets, source?.secretRef?.name, ["userdata", "userData"]);
  const parts = userData === undefined ? [] : userDataParts(userData);
  // The image has nmstate.service.
  const nmstate = fileOfBoothook(parts, "/etc/nmstate", ".yml");
  return {
    instanceId,
    plan: nmstate === undefined ? networkPlan(kind, networkData) : parseNmstate(nmstate),
    updatesAtBoot: nmstate !== undefined || parts.some(updatesNetworkAtBoot),
  };
}

/**
 * The plan that a boot applies: the new one on the first boot of an instance or when user-data requests it at each boot,
 * else the plan on the disk (cloud-init stages.py apply_network_config).
 */
export function planAtBoot(data: CloudInitData, memory: DiskMemory | undefined): NetworkPlan {
  const firstBoot = memory === undefined || memory.instanceId !== data.instanceId;
  return firstBoot || data.updatesAtBoot ? data.plan : memory.plan;
}

/**
 * The claim of the guest's root disk, `namespace/name`; undefined when the root disk is a container disk or missing: such
 * a guest keeps nothing between VMIs, so each start is a first boot.
 */
export function rootClaim(vmi: VirtualMachineInstance): string | undefined {
  const root = vmi.spec.volumes?.find(
    ({ containerDisk, persistentVolumeClaim, dataVolume }) =>
      containerDisk !== undefined || persistentVolumeClaim !== undefined || dataVolume !== undefined,
  );
  const claim = root?.persistentVolumeClaim?.claimName ?? root?.dataVolume?.name;
  return claim === undefined ? undefined : `${vmi.metadata.namespace ?? ""}/${claim}`;
}

function networkPlan(kind: "noCloud" | "configDrive", networkData: string | undefined): NetworkPlan {
  // A ConfigDrive has OpenStack's network_data.json, which is not simulated.
  if (networkData === undefined || networkData === "" || kind === "configDrive")
    return { kind: "dhcp-everywhere" };
  return parseNetworkConfig(networkData);
}

function firstVolume(vmi: VirtualMachineInstance): {
  readonly kind: "noCloud" | "configDrive";
  readonly source: CloudInitSource | undefined;
} {
  for (const { cloudInitNoCloud, cloudInitConfigDrive } of vmi.spec.volumes ?? []) {
    if (cloudInitNoCloud !== undefined) return { kind: "noCloud", source: cloudInitNoCloud };
    if (cloudInitConfigDrive !== undefined) return { kind: "configDrive", source: cloudInitConfigDrive };
  }
  return { kind: "noCloud", source: undefined };
}

function fromSecret(
  secrets: ReadonlyMap<string, Secret>,
  name: string | undefined,
  keys: readonly string[],
): string | undefined {
  const data = name === undefined ? undefined : secrets.get(name)?.data;
  return decode(keys.map((key) => data?.[key]).find((value) => value !== undefined));
}

function decode(base64: string | undefined): string | undefined {
  return base64 === undefined ? undefined : Buffer.from(base64, "base64").toString("utf8");
}
