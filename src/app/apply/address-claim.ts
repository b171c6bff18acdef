// The MAC and IP addresses of a VM while it is written: no two VMs get the same one, whichever replica writes them.
import type { ResolvedVm } from "../../domain/nic.ts";
import type { VirtualMachine } from "../../domain/objects/kubernetes.ts";
import type { KubeClient } from "../../kube/kube-client.ts";
import { isLater } from "../../kube/watch/resource-version.ts";
import { type ClusterView, isSynced } from "../cluster-view.ts";
import { noRivals, onTheirNetworks, type Rivals, rivalsIn, readRivals } from "./rivals.ts";

export interface AddressClaim {
  /** Before the VM is written: from here on the cache is watched for the write. */
  begin(): void;
  /**
   * The NICs that got an address of this VM before this write. A watch reports writes in their order (Kubernetes API concepts,
   * "Efficient detection of changes"), so of two VMs that are written at the same time only the later one sees the other.
   * @throws KubeError.
   */
  rivalsBefore(written: VirtualMachine): Promise<Rivals>;
  /** Ends the claim, once the cache shows what was written. */
  end(): void;
}

/** The cache normally shows a write within milliseconds. Later than this, the API server is asked instead. */
const shownWithinMs = 5_000;
/** How long a write whose outcome is not known, or that the cache does not show, keeps its addresses. */
const keptForMs = 60_000;

/** What the cache held when it showed a version of the VM. */
interface Look {
  readonly uid: string | undefined;
  readonly version: string;
  readonly rivals: Rivals;
}

/**
 * Until it ends, other calls of this process find the addresses in use. The check of the addresses and this call must not have an
 * await between them. `segments`: as checkVm returns them.
 */
export function claimAddresses(
  client: KubeClient,
  view: ClusterView,
  vm: ResolvedVm,
  segments: readonly (string | undefined)[],
): AddressClaim {
  const { namespace, name } = vm;
  const release = view.nicsInUse.hold({ namespace, name }, heldNics(vm, segments));
  const looks: Look[] = [];
  const shown = Promise.withResolvers<Look>();
  let written: VirtualMachine | undefined;
  let unsubscribe: (() => void) | undefined;

  const lookAtWrite = (): Look | undefined =>
    looks.find((look) => written !== undefined && shows(look, written));
  const settle = (): void => {
    const look = lookAtWrite();
    if (look !== undefined) shown.resolve(look);
  };

  return {
    begin() {
      unsubscribe = view.vms.subscribe(({ key, value }) => {
        if (value === undefined || key.namespace !== namespace || key.name !== name) return;
        const { uid, resourceVersion = "" } = value.vm.metadata;
        // A new list is reported object by object, and the index is complete after all of it.
        queueMicrotask(() => {
          looks.push({ uid, version: resourceVersion, rivals: rivalsIn(view.nicsInUse, vm) });
          settle();
        });
      });
    },
    async rivalsBefore(stored) {
      written = stored;
      if (!isSynced(view)) return noRivals;
      settle();
      const late = Promise.withResolvers<undefined>();
      const timer = setTimeout(() => late.resolve(undefined), shownWithinMs);
      const look = await Promise.race([shown.promise, late.promise]);
      clearTimeout(timer);
      return await onTheirNetworks(client, view, look?.rivals ?? (await readRivals(client, vm)));
    },
    end() {
      unsubscribe?.();
      const isSettled = unsubscribe === undefined || lookAtWrite() !== undefined;
      if (isSettled) release();
      else setTimeout(release, keptForMs).unref();
    },
  };
}

/** True for this write or a later state of the same VM. */
function shows({ uid, version }: Look, { metadata }: VirtualMachine): boolean {
  return uid === metadata.uid && !isLater(metadata.resourceVersion ?? "", version);
}

function heldNics(vm: ResolvedVm, segments: readonly (string | undefined)[]) {
  return vm.nics.flatMap(({ name, index, mac, addresses }) => {
    const segment = segments[index];
    const texts = addresses.map(({ cidr }) => cidr.address.text);
    return segment === undefined ? [] : [{ nic: name, segment, mac, addresses: texts }];
  });
}
