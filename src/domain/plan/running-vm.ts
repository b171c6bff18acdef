// How changes land on one VM: its KubeVirt's version, and whether a live migration follows by itself.
import { findCondition } from "../objects/conditions.ts";
import type { Facts, KubeVirtFact } from "../facts.ts";
import type { VirtualMachineInstance } from "../objects/kubernetes.ts";
import { quantityInBytes } from "../objects/quantity.ts";
import { type ChangeKind, type EffectRow, effectTable, type Landing } from "./effect-table.ts";
import { type InstanceFields, instanceFields } from "../compare/instance-fields.ts";
import { type JudgedEffect, kubeVirtVersions, type KubeVirtVersions } from "./effects.ts";

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
  const phase = vmi?.status?.phase;
  if (vmi === undefined || phase === "Succeeded" || phase === "Failed") return undefined;
  return {
    ...versionOf(kubeVirt?.version),
    movesNetworks: kubeVirt?.featureGates.includes("LiveUpdateNADRef") ?? false,
    stuck: whyStuck(vmi),
    waits: whyWaiting(kubeVirt),
    memory: {
      atBoot: quantityInBytes(vmi.status?.memory?.guestAtBoot ?? ""),
      max: quantityInBytes(vmi.spec.domain.memory?.maxGuest ?? ""),
    },
    fields: instanceFields(vmi.spec, vmi.metadata.annotations, vmi.metadata.namespace ?? ""),
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

const newest = kubeVirtVersions[0];
const oldest = kubeVirtVersions[kubeVirtVersions.length - 1] ?? newest;

function versionOf(version: string | undefined): Pick<RunningVm, "version" | "versionNote"> {
  const [, major, minor] = /^v?(\d+)\.(\d+)(?:\.|$)/.exec(version ?? "") ?? [];
  if (major === undefined || minor === undefined) {
    return { version: newest, versionNote: `KubeVirt's version is not known; this is what ${newest} does` };
  }
  const unseen = (group: KubeVirtVersions): Pick<RunningVm, "version" | "versionNote"> => ({
    version: group,
    versionNote: `KubeVirt ${version} has not been examined; this is what ${group} does`,
  });
  if (Number(major) > 1 || Number(minor) > Number(newest.slice(2))) return unseen(newest);
  const group = kubeVirtVersions.find((candidate) => {
    const [from = "", to = from] = candidate.split("-").map((part) => part.slice(2));
    return Number(minor) >= Number(from) && Number(minor) <= Number(to);
  });
  return group === undefined || Number(major) < 1 ? unseen(oldest) : { version: group, versionNote: "" };
}

const untouched: JudgedEffect = {
  effect: "none",
  reason: "the VM is not running",
  silent: false,
  versions: [],
};

/** Nothing happens: an earlier change that still waits is taken back. */
export const takenBack: JudgedEffect = {
  effect: "none",
  reason: "the running VM still has this value; a pending change is undone",
  silent: false,
  versions: [],
};

/** What a change of that kind does to the VM; undefined stands for one that does not run. */
export function judgeChange(kind: ChangeKind, vm: RunningVm | undefined): JudgedEffect {
  if (vm === undefined) return untouched;
  const row: EffectRow = effectTable[kind];
  const shown = onThisVm(landing(kind, row, vm.version, vm), vm);
  const differs = row.older !== undefined && vm.versionNote !== "";
  return {
    effect: shown.effect,
    reason: differs ? `${shown.reason}; ${vm.versionNote}` : shown.reason,
    silent: row.silent ?? false,
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
