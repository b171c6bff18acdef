// The NICs of other VMs that have a MAC or IP address of one VM.
import type { NicInUse } from "../../domain/facts.ts";
import { readVm } from "../../domain/document/read-record.ts";
import { segmentOfNad } from "../../domain/network/segment.ts";
import type { ResolvedVm } from "../../domain/nic.ts";
import type { NetworkAttachmentDefinition } from "../../domain/objects/kubernetes.ts";
import { readNad } from "../../domain/objects/read-objects.ts";
import type { KubeClient } from "../../kube/kube-client.ts";
import { refOf } from "../../kube/object-key.ts";
import { networkAttachmentDefinitions, virtualMachines } from "../../kube/resource.ts";
import type { ClusterView } from "../cluster-view.ts";
import { nicsOf } from "../nics-in-use.ts";

/** By MAC and by IP address. */
export interface Rivals {
  readonly byMac: ReadonlyMap<string, readonly NicInUse[]>;
  readonly byAddress: ReadonlyMap<string, readonly NicInUse[]>;
}

export const noRivals: Rivals = { byMac: new Map(), byAddress: new Map() };

/** Those in an index, on whichever network they are. */
export function rivalsIn({ byMac, byAddress }: Rivals, vm: ResolvedVm): Rivals {
  const isOther = (nic: NicInUse): boolean => nic.namespace !== vm.namespace || nic.vm !== vm.name;
  const others = (index: Rivals["byMac"], values: readonly string[]): Rivals["byMac"] =>
    new Map(
      values.flatMap((value) => {
        const found = index.get(value)?.filter(isOther) ?? [];
        return found.length === 0 ? [] : [[value, found] as const];
      }),
    );
  return {
    byMac: others(
      byMac,
      vm.nics.map(({ mac }) => mac),
    ),
    byAddress: others(
      byAddress,
      vm.nics.flatMap(({ addresses }) => addresses.map(({ cidr }) => cidr.address.text)),
    ),
  };
}

/** Those of all VMs that are stored now; the networks of the NICs are only known by NAD. @throws KubeError. */
export async function readRivals(client: KubeClient, vm: ResolvedVm): Promise<Rivals> {
  const { items } = await client.list(virtualMachines);
  const byMac = new Map<string, NicInUse[]>();
  const byAddress = new Map<string, NicInUse[]>();
  const put = (index: Map<string, NicInUse[]>, entries: readonly (readonly [string, NicInUse])[]): void => {
    for (const [value, nic] of entries) index.set(value, [...(index.get(value) ?? []), nic]);
  };
  for (const object of items) {
    const { namespace = "", name } = object.metadata;
    const nics = nicsOf({ namespace, name }, readVm(object), undefined, (nad) =>
      segmentOfNad(nad, undefined),
    );
    put(byMac, nics.macs);
    put(byAddress, nics.addresses);
  }
  return rivalsIn({ byMac, byAddress }, vm);
}

/**
 * The rivals with the networks of their NICs. The cache of VMs may be ahead of that of NADs, so a NAD that is missing there is
 * read. @throws KubeError.
 */
export async function onTheirNetworks(
  client: KubeClient,
  { nads }: Pick<ClusterView, "nads">,
  rivals: Rivals,
): Promise<Rivals> {
  const read = new Map<string, Promise<NetworkAttachmentDefinition | undefined>>();
  const nadOf = async (name: string): Promise<NetworkAttachmentDefinition | undefined> => {
    const known = nads.get(refOf(name));
    if (known !== undefined) return known;
    const reading = read.get(name) ?? client.find(networkAttachmentDefinitions, refOf(name));
    read.set(name, reading);
    const found = await reading;
    return found && readNad(found).object;
  };
  const located = async (nic: NicInUse): Promise<NicInUse> => {
    const nad = nic.nad === undefined ? undefined : await nadOf(nic.nad);
    return nic.nad === undefined || nad === undefined ? nic : { ...nic, segment: segmentOfNad(nic.nad, nad) };
  };
  const all = async (index: Rivals["byMac"]): Promise<Rivals["byMac"]> =>
    new Map(
      await Promise.all(
        Array.from(index, async ([value, nics]) => [value, await Promise.all(nics.map(located))] as const),
      ),
    );
  return { byMac: await all(rivals.byMac), byAddress: await all(rivals.byAddress) };
}
