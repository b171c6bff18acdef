// Where the caller names the guest's renderer: what it loses of these NICs, in every version and in older ones.
import { finding, type FindingCode } from "../findings.ts";
import { removeField } from "../fix.ts";
import { type GuestTrait, guestTraits, losses, traitsOf } from "../guest/renderers.ts";
import type { ResolvedVm } from "../nic.ts";
import type { GuestRenderer } from "../spec.ts";
import type { NicCheck, VmCheck } from "./context.ts";

/** The finding where the newest known version loses the trait too; the others are lost by older ones alone. */
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

/** undefined where none is named, and where nmstate leaves it nothing to do. */
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
        return finding(
          code,
          field,
          { renderer, versions, what: guestTraits[trait] },
          trait === "otherFamilyDefaultRoute" && route !== undefined ? { fix: removeField(route) } : {},
        );
      });
};

/** One finding for all NICs: the version that keeps everything which some version keeps from then on. */
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
  return finding(
    "GUEST_NEEDS_CLOUD_INIT",
    "guest.renderer",
    { renderer, version: newest, what },
    { related: [...new Set(needs.map(({ field }) => field))] },
  );
};

export const rendererChecks: readonly NicCheck[] = [rendererKeeps];
export const rendererVmChecks: readonly VmCheck[] = [rendererIsNewEnough];
