// Whether a running VMI needs a live migration to get the NICs of its spec
// (KubeVirt: pkg/network/migration/evaluator.go).
import { findCondition } from "../../../domain/objects/conditions.ts";
import type { Condition, VmInterface, VmiInterfaceStatus } from "../../../domain/objects/kubernetes.ts";
import type { Pod } from "../resources.ts";
import { secondaryByInterface } from "../network-status.ts";
import { byName, isSecondary, nicLists, qualifiedNad } from "../nics.ts";
import { migrationRequiredType, newCondition, withCondition, withoutCondition } from "../status-fields.ts";
import { hasSource, multusStatus } from "../info-source.ts";
import type { Vmi } from "./objects.ts";

/** `pending`: multus-dynamic-networks-controller may still make the change without a migration. */
export type MigrationNeed = "no" | "pending" | "now";

/** The need of the first NIC that differs from the spec. */
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

/** An SR-IOV NIC is plugged only with a new domain, by a migration. */
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
 * The VMI's conditions with MigrationRequired: absent without a need, False while pending within `graceMs`, else True.
 * Once True, it stays True until there is no need.
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
  const reason = due ? "AutoMigrationDueToLiveUpdate" : "AutoMigrationPending";
  return withCondition(
    conditions,
    newCondition(migrationRequiredType, due ? "True" : "False", now, { reason }),
  );
}
