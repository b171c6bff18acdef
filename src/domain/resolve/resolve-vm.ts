// Resolves a spec: fills in all defaults and parses all text, without changing the input.
import type { Catalogue } from "../catalogue.ts";
import type { Facts } from "../facts.ts";
import { finding, type Finding } from "../findings.ts";
import type { Nic, ResolvedDisk, ResolvedVm } from "../nic.ts";
import type { DiskSpec, NetworkConfig, VmSpec } from "../spec.ts";
import { nicMetrics, primaryIndex } from "./metrics.ts";
import { resolveAddresses, resolveRoutes } from "./resolve-addresses.ts";
import { resolveAttachment } from "./resolve-attachment.ts";
import { resolveMacs } from "./resolve-mac.ts";

/** Defaults of the machine part. */
export const machineDefaults = { cpu: 1, memory: "1Gi", runStrategy: "Always" } as const;

const longestName = 253;

export interface Resolution {
  readonly vm: ResolvedVm;
  /** Values that could not be parsed; they are left out of `vm`. */
  readonly findings: readonly Finding[];
}

export function resolveVm(spec: VmSpec, catalogue: Catalogue, facts: Facts): Resolution {
  const findings: Finding[] = [];
  const { macs, findings: macFindings } = resolveMacs(spec, facts);
  const metrics = nicMetrics(spec.networks);
  const primary = primaryIndex(spec.networks);
  const nics = spec.networks.map((config, index): Nic => {
    const field = `networks[${index}]`;
    const metric = metrics[index] ?? 0;
    const attached = resolveAttachment(config, field, spec.namespace, catalogue);
    const addressed = resolveAddresses(config.ipConfig, `${field}.ipConfig`);
    const routed = resolveRoutes(config.routes ?? [], field, metric);
    const ownMac = macFindings.filter((macFinding) => macFinding.field.startsWith(`${field}.`));
    findings.push(...attached.findings, ...ownMac, ...addressed.findings, ...routed.findings);
    return {
      index,
      field,
      // A longer name is not valid, and it is repeated in each route and finding of the NIC.
      name: config.name.slice(0, longestName),
      type: config.type ?? "bridge",
      attachment: attached.attachment,
      binding: attached.binding,
      vlanId: config.vlanId ?? 0,
      givenVlanId: config.vlanId,
      mac: macs[index]?.mac ?? "",
      macGiven: macs[index]?.given ?? false,
      mtu: config.mtu,
      linkState: config.linkState ?? "up",
      primary: index === primary,
      metric,
      mode: addressed.mode,
      addresses: addressed.addresses,
      gateway: addressed.gateway,
      defaultRoute: config.ipConfig?.defaultRoute !== "never",
      dnsServers: addressed.dnsServers,
      searchDomains: config.ipConfig?.searchDomains ?? [],
      routes: routed.routes,
    };
  });
  const disks = resolveDisks(spec, catalogue);
  return {
    vm: {
      namespace: spec.namespace,
      name: spec.name,
      cpu: spec.cpu ?? machineDefaults.cpu,
      memory: spec.memory ?? machineDefaults.memory,
      disks: disks.disks,
      userData: spec.userData,
      runStrategy: spec.runStrategy ?? machineDefaults.runStrategy,
      guestConfig: spec.guestConfig ?? "cloud-init",
      routing: spec.routing ?? "main",
      renderer: spec.guest?.renderer,
      labels: spec.labels ?? {},
      nics,
    },
    findings: [...disks.findings, ...findings],
  };
}

function resolveDisks(
  spec: VmSpec,
  catalogue: Catalogue,
): { readonly disks: readonly ResolvedDisk[]; readonly findings: readonly Finding[] } {
  const findings: Finding[] = [];
  const boot = spec.bootDisk ?? { containerImage: catalogue.defaultImage };
  const given = [
    { field: "bootDisk", name: "rootdisk", disk: boot },
    ...(spec.disks ?? []).map((disk, index) => ({
      field: `disks[${index}]`,
      name: `disk-${index + 1}`,
      disk,
    })),
  ];
  const disks: ResolvedDisk[] = [];
  for (const { field, name, disk } of given) {
    const sources = diskSources(disk);
    const [source] = sources;
    if (source !== undefined && sources.length === 1) disks.push({ name: disk.name ?? name, source });
    else findings.push(finding("DISK_SOURCE_INVALID", field, { count: sources.length }));
  }
  return { disks, findings };
}

function diskSources(disk: DiskSpec): ResolvedDisk["source"][] {
  return (["containerImage", "persistentVolumeClaim", "dataVolume"] as const).flatMap((kind) => {
    const value = disk[kind];
    return value === undefined || value === "" ? [] : [{ kind, value }];
  });
}

/** The entry of the input for the NIC. @throws Error for a NIC of another spec. */
export function configOf(spec: VmSpec, nic: Nic): NetworkConfig {
  const config = spec.networks[nic.index];
  if (config === undefined) throw new Error(`no networks[${nic.index}] in the spec`);
  return config;
}
