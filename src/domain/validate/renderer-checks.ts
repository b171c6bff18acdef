// Checks what the guest's renderer, if the caller names it, loses of these NICs: in current or in older versions.
import { finding, type FindingCode } from "../findings.ts";
import { removeField } from "../fix.ts";
import { type GuestTrait, guestTraits, losses, traitsOf } from "../guest/renderers.ts";
import type { ResolvedVm } from "../nic.ts";
import type { GuestRenderer } from "../spec.ts";
import type { NicCheck, VmCheck } from "./context.ts";

/** The finding for traits that the newest known version loses; undefined for traits that only older versions lose. */
function codeOf(renderer: GuestRenderer, trait: GuestTrait): FindingCode | undefined {
  switch (trait) {
    case "dhcpWithoutRoutes":
      return "GUEST_LOSES_DEFAULT_ROUTE_NEVER";
    case "otherFamilyDefaultRoute":
      return renderer === "network-manager" ? "GUEST_LOSES_NETWORKS" : "GUEST_LOSES_METRIC";
    case "dhcpNameServers":
    case "otherFamilyNameServers":
    case "dhcpIpv6NameServers":
      return "GUEST_LOSES_NAME_SERVERS";
    default:
      return undefined;
  }
}

/** undefined if none is named, and with nmstate, where the renderer is not used. */
const namedRenderer = ({ renderer, guestConfig }: ResolvedVm): GuestRenderer | undefined =>
  guestConfig === "nmstate" ? undefined : renderer;

const rendererKeeps: NicCheck = ({ nic, vm }) => {
  const renderer = namedRenderer(vm);
  return renderer === undefined
    ? undefined
    : [...traitsOf(nic)].map(([trait, field]) => {
        const current = losses[renderer][trait]?.find(({ until }) => until === undefined);
        const code = codeOf(renderer, trait);
        if (current === undefined || code === undefined) return undefined;
        const versions =
          current.from === undefined ? "every cloud-init version" : `cloud-init ${current.from} and later`;
        const route = /^(.*\.routes\[\d+\])/.exec(field)?.[1];
        const isRemovable = trait === "otherFamilyDefaultRoute" && route !== undefined;
        const values = { renderer, versions, what: guestTraits[trait] };
        return finding(code, field, values, isRemovable ? { fix: removeField(route) } : {});
      });
};

/** One finding for all NICs: the first version that loses none of the traits that only older versions lose. */
const rendererIsNewEnough: VmCheck = ({ vm }) => {
  const renderer = namedRenderer(vm);
  if (renderer === undefined) return undefined;
  const needs = vm.nics.flatMap((nic) =>
    [...traitsOf(nic)].flatMap(([trait, field]) => {
      const ranges = losses[renderer][trait] ?? [];
      if (ranges.some(({ until }) => until === undefined)) return [];
      return ranges.flatMap(({ until = "" }) => ({ trait, field, until }));
    }),
  );
  const newest = needs.toSorted((a, b) => Number(b.until) - Number(a.until))[0]?.until;
  if (newest === undefined) return undefined;
  const what = [...new Set(needs.map(({ trait }) => guestTraits[trait]))].join(", ");
  const related = [...new Set(needs.map(({ field }) => field))];
  const values = { renderer, version: newest, what };
  return finding("GUEST_NEEDS_CLOUD_INIT", "guest.renderer", values, { related });
};

export const rendererChecks: readonly NicCheck[] = [rendererKeeps];
export const rendererVmChecks: readonly VmCheck[] = [rendererIsNewEnough];
