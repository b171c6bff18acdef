// One active replica of several: a Lease that the active one renews, as client-go's leaderelection does it.
import type { Lease } from "../domain/objects/kubernetes.ts";
import { startDeadline } from "./deadline.ts";
import { isKubeError } from "./errors.ts";
import type { KubeClient } from "./kube-client.ts";
import type { KubeLog } from "./log.ts";
import { leases } from "./resource.ts";
import type { Timing } from "./timing.ts";

export interface ElectionDurations {
  /** Another replica takes over if the Lease has not changed for this long. Whole seconds. */
  readonly leaseMs: number;
  /** The active replica stops if it has not renewed the Lease for this long. Less than leaseMs. */
  readonly renewWithinMs: number;
  /** Between two attempts to take or renew the Lease. */
  readonly retryMs: number;
}

/** Those of kube-controller-manager. */
export const usualDurations: ElectionDurations = { leaseMs: 15_000, renewWithinMs: 10_000, retryMs: 2_000 };

export interface ElectionOptions {
  readonly client: KubeClient;
  readonly lease: { readonly namespace: string; readonly name: string };
  /** Unique for each process. */
  readonly identity: string;
  readonly durations: ElectionDurations;
  readonly log: KubeLog;
  readonly timing: Timing;
  /** Works until the signal is aborted, and resolves when all its work has ended. */
  readonly lead: (signal: AbortSignal) => Promise<void>;
  /** Ends the participation; the Lease is released after the work has ended. */
  readonly signal: AbortSignal;
}

const electionManager = "multinic-leader-election";

/**
 * Leads whenever this replica holds the Lease. Ages are measured from when this process saw the Lease change, never by the
 * times in it, so clocks of replicas may differ; they must only run equally fast. Resolves when the signal is aborted.
 */
export async function runElection(options: ElectionOptions): Promise<void> {
  const { lease, identity, durations, log, timing, lead, signal } = options;
  const holding = createHolding(options);
  while (await until(signal, () => holding.take(signal), options)) {
    log.info({ lease: lease.name, identity }, "this replica is active");
    const leading = new AbortController();
    const stopLeading = (): void => leading.abort(signal.reason);
    signal.addEventListener("abort", stopLeading, { once: true });
    if (signal.aborted) stopLeading();
    const work = lead(leading.signal).catch((error: unknown) => {
      log.error({ err: error }, "the work of the active replica failed");
    });
    await renew(holding, { durations, log, timing, signal });
    leading.abort();
    await work;
    signal.removeEventListener("abort", stopLeading);
    if (signal.aborted) await holding.release();
    else log.warn({ lease: lease.name, identity }, "this replica is no longer active");
  }
}

/** Repeats the attempt; false when the signal is aborted. */
async function until(
  signal: AbortSignal,
  attempt: () => Promise<boolean>,
  { durations, log, timing }: Pick<ElectionOptions, "durations" | "log" | "timing">,
): Promise<boolean> {
  while (!signal.aborted) {
    try {
      if (await attempt()) return true;
    } catch (error) {
      if (!signal.aborted) log.warn({ err: error }, "the Lease cannot be read or written; trying again");
    }
    await pause(durations.retryMs * (1 + timing.random()), signal, timing);
  }
  return false;
}

/** Resolves when the Lease is lost or the signal is aborted. */
async function renew(
  holding: Holding,
  { durations, log, timing, signal }: Pick<ElectionOptions, "durations" | "log" | "timing" | "signal">,
): Promise<void> {
  const leftMs = (): number => holding.renewedAt + durations.renewWithinMs - timing.now();
  for (;;) {
    await pause(Math.min(durations.retryMs, Math.max(leftMs(), 0)), signal, timing);
    if (signal.aborted || leftMs() <= 0) return;
    const deadline = startDeadline(leftMs(), signal);
    try {
      if (!(await holding.take(deadline.signal))) return;
    } catch (error) {
      if (!signal.aborted) log.warn({ err: error }, "the Lease cannot be renewed; trying again");
    } finally {
      deadline.release();
    }
  }
}

