// Readiness and liveness probes: vmi-create-admitter.go (validateProbe and the check of the pod network).
import { type Cause, type FieldPath, cause, invalid } from "../cause.ts";
import { type SpecRule, networksOf } from "../rule.ts";
import type { Probe } from "../template-spec.ts";

function handlerFaults(at: FieldPath, probe: Probe | undefined): Cause[] {
  if (probe === undefined) return [];
  const handlers = [probe.httpGet, probe.tcpSocket, probe.exec, probe.guestAgentPing];
  const count = handlers.filter((handler) => handler !== undefined).length;
  if (count > 1) return [invalid(at, `${at.text} must have exactly one probe type set`)];
  if (count === 1) return [];
  const [tcp, exec, http] = [at.child("tcpSocket"), at.child("exec"), at.child("httpGet")];
  const message = `either ${tcp.text}, ${exec.text} or ${http.text} must be set if a ${at.text} is specified`;
  return [cause("FieldValueRequired", at, message)];
}

export const probeHandlers: SpecRule = ({ at, spec }) => [
  ...handlerFaults(at.child("readinessProbe"), spec.readinessProbe),
  ...handlerFaults(at.child("livenessProbe"), spec.livenessProbe),
];

/** Network probes reach the VM only over the pod network. */
export const networkProbesNeedPodNetwork: SpecRule = ({ at, spec }) => {
  if (networksOf(spec).some(({ pod }) => pod !== undefined)) return undefined;
  return (["readinessProbe", "livenessProbe"] as const).flatMap((name) =>
    (["httpGet", "tcpSocket"] as const)
      .filter((handler) => spec[name]?.[handler] !== undefined)
      .map((handler) => at.child(name, handler))
      .map((field) => invalid(field, `${field.text} is only allowed if the Pod Network is attached`)),
  );
};
