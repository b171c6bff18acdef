// status of a VirtualMachine, as a function of the VM and its VMI (KubeVirt: watch/vm updateStatus).
import { findCondition, isTrue } from "../../../domain/objects/conditions.ts";
import type { Condition } from "../../../domain/objects/kubernetes.ts";
import { timestamp } from "../../timestamp.ts";
import { newCondition, withCondition, withoutCondition } from "../status-fields.ts";
import { generationAnnotation } from "./new-vmi.ts";
import type { StartFailure, StateChangeRequest, Vm, VmStatus, Vmi } from "./objects.ts";
import { runStrategy } from "./run-strategy.ts";
import { hasEnded, type MigrationState } from "../resources.ts";

/** What this pass did or found, which the objects do not show yet. */
export interface VmPass {
  /** A VMI was created and is not in the cache yet. */
  readonly starting?: boolean;
  /** The VMI was deleted and the cache does not show it yet. */
  readonly stopping?: boolean;
  /** Reason and message of condition Failure. */
  readonly failure?: { readonly reason: string; readonly message: string };
  /** Message of condition RestartRequired. */
  readonly restart?: string | undefined;
  /** A request to add to the list. */
  readonly request?: StateChangeRequest | undefined;
}

interface StatusOptions {
  readonly now: Date;
  /** Delay after the first failed start, in milliseconds. */
  readonly startBackoffMs: number;
}

/** The status that the VM should have. */
export function vmStatus(vm: Vm, vmi: Vmi | undefined, pass: VmPass, options: StatusOptions): VmStatus {
  const { startFailure, stateChangeRequests, ...status } = vm.status ?? {};
  const strategy = runStrategy(vm);
  const failure = nextStartFailure(startFailure, strategy, vmi, options);
  const requests = nextRequests(stateChangeRequests, vmi, pass.request);
  const generation = vmi?.metadata.annotations?.[generationAnnotation];
  return {
    ...status,
    created: vmi !== undefined,
    ready: vmi !== undefined && isTrue(vmi.status?.conditions, "Ready"),
    ...(status.runStrategy !== undefined || vmi !== undefined ? { runStrategy: strategy } : {}),
    ...(generation === undefined || vm.metadata.generation === undefined
      ? {}
      : { observedGeneration: Number(generation), desiredGeneration: vm.metadata.generation }),
    ...(failure === undefined ? {} : { startFailure: failure }),
    ...(requests.length === 0 ? {} : { stateChangeRequests: requests }),
    conditions: vmConditions(status.conditions, vmi, pass, options.now),
    printableStatus: printableStatus(vm, vmi, pass, failure),
  };
}

/** The first status that applies, in KubeVirt's order of precedence. */
function printableStatus(
  vm: Vm,
  vmi: Vmi | undefined,
  { starting = false, stopping = false }: VmPass,
  startFailure: StartFailure | undefined,
): string {
  if (vm.metadata.deletionTimestamp !== undefined) return "Terminating";
  if (vmi === undefined) {
    if (starting) return "Starting";
    if (startFailure !== undefined && runStrategy(vm) !== "Halted") return "CrashLoopBackOff";
    return runStrategy(vm) === "WaitAsReceiver" ? "WaitingForReceiver" : "Stopped";
  }
  if (hasEnded(vmi)) return startFailure === undefined ? "Stopped" : "CrashLoopBackOff";
  if (stopping || vmi.metadata.deletionTimestamp !== undefined) return "Stopping";
  if (isMigrating(vmi.status?.migrationState)) return "Migrating";
  const conditions = vmi.status?.conditions;
  if (vmi.status?.phase === "Running") return isTrue(conditions, "Paused") ? "Paused" : "Running";
  const scheduled = findCondition(conditions, "PodScheduled");
  if (scheduled?.status === "False" && scheduled.reason === "Unschedulable") return "ErrorUnschedulable";
  return vmi.status?.phase === "Unknown" ? "Unknown" : "Starting";
}

/** True between a migration's start and its end. */
export function isMigrating(state: MigrationState | undefined): boolean {
  return state?.startTimestamp !== undefined && state.endTimestamp === undefined;
}

function vmConditions(
  before: readonly Condition[] | undefined,
  vmi: Vmi | undefined,
  { failure, restart }: VmPass,
  now: Date,
): Condition[] {
  let conditions = withCondition(before, readyCondition(vmi, now));
  conditions =
    failure === undefined
      ? withoutCondition(conditions, "Failure")
      : withCondition(conditions, newCondition("Failure", "True", now, failure));
  conditions =
    restart === undefined
      ? withoutCondition(conditions, "RestartRequired")
      : withCondition(conditions, newCondition("RestartRequired", "True", now, { message: restart }));
  return vmi === undefined ? conditions : withVmiConditions(conditions, vmi.status?.conditions ?? []);
}

function readyCondition(vmi: Vmi | undefined, now: Date): Condition {
  const [reason, message] =
    vmi === undefined
      ? ["VMINotExists", "VMI does not exist"]
      : ["VMIConditionMissing", "VMI is missing the Ready condition"];
  return (
    findCondition(vmi?.status?.conditions, "Ready") ??
    newCondition("Ready", "False", now, { reason, message })
  );
}

/** The VM has the current conditions of its VMI and keeps Ready, Failure and RestartRequired itself. */
function withVmiConditions(conditions: readonly Condition[], ofVmi: readonly Condition[]): Condition[] {
  const own = new Set(["Ready", "Failure", "RestartRequired"]);
  const shown = new Set(ofVmi.map(({ type }) => type));
  const kept = conditions.filter(({ type }) => own.has(type) || shown.has(type));
  return ofVmi.filter(({ type }) => !own.has(type)).reduce(withCondition, kept);
}

/** Counts VMIs that ended before their guest ran; a guest that ran resets the count. */
function nextStartFailure(
  known: StartFailure | undefined,
  strategy: string,
  vmi: Vmi | undefined,
  { now, startBackoffMs }: StatusOptions,
): StartFailure | undefined {
  const ran = vmi?.status?.phaseTransitionTimestamps?.some(({ phase }) => phase === "Running") === true;
  if (ran || !["Always", "RerunOnFailure", "Once"].includes(strategy)) return undefined;
  if (vmi === undefined || !hasEnded(vmi) || known?.lastFailedVMIUID === vmi.metadata.uid) return known;
  const count = (known?.consecutiveFailCount ?? 0) + 1;
  const waitMs = Math.min(startBackoffMs * count ** 2, 300_000);
  return {
    consecutiveFailCount: count,
    ...(vmi.metadata.uid === undefined ? {} : { lastFailedVMIUID: vmi.metadata.uid }),
    retryAfterTimestamp: timestamp(new Date(now.getTime() + waitMs)),
  };
}

/** Removes the first request when it is fulfilled, and adds a new one at the end. */
function nextRequests(
  requests: readonly StateChangeRequest[] = [],
  vmi: Vmi | undefined,
  added: StateChangeRequest | undefined,
): StateChangeRequest[] {
  const [first, ...rest] = requests;
  const stopped = first?.action === "Stop" && first.uid !== vmi?.metadata.uid;
  const started =
    first?.action === "Start" &&
    vmi !== undefined &&
    vmi.metadata.deletionTimestamp === undefined &&
    !hasEnded(vmi);
  return [...(stopped || started ? rest : requests), ...(added === undefined ? [] : [added])];
}
