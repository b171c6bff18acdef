// Compares a cache with the collection from time to time. A watch that loses an event cannot notice that itself.
import type { KubernetesObject } from "../../domain/objects/kubernetes.ts";
import type { Contact } from "./contact.ts";
import { isKubeError } from "../errors.ts";
import { restored } from "./follow-watch.ts";
import { type Interrupts, WatchInterrupted } from "./interrupts.ts";
import type { KubeClient } from "../kube-client.ts";
import type { KubeLog } from "../log.ts";
import { keyOf } from "../object-key.ts";
import { pageSize } from "../paging.ts";
import { pauseUntilReturn } from "./pause.ts";
import type { Resource } from "../resource.ts";
import { isLater, wentBack } from "./resource-version.ts";
import type { Timing } from "../timing.ts";
import type { WatchSignals } from "./watch-signals.ts";

/** The identity of one object's state. */
export interface HeldVersion {
  readonly uid: string | undefined;
  readonly version: string | undefined;
}

export interface AuditCounts {
  /** Comparisons with a complete list. */
  audits: number;
  /** Objects that differed although the watch had time to report their change. */
  mismatches: number;
}

export interface AuditOptions {
  readonly client: Pick<KubeClient, "listMetadataPage">;
  readonly resource: Resource<KubernetesObject>;
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  /** What the cache holds, by the key of the object. */
  readonly held: () => ReadonlyMap<string, HeldVersion>;
  readonly signals: WatchSignals;
  readonly counts: AuditCounts;
  readonly interrupts: Interrupts;
  readonly contact: Contact;
  readonly timing: Timing;
  readonly log: KubeLog;
  readonly signal: AbortSignal;
  /** The mean time between two audits. */
  readonly everyMs: number;
}

/** An open watch reports a change within milliseconds; a difference that lasts this long will not go away. */
const confirmAfterMs = 15_000;

/**
 * Audits at random intervals around `everyMs`, and soon after the API server was away, until the signal is aborted. Only the
 * metadata is listed, in pages. A confirmed difference is counted, and the cache lists again. Never rejects.
 */
export async function auditRegularly(options: AuditOptions): Promise<void> {
  const { everyMs, timing, signal, log, resource } = options;
  while (!signal.aborted) {
    const wait = everyMs * (0.8 + 0.4 * timing.random());
    const isBack = await pauseUntilReturn(wait, { ...options, mayEndEarly: true });
    if (isBack) await pauseUntilReturn(5_000 + 10_000 * timing.random(), { ...options, mayEndEarly: false });
    if (signal.aborted) return;
    try {
      await audit(options);
    } catch (error) {
      // The next audit is soon enough, and the watch reports why the API server cannot be read.
      if (!signal.aborted && !isKubeError(error, "Cancelled"))
        log.warn({ err: error, resource: resource.plural }, "audit failed");
    }
  }
}

/** One comparison. Nothing is compared while no watch is open: the cache knows then that it is behind. */
export async function audit(options: AuditOptions): Promise<void> {
  const { signals, counts, interrupts, timing, signal, log, resource } = options;
  const { watchingSince, position } = signals;
  if (watchingSince === undefined || position === undefined) return;
  const first = await look(options);
  if (wentBack(position, first.version)) {
    interrupts.interrupt(restored(position, first.version));
    return;
  }
  const suspects = differences(first, options.held());
  if (suspects.size > 0) {
    await timing.sleep(confirmAfterMs, signal);
    const second = await look(options);
    if (signals.watchingSince !== watchingSince) return;
    const still = differences(second, options.held());
    for (const [key, difference] of suspects) if (still.get(key) !== difference) suspects.delete(key);
  }
  counts.audits += 1;
  if (suspects.size === 0) return;
  counts.mismatches += suspects.size;
  const objects = Object.fromEntries([...suspects].slice(0, 10));
  log.error(
    { resource: resource.plural, count: suspects.size, objects },
    "the cache differs from the API server",
  );
  interrupts.interrupt(new WatchInterrupted("mismatched", `${suspects.size} objects differ from a list`));
}

interface Look {
  /** The version that all pages show. */
  readonly version: string;
  readonly listed: ReadonlyMap<string, HeldVersion>;
}

async function look(options: AuditOptions): Promise<Look> {
  const { client, resource, namespace, labelSelector, contact, signal } = options;
  const listed = new Map<string, HeldVersion>();
  let continueToken: string | undefined;
  for (;;) {
    const sent = contact.now();
    const query = { namespace, labelSelector, signal, limit: pageSize, continueToken };
    const page = await client.listMetadataPage(resource, query);
    contact.heard(sent);
    for (const { metadata } of page.items) {
      listed.set(keyOf(metadata), { uid: metadata.uid, version: metadata.resourceVersion });
    }
    if (page.continueToken === undefined) return { version: page.resourceVersion, listed };
    continueToken = page.continueToken;
  }
}

/** Each object that differs, with both states as text. A state of the cache that is later than the list is no difference. */
function differences({ version, listed }: Look, held: ReadonlyMap<string, HeldVersion>): Map<string, string> {
  const found = new Map<string, string>();
  for (const key of new Set([...listed.keys(), ...held.keys()])) {
    const [there, here] = [listed.get(key), held.get(key)];
    if (there?.uid === here?.uid && there?.version === here?.version) continue;
    if (here?.version !== undefined && isLater(here.version, version)) continue;
    found.set(key, `API server: ${textOf(there)}, cache: ${textOf(here)}`);
  }
  return found;
}

function textOf(state: HeldVersion | undefined): string {
  return state === undefined ? "none" : `version ${state.version ?? "?"} of uid ${state.uid ?? "?"}`;
}
