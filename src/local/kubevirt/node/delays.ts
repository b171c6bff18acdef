// How long what a node does takes, in milliseconds.

/** Waiting times of one node; 0 means at once. */
export interface NodeDelays {
  /** From a complete sandbox to running containers: image pull and start. */
  readonly podStartMs: number;
  /** From the domain's start to the first answer of the guest agent. */
  readonly guestBootMs: number;
  /** Until a change inside the guest shows in the agent's data. libvirt is asked every 10 to 120 s. */
  readonly agentMs: number;
  /** From the wish to end to an ended guest, and to a removed pod. */
  readonly shutdownMs: number;
  /** Each step of a migration. */
  readonly migrationStepMs: number;
  /** Until a failed sandbox is tried again although nothing changed. */
  readonly sandboxRetryMs: number;
}

/** For tests: no waiting where none is needed to tell two states apart. */
export const fastDelays: NodeDelays = {
  podStartMs: 0,
  guestBootMs: 0,
  agentMs: 0,
  shutdownMs: 0,
  migrationStepMs: 20,
  sandboxRetryMs: 1_000,
};

/** As people know it from a cluster whose images are on the nodes already. */
export const realisticDelays: NodeDelays = {
  podStartMs: 1_500,
  guestBootMs: 12_000,
  agentMs: 10_000,
  shutdownMs: 2_000,
  migrationStepMs: 2_000,
  sandboxRetryMs: 15_000,
};
