// Waiting after a write: until every NIC has the wanted state, or until a VM is gone.
import { setTimeout as sleep } from "node:timers/promises";
import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import {
  Effect,
  InterfaceState,
  type InterfaceStatus,
  type PendingChange,
} from "../../gen/multinic/v1/virtual_machine_pb.ts";
import { VirtualMachineService } from "../../gen/multinic/v1/virtual_machine_service_pb.ts";
import type { VmSpec } from "../domain/spec.ts";
import { isTemporary } from "./failures.ts";
import { CliError, exitCode, type CliIo } from "./io.ts";
import { stateWord } from "./output/interfaces-text.ts";
import { unaryCall } from "./server.ts";
import { interfaceStatusStream, statusesIn } from "./status-stream.ts";
import { printable } from "./style.ts";

export interface WaitOptions {
  readonly transport: Transport;
  readonly io: CliIo;
  readonly timeoutMs: number;
  /** Called with each line of progress. */
  readonly progress: (line: string) => void;
}

/** A VM as it was applied. */
export interface AppliedVm {
  readonly spec: VmSpec;
  /** Of ApplyVMResponse. */
  readonly etag: string;
}

/**
 * Resolves when every NIC of `spec` is as applied: Up, or Down where its linkState is `down`, with no change of the VM
 * pending and none of its NICs drifted. @throws CliError after the timeout, with what each missing NIC waits for, and the
 * signal's reason when it is aborted.
 */
export async function waitForInterfaces({ spec, etag }: AppliedVm, options: WaitOptions): Promise<void> {
  const { transport, io, timeoutMs, progress } = options;
  const timeout = AbortSignal.timeout(timeoutMs);
  const signal = io.signal ? AbortSignal.any([timeout, io.signal]) : timeout;
  const { namespace, name } = spec;
  const client = createClient(VirtualMachineService, transport);
  const known = new Map<string, InterfaceStatus>();
  let waiting = "";
  const missing = (): readonly string[] =>
    spec.networks
      .filter((nic) => {
        const status = known.get(nic.name);
        return !isOfVersion(status, etag) || !isAsRequested(status, wantedState(nic.linkState));
      })
      .map(({ name }) => statusText(name, known.get(name)));
  const stream = interfaceStatusStream(transport, {
    namespaces: [spec.namespace],
    vmNames: [spec.name],
    signal,
    onReconnect: (reason) => progress(`connection lost (${printable(reason)}); reconnecting`),
  });
  for await (const { event } of stream) {
    if (event.case === "reset") known.clear();
    for (const status of statusesIn(event)) {
      const text = statusText(status.nic, status);
      if (text !== statusText(status.nic, known.get(status.nic))) progress(text);
      known.set(status.nic, status);
    }
    if (event.case === "changes") for (const { nic } of event.value.removed) known.delete(nic);
    const isComplete = event.case !== "reset" && event.case !== "snapshot";
    if (!isComplete || missing().length > 0) continue;
    // A removed NIC leaves the stream at once, and the machine part is not in it: GetVM lists what still waits.
    const view = await client.getVM({ namespace, name }, unaryCall(io)).catch(ignoreInterruption);
    if (view === undefined) continue;
    const text = pendingText(view.virtualMachine?.pendingChanges ?? [], spec);
    if (text === "") return;
    if (text !== waiting) progress(text);
    waiting = text;
  }
  io.signal?.throwIfAborted();
  const why =
    missing().length === 0
      ? waiting
      : `${missing().length} of ${spec.networks.length} NICs are not in the requested state:\n  ${missing().join("\n  ")}`;
  throw new CliError(
    `timed out after ${timeoutMs / 1000} s: ${why}`,
    exitCode.refused,
    `the changes stay; \`multinic watch ${spec.name} -n ${spec.namespace}\` shows when the NICs change`,
  );
}

/** Resolves when the VM is gone. @throws CliError after the timeout. */
export async function waitUntilGone(
  vm: { readonly namespace: string; readonly name: string },
  { transport, io, timeoutMs, progress }: WaitOptions,
): Promise<void> {
  const client = createClient(VirtualMachineService, transport);
  const end = performance.now() + timeoutMs;
  let seen = "";
  while (performance.now() < end) {
    try {
      const { virtualMachine } = await client.getVM(vm, unaryCall(io));
      const status = virtualMachine?.printableStatus ?? "";
      if (status !== seen) progress(`${vm.name}  ${printable(status)}`);
      seen = status;
    } catch (reason) {
      if (ConnectError.from(reason).code === Code.NotFound) return;
      throw reason;
    }
    await sleep(500, undefined, io.signal ? { signal: io.signal } : {});
  }
  throw new CliError(
    `timed out after ${timeoutMs / 1000} s: ${vm.namespace}/${vm.name} still exists (${seen})`,
    exitCode.refused,
    "the deletion goes on; KubeVirt waits for the guest to shut down",
  );
}

/** The stream reconnects, and the next message asks again. @throws any other error. */
function ignoreInterruption(reason: unknown): undefined {
  if (!isTemporary(ConnectError.from(reason))) throw reason;
}

/** A service of version 0.1.0 sends no etag. */
function isOfVersion(status: InterfaceStatus | undefined, etag: string): boolean {
  return status?.etag === etag || status?.etag === "";
}

function isAsRequested(status: InterfaceStatus | undefined, state: InterfaceState): boolean {
  return status?.state === state && status.pendingFields.length === 0 && status.driftedFields.length === 0;
}

const wantedState = (linkState: "up" | "down" | undefined): InterfaceState =>
  linkState === "down" ? InterfaceState.DOWN : InterfaceState.UP;

function statusText(nic: string, status: InterfaceStatus | undefined): string {
  if (!status) return `${nic}  no status yet`;
  return [nic, stateWord(status.state), status.reason, status.message, waitingText(status)]
    .map(printable)
    .filter(Boolean)
    .join("  ");
}

/** What the NIC waits for, and who has to act. */
function waitingText(status: InterfaceStatus): string {
  const { vm: name, namespace, pendingFields, pendingEffect, driftedFields } = status;
  if (pendingFields.length > 0) return untilText(pendingFields, pendingEffect, { namespace, name });
  return driftedFields.length === 0 ? "" : `${driftedFields.join(", ")} differs from the request`;
}

/** Empty if nothing is pending. */
function pendingText(changes: readonly PendingChange[], vm: VmName): string {
  const effect = Math.max(...changes.map((change) => change.effect));
  const fields = changes.map(({ path }) => path || "a change");
  return changes.length === 0 ? "" : untilText(fields, effect, vm);
}

interface VmName {
  readonly namespace: string;
  readonly name: string;
}

function untilText(fields: readonly string[], effect: number, { namespace, name }: VmName): string {
  const pending = printable(fields.join(", "));
  if (effect === Effect.RESTART)
    return `${pending} is pending until the VM is restarted: virtctl restart ${name} -n ${namespace}`;
  if (effect === Effect.LIVE_MIGRATION)
    return `${pending} is pending until the VM is migrated: virtctl migrate ${name} -n ${namespace}`;
  return `${pending} is pending`;
}
