// The delays of a node, and a stopwatch for steps that take time.

/** In milliseconds; 0 means at once. */
export interface NodeDelays {
  /** From a ready sandbox to running containers: image pull and start. */
  readonly podStartMs: number;
  /** From the domain's start to the first answer of the guest agent. */
  readonly guestBootMs: number;
  /** Until the agent's data show a change in the guest. libvirt asks the agent every 10 to 120 s. */
  readonly agentMs: number;
  /** From a shutdown request to the end of the guest, and to the removal of the pod. */
  readonly shutdownMs: number;
  /** Each step of a migration. */
  readonly migrationStepMs: number;
  /** Until a failed sandbox is retried when nothing changed. */
  readonly sandboxRetryMs: number;
}

/** For tests: a delay only where a test must see two states. */
export const fastDelays: NodeDelays = {
  podStartMs: 0,
  guestBootMs: 0,
  agentMs: 0,
  shutdownMs: 0,
  migrationStepMs: 20,
  sandboxRetryMs: 1_000,
};

/** As on a cluster whose nodes have the images already. */
export const realisticDelays: NodeDelays = {
  podStartMs: 1_500,
  guestBootMs: 12_000,
  agentMs: 10_000,
  shutdownMs: 2_000,
  migrationStepMs: 2_000,
  sandboxRetryMs: 15_000,
};

interface Stopwatch {
  /** Milliseconds until `delayMs` after the first call for the step; at 0 the step is forgotten. */
  remaining(step: string, delayMs: number): number;
}

export function createStopwatch(clock: () => Date): Stopwatch {
  const since = new Map<string, number>();
  return {
    remaining(step, delayMs) {
      const now = clock().getTime();
      const started = since.get(step) ?? now;
      const left = Math.max(0, started + delayMs - now);
      if (left === 0) since.delete(step);
      else since.set(step, started);
      return left;
    },
  };
}
