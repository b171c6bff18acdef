// The NICs of a scope as a list that is read page by page, in the order of VMs and the VM's own order of NICs.
import { createHash } from "node:crypto";
import type { InterfaceState, InterfaceStatus } from "../domain/status/interface-status.ts";
import type { PagedList } from "./pages.ts";
import type { StatusModel } from "./status-model.ts";
import { compareVms, scopeText, type StatusScope, type VmKey } from "./status-scope.ts";

/** Every given condition must hold. */
export interface NicFilter {
  /** Empty: any. */
  readonly states: ReadonlySet<InterfaceState>;
  /** Empty: any. */
  readonly node: string;
}

const sizes = { default: 500, max: 5_000 };

/**
 * The NICs of a VM are not sorted, so a position is the VM and which of its NICs have been returned: the others come next,
 * whichever of these are gone. NICs are recognised by a digest of 48 bits, because nothing limits the number and the names of
 * NICs, but the length of a request is limited.
 */
export function nicList(
  model: StatusModel,
  scope: StatusScope,
  filter: NicFilter,
): Omit<PagedList<InterfaceStatus>, "bytesOf"> {
  return {
    sizes,
    filter: JSON.stringify([scopeText(scope), [...filter.states].toSorted(), filter.node]),
    *after(position) {
      const [namespace = "", vm = "", digests = ""] = position ?? [];
      const returned = new Set(digests.match(/.{8}/g));
      for (const key of model.vms(scope)) {
        const order = position === undefined ? 1 : compareVms(key, { namespace, vm });
        if (order < 0) continue;
        for (const status of model.of(key)) {
          const isNew = order > 0 || !returned.has(digestOf(status));
          if (isNew && isSelected(status, filter)) yield status;
        }
      }
    },
    positionAfter(items, start) {
      const { namespace, vm } = items.at(-1) ?? items[0];
      const isOfVm = (other: VmKey): boolean => other.namespace === namespace && other.vm === vm;
      const [startNamespace = "", startVm = "", before = ""] = start ?? [];
      const earlier = isOfVm({ namespace: startNamespace, vm: startVm }) ? before : "";
      return [namespace, vm, earlier + items.filter(isOfVm).map(digestOf).join("")];
    },
  };
}

/** 8 characters. */
const digestOf = ({ nic }: InterfaceStatus): string =>
  createHash("sha256").update(nic).digest("base64url").slice(0, 8);

function isSelected({ state, node }: InterfaceStatus, filter: NicFilter): boolean {
  return (
    (filter.states.size === 0 || filter.states.has(state)) && (filter.node === "" || filter.node === node)
  );
}
