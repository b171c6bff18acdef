// The effect of changes on one running VM, which depends on the version of KubeVirt and on whether the VM will be migrated.
import { bounded } from "../bounded-text.ts";
import { findCondition } from "../objects/conditions.ts";
import type { Facts, KubeVirtFact } from "../facts.ts";
import type { VirtualMachineInstance } from "../objects/kubernetes.ts";
import { isFinal } from "../objects/instance-status.ts";
import { quantityInBytes } from "../objects/quantity.ts";
import { type ChangeKind, type EffectRow, effectTable, isSilent, type Landing } from "./effect-table.ts";
import { type InstanceFields, instanceFields } from "../compare/instance-fields.ts";
import { type JudgedEffect, kubeVirtVersions, type KubeVirtVersions, minorVersions } from "./effects.ts";

/** What the effect of a change on a running VM depends on. */
export interface RunningVm {
  readonly version: KubeVirtVersions;
  /** Added to reasons where versions differ, if this version was not examined; else empty. */
  readonly versionNote: string;
  /** The feature gate of KubeVirt 1.8 for moving NICs to another network by migration is enabled. */
  readonly movesNetworks: boolean;
  /** Why the VM cannot be migrated; undefined if it can, or if that is not known. */
  readonly stuck: string | undefined;
  /** Why KubeVirt does not start a migration by itself; undefined if it does. */
  readonly waits: string | undefined;
  /** The fields of the running instance. */
  readonly fields: InstanceFields;
  /** Memory at the start and the maximum, in bytes; undefined if the instance does not report it. */
  readonly memory: { readonly atBoot: number | undefined; readonly max: number | undefined };
}

/** undefined if the VM does not run. */
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

const maxWhy = 1_024;

/** Why the instance cannot be migrated, in the words of KubeVirt; undefined if it can. */
export function whyStuck(vmi: VirtualMachineInstance): string | undefined {
  const condition = findCondition(vmi.status?.conditions, "LiveMigratable");
  if (condition?.status !== "False") return undefined;
  return bounded(condition.message ?? condition.reason ?? "condition LiveMigratable is False", maxWhy);
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

const noEffect = (message: string): JudgedEffect => ({
  effect: "none",
  message,
  silent: false,
  versions: [],
});
const untouched = noEffect("the VM is not running");

/** No effect: a pending change is undone. */
export const takenBack = noEffect("the running VM still has this value; this reverts a pending change");

/** The effect of a change of that kind. `vm` undefined: it does not run. */
export function judgeChange(kind: ChangeKind, vm: RunningVm | undefined): JudgedEffect {
  if (vm === undefined) return untouched;
  const row: EffectRow = effectTable[kind];
  const shown = onThisVm(landing(kind, row, vm.version, vm), vm);
  const differs = row.older !== undefined && vm.versionNote !== "";
  return {
    effect: shown.effect,
    message: differs ? `${shown.message}; ${vm.versionNote}` : shown.message,
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
    return { effect: row.effect, message: `${row.message} (feature gate LiveUpdateNADRef)` };
  }
  return row.older?.[version] ?? row;
}

/** If the VM cannot be migrated, the change waits for the next start (KubeVirt keeps MigrationRequired True). */
function onThisVm({ effect, message }: Landing, { stuck, waits }: RunningVm): Landing {
  if (effect !== "live-migration") return { effect, message };
  if (stuck !== undefined) {
    return {
      effect: "restart",
      message: `${message}, but this VM cannot be migrated (${stuck}), so the change waits until the VM is restarted`,
    };
  }
  return { effect, message: waits === undefined ? message : `${message}; ${waits}` };
}
