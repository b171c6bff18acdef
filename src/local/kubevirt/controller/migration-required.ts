// Whether a running VMI needs a live migration for its NICs to become what its spec says
// (KubeVirt: pkg/network/migration/evaluator.go).
import { findCondition } from "../../../domain/objects/conditions.ts";
import type { Condition, VmInterface, VmiInterfaceStatus } from "../../../domain/objects/kubernetes.ts";
import { timestamp } from "../../timestamp.ts";
import type { Pod } from "../resources.ts";
import { secondaryByInterface } from "../network-status.ts";
import { byName, isSecondary, nicLists, qualifiedNad } from "../nics.ts";
import { withCondition, withoutCondition } from "../status-fields.ts";
import { hasSource, multusStatus } from "../info-source.ts";
import type { Vmi } from "./objects.ts";

export const migrationRequiredType = "MigrationRequired";

/** `pending`: something else (multus-dynamic-networks-controller) may still do it without a migration. */
export type MigrationNeed = "no" | "pending" | "now";

/** What the first NIC that is not as it should be asks for. */
export function migrationNeed(vmi: Vmi, pod: Pod): MigrationNeed {
  const { interfaces, networks } = nicLists(vmi.spec);
  const secondary = byName(networks.filter(isSecondary));
  const reported = byName(vmi.status?.interfaces ?? []);
  const attached = secondaryByInterface(pod);
  for (const nic of interfaces) {
    const network = secondary.get(nic.name);
    if (network === undefined) continue;
    const status = reported.get(nic.name);
    const need = plugNeed(nic, status);
    if (need !== "no") return need;
    const attachment = attached.get(status?.podInterfaceName ?? "");
    const nad = qualifiedNad(network.multus?.networkName ?? "", vmi.metadata.namespace ?? "");
    if (attachment !== undefined && attachment.name !== `${nad.namespace}/${nad.name}`) return "now";
  }
  return "no";
}

/** Unplugging and plugging; SR-IOV NICs come with a new domain only. */
function plugNeed(nic: VmInterface, status: VmiInterfaceStatus | undefined): MigrationNeed {
  if (nic.state !== "absent") {
    if (status !== undefined) return "no";
    return nic.sriov === undefined ? "pending" : "now";
  }
  return hasSource(status?.infoSource, multusStatus) && !hasSource(status?.infoSource, "domain")
    ? "pending"
    : "no";
}

/**
 * The VMI's conditions with MigrationRequired as it ought to be: absent, False while pending within `graceMs`, else
 * True. True stays True until nothing is needed any more.
 */
export function withMigrationRequired(
  conditions: readonly Condition[] | undefined,
  need: MigrationNeed,
  now: Date,
  graceMs: number,
): Condition[] {
  const known = findCondition(conditions, migrationRequiredType);
  if (need === "no") return withoutCondition(conditions, migrationRequiredType);
  if (known?.status === "True") return [...(conditions ?? [])];
  const waitedMs = known === undefined ? 0 : now.getTime() - Date.parse(known.lastTransitionTime ?? "");
  const due = need === "now" || (known !== undefined && waitedMs > graceMs);
  return withCondition(conditions, {
    type: migrationRequiredType,
    status: due ? "True" : "False",
    reason: due ? "AutoMigrationDueToLiveUpdate" : "AutoMigrationPending",
    lastProbeTime: null,
    lastTransitionTime: timestamp(now),
  });
}
