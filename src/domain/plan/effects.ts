// What a change does to a running VM: the words, and which versions of KubeVirt are told apart.

/** Worst last. */
export const effects = ["none", "live", "link-flap", "live-migration", "restart", "impossible"] as const;
export type Effect = (typeof effects)[number];

/** First and last minor version of KubeVirt 1, newest first. Before 1.4 KubeVirt plugs no NIC without a feature gate. */
export const minorVersions = {
  "1.9": [9, 9],
  "1.8": [8, 8],
  "1.6-1.7": [6, 7],
  "1.4-1.5": [4, 5],
} as const;
export type KubeVirtVersions = keyof typeof minorVersions;
export const kubeVirtVersions = Object.keys(minorVersions) as readonly KubeVirtVersions[];

/** The effect under one version of KubeVirt. */
export interface VersionedEffect {
  readonly kubevirt: KubeVirtVersions;
  readonly effect: Effect;
  /** Seen by running KubeVirt's own control plane of that version; otherwise by its documentation and source. */
  readonly proven: boolean;
}

/** What a change does, on the cluster at hand. */
export interface JudgedEffect {
  readonly effect: Effect;
  readonly reason: string;
  /** KubeVirt shows no condition that tells of it: it is a change that waits for the next start in silence. */
  readonly silent: boolean;
  /** Empty where nothing runs. */
  readonly versions: readonly VersionedEffect[];
}

export function worst(all: readonly Effect[]): Effect {
  return effects[Math.max(0, ...all.map((effect) => effects.indexOf(effect)))] ?? "none";
}
