// The effects that a change can have on a running VM, and the groups of KubeVirt versions that differ in them.

/** Worst last. */
export const effects = ["none", "live", "link-flap", "live-migration", "restart", "impossible"] as const;
export type Effect = (typeof effects)[number];

/** First and last minor version of KubeVirt 1, newest first. Before 1.4 hotplug of NICs needs a feature gate. */
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
  /** True if observed on KubeVirt's control plane of that version; otherwise known from documentation and source. */
  readonly proven: boolean;
}

/** The effect of a change on one VM and its cluster. */
export interface JudgedEffect {
  readonly effect: Effect;
  readonly message: string;
  /** True if KubeVirt sets no condition while the change waits for the next start. */
  readonly silent: boolean;
  /** Empty if the VM does not run. */
  readonly versions: readonly VersionedEffect[];
}

export function worst(all: readonly Effect[]): Effect {
  return effects[Math.max(0, ...all.map((effect) => effects.indexOf(effect)))] ?? "none";
}
