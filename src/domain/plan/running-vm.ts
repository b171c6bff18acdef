// How changes land on one VM: its KubeVirt's version, and whether a live migration follows by itself.
import { findCondition } from "../objects/conditions.ts";
import type { Facts, KubeVirtFact } from "../facts.ts";
import type { VirtualMachineInstance } from "../objects/kubernetes.ts";
import { isFinal } from "../objects/instance-status.ts";
import { quantityInBytes } from "../objects/quantity.ts";
import { type ChangeKind, type EffectRow, effectTable, isSilent, type Landing } from "./effect-table.ts";
import { type InstanceFields, instanceFields } from "../compare/instance-fields.ts";
import { type JudgedEffect, kubeVirtVersions, type KubeVirtVersions, minorVersions } from "./effects.ts";

/** A VM that runs, as far as the effect of a change depends on it. */
export interface RunningVm {
  readonly version: KubeVirtVersions;
  /** Said where versions differ, when this one was not observed; else empty. */
  readonly versionNote: string;
  /** KubeVirt 1.8's gate for moving NICs to another network by migration. */
  readonly movesNetworks: boolean;
  /** Why it can never be migrated; undefined: it can, or nothing is known. */
  readonly stuck: string | undefined;
  /** Why no migration follows by itself; undefined: one does. */
  readonly waits: string | undefined;
  /** What it runs with. */
  readonly fields: InstanceFields;
  /** What it started with and what it may get, in bytes; undefined where the instance does not tell. */
  readonly memory: { readonly atBoot: number | undefined; readonly max: number | undefined };
}

/** undefined: the VM does not run, and nothing that runs is touched. */
export function runningVm({ vmi, kubeVirt }: Pick<Facts, "vmi" | "kubeVirt">): RunningVm | undefined {
  if (vmi === undefined || isFinal(vmi)) return undefined;
  return {
    ...versionOf(kubeVirt?.version),
    movesNetworks: kubeVirt?.featureGates.includes("LiveUpdateNADRef") ?? false,
    stuck: whyStuck(vmi),
    waits: whyWaiting(kubeVirt),
    memory: {
      atBoot: quantityInBytes(vmi.status?.memory?.guestAtBoot ?? ""),
      max: quantityInBytes(vmi.spec.domain.memory?.maxGuest ?? ""),
    },
    fields: instanceFields(vmi),
  };
}

/** KubeVirt's own words on why the instance cannot be migrated. */
export function whyStuck(vmi: VirtualMachineInstance): string | undefined {
  const condition = findCondition(vmi.status?.conditions, "LiveMigratable");
  if (condition?.status !== "False") return undefined;
  return condition.message ?? condition.reason ?? "condition LiveMigratable is False";
}

function whyWaiting(kubeVirt: KubeVirtFact | undefined): string | undefined {
  if (kubeVirt === undefined) {
    return "the KubeVirt resource cannot be read; unless its workloadUpdateMethods include LiveMigrate, the change waits until someone migrates or restarts the VM";
  }
  return kubeVirt.workloadUpdateMethods.includes("LiveMigrate")
    ? undefined
    : "KubeVirt's workloadUpdateMethods do not include LiveMigrate, so the change waits until someone migrates or restarts the VM";
}

const newest = "1.9";
const oldest = "1.4-1.5";

function versionOf(version: string | undefined): Pick<RunningVm, "version" | "versionNote"> {
  const match = /^v?(\d+)\.(\d+)(?:\.|$)/.exec(version ?? "");
  if (match === null) {
    return { version: newest, versionNote: `KubeVirt's version is not known; this is what ${newest} does` };
  }
  const [major = 0, minor = 0] = match.slice(1).map(Number);
  const unseen = (group: KubeVirtVersions): Pick<RunningVm, "version" | "versionNote"> => ({
    version: group,
    versionNote: `KubeVirt ${version} has not been tested; this is what ${group} does`,
  });
  if (major > 1 || minor > minorVersions[newest][1]) return unseen(newest);
  const group = kubeVirtVersions.find((versions) => {
    const [first, last] = minorVersions[versions];
    return first <= minor && minor <= last;
  });
  return group === undefined || major < 1 ? unseen(oldest) : { version: group, versionNote: "" };
}

const noEffect = (reason: string): JudgedEffect => ({ effect: "none", reason, silent: false, versions: [] });
const untouched = noEffect("the VM is not running");

/** Nothing happens: an earlier change that still waits is taken back. */
export const takenBack = noEffect("the running VM still has this value; this reverts a pending change");

/** What a change of that kind does to the VM; undefined stands for one that does not run. */
export function judgeChange(kind: ChangeKind, vm: RunningVm | undefined): JudgedEffect {
  if (vm === undefined) return untouched;
  const row: EffectRow = effectTable[kind];
  const shown = onThisVm(landing(kind, row, vm.version, vm), vm);
  const differs = row.older !== undefined && vm.versionNote !== "";
  return {
    effect: shown.effect,
    reason: differs ? `${shown.reason}; ${vm.versionNote}` : shown.reason,
    silent: isSilent(kind),
    versions: kubeVirtVersions.map((kubevirt) => ({
      kubevirt,
      effect: onThisVm(landing(kind, row, kubevirt, vm), vm).effect,
      proven:
        row.proven.includes(kubevirt) && !(kubevirt === "1.8" && kind === "network" && vm.movesNetworks),
    })),
  };
}

function landing(kind: ChangeKind, row: EffectRow, version: KubeVirtVersions, vm: RunningVm): Landing {
  if (kind === "network" && version === "1.8" && vm.movesNetworks) {
    return { effect: row.effect, reason: `${row.reason} (feature gate LiveUpdateNADRef)` };
  }
  return row.older?.[version] ?? row;
}

/** A migration that cannot come leaves the change to the next start (KubeVirt keeps MigrationRequired True, and nothing follows). */
function onThisVm({ effect, reason }: Landing, { stuck, waits }: RunningVm): Landing {
  if (effect !== "live-migration") return { effect, reason };
  if (stuck !== undefined) {
    return {
      effect: "restart",
      reason: `${reason}, but this VM cannot be migrated (${stuck}), so the change waits until the VM is restarted`,
    };
  }
  return { effect, reason: waits === undefined ? reason : `${reason}; ${waits}` };
}
