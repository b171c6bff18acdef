// The status of a Wukong: its NICs as the stream reports them, and conditions with the findings.
import type { StatusCondition, WukongNetworkStatus, WukongStatus } from "../domain/objects/kubernetes.ts";
import type { InterfaceStatus } from "../domain/status/interface-status.ts";
import { findingsText, type Outcome } from "./apply-wukong.ts";

type Verdict = Pick<StatusCondition, "status" | "reason" | "message">;

export interface StatusInput {
  readonly generation: number;
  readonly outcome: Outcome;
  /** Of the Wukong's own VM; empty if it has none. */
  readonly nics: readonly InterfaceStatus[];
  /** The last status, from which a condition that stays the same keeps its time. */
  readonly before: WukongStatus | undefined;
  /** RFC 3339, whole seconds. */
  readonly now: string;
}

export function wukongStatus({ generation, outcome, nics, before, now }: StatusInput): WukongStatus {
  const verdicts: readonly (readonly [string, Verdict])[] = [
    ["Accepted", accepted(outcome)],
    ["RoutesApplied", routesApplied(outcome)],
    ["Ready", ready(outcome, nics)],
  ];
  return {
    observedGeneration: generation,
    networks: nics.map(networkStatus),
    conditions: verdicts.map(([type, verdict]) => {
      const last = before?.conditions?.find((condition) => condition.type === type);
      const isSame = last?.status === verdict.status;
      return {
        type,
        ...verdict,
        observedGeneration: generation,
        lastTransitionTime: isSame ? last.lastTransitionTime : now,
      };
    }),
  };
}

/** Without the keys of what is not known. */
function networkStatus(nic: InterfaceStatus): WukongNetworkStatus {
  const addresses = nic.addresses.map(({ address }) => address);
  const known = {
    nadName: nic.attachment,
    interfaceName: nic.guestInterface,
    macAddress: nic.macAddress,
    ipAddress: addresses[0] ?? "",
  };
  return {
    name: nic.nic,
    ...Object.fromEntries(Object.entries(known).filter(([, value]) => value !== "")),
    ...(addresses.length === 0 ? {} : { ipAddresses: addresses }),
    state: nic.state,
    reason: nic.reason,
  };
}

function accepted(outcome: Outcome): Verdict {
  if (outcome.kind === "refused") {
    return { status: outcome.accepted, reason: outcome.reason, message: outcome.message };
  }
  const notes = findingsText(outcome.findings);
  return { status: "True", reason: "Applied", message: notes === "" ? "the VM is applied" : notes };
}

function routesApplied(outcome: Outcome): Verdict {
  if (outcome.kind === "refused") {
    return { status: "Unknown", reason: "NotAccepted", message: "the Wukong is not accepted" };
  }
  const [first] = outcome.routes;
  if (first === undefined) return { status: "True", reason: "Applied", message: "all routes are applied" };
  const message = `applied without these routes:\n${findingsText(outcome.routes)}`;
  return { status: "False", reason: first.code, message };
}

function ready(outcome: Outcome, nics: readonly InterfaceStatus[]): Verdict {
  if (nics.length === 0) {
    return outcome.kind === "refused"
      ? { status: "False", reason: outcome.reason, message: "there is no VM; see condition Accepted" }
      : { status: "False", reason: "VM_STARTING", message: "the VM is being created" };
  }
  // The caches still have the VM from before the apply, whose states say nothing about this generation.
  if (outcome.kind === "applied" && nics.some(({ etag }) => etag !== outcome.etag)) {
    return { status: "Unknown", reason: "VM_CHANGING", message: "the VM is being changed" };
  }
  const down = nics.filter(({ state }) => state !== "Up");
  const [first] = down;
  if (first !== undefined) {
    const status = down.every(({ state }) => state === "Unknown") ? "Unknown" : "False";
    const message = down.map(({ nic, message }) => `${nic}: ${message}`).join("\n");
    return { status, reason: first.reason, message };
  }
  const pending = nics.filter(({ pendingFields }) => pendingFields.length > 0);
  const waiting = pending.map(
    ({ pendingFields, pendingEffect }) => `${pendingFields.join(", ")} (${pendingEffect})`,
  );
  const notes = waiting.length === 0 ? "" : `; not in effect yet: ${waiting.join(", ")}`;
  return { status: "True", reason: "AllUp", message: `all networks are Up${notes}` };
}