async function pause(milliseconds: number, signal: AbortSignal, timing: Timing): Promise<void> {
  try {
    await timing.sleep(milliseconds, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

interface Holding {
  /** When the last successful `take` began, on the monotonic clock. */
  readonly renewedAt: number;
  /** Takes or renews the Lease; false if another replica holds it. @throws KubeError. */
  take(signal: AbortSignal): Promise<boolean>;
  /** Lets another replica take it at once. */
  release(): Promise<void>;
}

function createHolding({ client, lease, identity, durations, log, timing }: ElectionOptions): Holding {
  let seen: { readonly version: string | undefined; readonly at: number } | undefined;
  let renewedAt = -Infinity;

  /** True as long as its holder may still be at work. */
  function isHeldByAnother({ metadata, spec }: Lease): boolean {
    if (seen === undefined || seen.version !== metadata.resourceVersion)
      seen = { version: metadata.resourceVersion, at: timing.now() };
    const { holderIdentity = "", leaseDurationSeconds = durations.leaseMs / 1_000 } = spec ?? {};
    if (holderIdentity === "" || holderIdentity === identity) return false;
    return timing.now() < seen.at + leaseDurationSeconds * 1_000;
  }

  /** The version in the object is the lock: the API server refuses the write if another replica was faster. */
  async function write(
    current: Lease,
    spec: NonNullable<Lease["spec"]>,
    signal?: AbortSignal,
  ): Promise<boolean> {
    const { resourceVersion = "" } = current.metadata;
    const object = { ...emptyLease(lease), metadata: { ...lease, resourceVersion }, spec };
    try {
      await client.apply(leases, object, { fieldManager: electionManager, force: true, signal });
      return true;
    } catch (error) {
      if (isKubeError(error, "Conflict")) return false;
      throw error;
    }
  }

  async function take(signal: AbortSignal): Promise<boolean> {
    const renewTime = microTime(timing.clock());
    const leaseDurationSeconds = Math.ceil(durations.leaseMs / 1_000);
    const mine = { holderIdentity: identity, leaseDurationSeconds, renewTime };
    const found = await client.find(leases, lease, { signal });
    if (found === undefined) {
      const first = { ...mine, acquireTime: renewTime, leaseTransitions: 0 };
      try {
        await client.create(leases, { ...emptyLease(lease), spec: first }, { signal });
        return true;
      } catch (error) {
        if (isKubeError(error, "AlreadyExists")) return false;
        throw error;
      }
    }
    if (isHeldByAnother(found)) return false;
    const { spec = {} } = found;
    const { acquireTime = renewTime, leaseTransitions = 0 } = spec;
    const isRenewal = spec.holderIdentity === identity;
    const since = isRenewal ? acquireTime : renewTime;
    const transitions = isRenewal ? leaseTransitions : leaseTransitions + 1;
    return await write(found, { ...mine, acquireTime: since, leaseTransitions: transitions }, signal);
  }

  return {
    get renewedAt() {
      return renewedAt;
    },
    async take(signal) {
      const askedAt = timing.now();
      const taken = await take(signal);
      if (taken) renewedAt = askedAt;
      return taken;
    },
    async release() {
      try {
        const found = await client.find(leases, lease);
        if (found?.spec?.holderIdentity !== identity) return;
        const { acquireTime: _, ...spec } = found.spec;
        await write(found, { ...spec, holderIdentity: "", leaseDurationSeconds: 1 });
      } catch (error) {
        log.warn({ err: error }, "the Lease could not be released; another replica takes it when it expires");
      }
    },
  };
}

function emptyLease(lease: { readonly namespace: string; readonly name: string }): Lease {
  return { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { ...lease } };
}

/** RFC 3339 with exactly six digits after the second, as metav1.MicroTime is read. */
function microTime(time: Date): string {
  return time.toISOString().replace("Z", "000Z");
}
