// Index of the NICs by MAC and by IP address, kept up to date from the caches, so that checks need not search all VMs.
import { fullNadName } from "../domain/names.ts";
import type { Facts, NicInUse, RecordedVm } from "../domain/facts.ts";
import { parseCidr, parseIp } from "../domain/ip.ts";
import { normaliseMac } from "../domain/mac.ts";
import type { NetworkAttachmentDefinition, VirtualMachineInstance } from "../domain/objects/kubernetes.ts";
import { segmentOfNad } from "../domain/network/segment.ts";
import { keyOf, refOf } from "../kube/object-key.ts";
import type { Cache, CacheKey } from "../kube/watch/cache.ts";

export interface NicsInUse {
  readonly byMac: NonNullable<Facts["macsInUse"]>;
  readonly byAddress: NonNullable<Facts["addressesInUse"]>;
  /** The VMs that name the NAD, NAMESPACE/NAME, in their templates or running instances. */
  readonly usersOf: (nad: string) => readonly CacheKey[];
  /** Adds the NICs of a VM that is about to be written, until the returned function is called. */
  readonly hold: (vm: CacheKey, nics: readonly HeldNic[]) => () => void;
}

export interface HeldNic {
  readonly nic: string;
  /** The network it is on (segment.ts). */
  readonly segment: string;
  /** As normalised by mac.ts. */
  readonly mac: string;
  /** In the canonical form of ip.ts. */
  readonly addresses: readonly string[];
}

export interface ClusterCaches {
  readonly vms: Cache<RecordedVm>;
  readonly vmis: Cache<VirtualMachineInstance>;
  readonly nads: Cache<NetworkAttachmentDefinition>;
}

type Index = Map<string, NicInUse[]>;

/** What one VM added to the indexes, and the NADs that this depends on. */
interface Contribution {
  readonly macs: readonly (readonly [string, NicInUse])[];
  readonly addresses: readonly (readonly [string, NicInUse])[];
  readonly nads: ReadonlySet<string>;
}

/** Follows the caches until they are stopped. */
export function followNicsInUse({ vms, vmis, nads }: ClusterCaches): NicsInUse {
  const byMac: Index = new Map();
  const byAddress: Index = new Map();
  const contributions = new Map<string, Contribution>();
  const vmsOfNad = new Map<string, Map<string, CacheKey>>();

  function refresh(key: CacheKey): void {
    const id = keyOf(key);
    const before = contributions.get(id);
    if (before !== undefined) {
      for (const [mac, nic] of before.macs) take(byMac, mac, nic);
      for (const [address, nic] of before.addresses) take(byAddress, address, nic);
      for (const nad of before.nads) vmsOfNad.get(nad)?.delete(id);
    }
    const vm = vms.get(key);
    const vmi = vmis.get(key);
    if (vm === undefined && vmi === undefined) {
      contributions.delete(id);
      return;
    }
    const now = nicsOf(key, vm, vmi, (nad) => segmentOfNad(nad, nads.get(refOf(nad))));
    for (const [mac, nic] of now.macs) put(byMac, mac, nic);
    for (const [address, nic] of now.addresses) put(byAddress, address, nic);
    for (const nad of now.nads) {
      const users = vmsOfNad.get(nad) ?? new Map<string, CacheKey>();
      vmsOfNad.set(nad, users.set(id, key));
    }
    contributions.set(id, now);
  }

  vms.subscribe(({ key }) => refresh(key));
  vmis.subscribe(({ key }) => refresh(key));
  nads.subscribe(({ key }) => {
    // refresh changes the map.
    for (const user of Array.from(vmsOfNad.get(keyOf(key))?.values() ?? [])) refresh(user);
  });
  for (const { metadata } of [...[...vms.values()].map(({ vm }) => vm), ...vmis.values()]) {
    refresh({ namespace: metadata.namespace ?? "", name: metadata.name });
  }
  return {
    byMac,
    byAddress,
    usersOf: (nad) => Array.from(vmsOfNad.get(nad)?.values() ?? []),
    hold({ namespace, name: vm }, nics) {
      const held = nics.map(({ nic, segment, ...values }) => ({
        ...values,
        user: { namespace, vm, nic, segment },
      }));
      for (const { mac, addresses, user } of held) {
        put(byMac, mac, user);
        for (const address of addresses) put(byAddress, address, user);
      }
      return () => {
        for (const { mac, addresses, user } of held) {
          take(byMac, mac, user);
          for (const address of addresses) take(byAddress, address, user);
        }
      };
    },
  };
}

function put(index: Index, key: string, nic: NicInUse): void {
  const users = index.get(key);
  if (users === undefined) index.set(key, [nic]);
  else users.push(nic);
}

function take(index: Index, key: string, nic: NicInUse): void {
  const left = index.get(key)?.filter((user) => user !== nic) ?? [];
  if (left.length === 0) index.delete(key);
  else index.set(key, left);
}

/** From the VM, its record and its running instance: each may have addresses that the others lack. */
export function nicsOf(
  { namespace, name: vmName }: CacheKey,
  known: RecordedVm | undefined,
  vmi: VirtualMachineInstance | undefined,
  segmentOf: (nad: string) => string,
): Contribution {
  const templates = [known?.vm.spec.template.spec, vmi?.spec].filter((spec) => spec !== undefined);
  const used = new Set<string>();
  const nics = new Map<string, NicInUse>();
  for (const { networks = [] } of templates) {
    for (const { name: nic, multus } of networks) {
      if (multus === undefined) continue;
      const nad = fullNadName(multus.networkName, namespace);
      used.add(nad);
      if (nics.has(nic)) continue;
      nics.set(nic, { namespace, vm: vmName, nic, nad, segment: segmentOf(nad) });
    }
  }
  const reported = vmi?.status?.interfaces ?? [];
  const macs = [
    ...templates
      .flatMap(({ domain }) => domain.devices.interfaces ?? [])
      .map(({ name, macAddress }) => [name, macAddress]),
    ...reported.map(({ name, mac }) => [name, mac]),
  ].map(([nic, mac = ""]) => [nic, normaliseMac(mac)] as const);
  const addresses = [
    ...(known?.record.spec?.networks ?? []).flatMap(({ name, ipConfig }) =>
      [ipConfig?.address ?? "", ...(ipConfig?.addresses ?? [])].map((text) => [name, hostOf(text)] as const),
    ),
    ...reported.flatMap(({ name, ipAddresses = [] }) =>
      ipAddresses.map((text) => [name, addressOf(text)] as const),
    ),
  ];
  return { macs: ofNics(macs, nics), addresses: ofNics(addresses, nics), nads: used };
}

/** Each value once per NIC, without NICs on the pod network, which do not share a segment with other VMs. */
function ofNics(
  values: readonly (readonly [string | undefined, string | undefined])[],
  nics: ReadonlyMap<string, NicInUse>,
): readonly (readonly [string, NicInUse])[] {
  const once = new Map<string, readonly [string, NicInUse]>();
  for (const [name, value] of values) {
    const nic = name === undefined ? undefined : nics.get(name);
    if (nic !== undefined && value !== undefined) once.set(`${nic.nic} ${value}`, [value, nic]);
  }
  return [...once.values()];
}

function hostOf(text: string): string | undefined {
  const cidr = parseCidr(text);
  return "value" in cidr ? cidr.value.address.text : undefined;
}

/** Link-local addresses are left out: they are unique per link only, and derived from the MAC address. */
function addressOf(text: string): string | undefined {
  const address = parseIp(text);
  return "value" in address && address.value.value.range() !== "linkLocal" ? address.value.text : undefined;
}
