// The settings that virt-controller derives from the KubeVirt resource, and its delays.
import {
  gateEnabled,
  rollsOutLive,
  type BindingPlugin,
  type KubevirtConfiguration,
  type KubevirtSpec,
} from "../configuration.ts";

export interface ControllerRules {
  readonly bindingPlugins: ReadonlyMap<string, BindingPlugin>;
  /** True: changes of memory, CPU and node selector need no restart (the default when unset). */
  readonly liveUpdate: boolean;
  /** True: an injector outside KubeVirt adds device requests to pods, and KubeVirt reads no NADs (default since 1.9). */
  readonly externalNetResourceInjection: boolean;
  readonly configuration: KubevirtConfiguration;
  /** True: a VMI with condition MigrationRequired or MemoryChange is migrated. Default: false. */
  readonly migrateOnUpdate: boolean;
}

/** @returns the rules for a KubeVirt CR's spec; without one, those of a new installation. */
export function controllerRules(spec: KubevirtSpec = {}): ControllerRules {
  const configuration = spec.configuration ?? {};
  return {
    bindingPlugins: new Map(Object.entries(configuration.network?.binding ?? {})),
    liveUpdate: rollsOutLive(configuration),
    externalNetResourceInjection: gateEnabled("ExternalNetResourceInjection", configuration),
    configuration,
    migrateOnUpdate: spec.workloadUpdateStrategy?.workloadUpdateMethods?.includes("LiveMigrate") ?? false,
  };
}

/** Delays in milliseconds. */
export interface ControllerDelays {
  /** How long a new bridge NIC may stay unplugged before a migration is requested (pkg/network/migration: 15 s). */
  readonly migrationGraceMs: number;
  /** Until a pending migration is checked again (watch/vmi: 10 s). */
  readonly reevaluateMs: number;
  /** How often VMIs that need a migration are looked for (workload-updater: 5 s). */
  readonly workloadUpdateMs: number;
  /** Delay after the first failed start; it grows with the square of the count (watch/vm: 10 s). */
  readonly startBackoffMs: number;
}

/** KubeVirt's own delays. */
export const kubevirtDelays: ControllerDelays = {
  migrationGraceMs: 15_000,
  reevaluateMs: 10_000,
  workloadUpdateMs: 5_000,
  startBackoffMs: 10_000,
};
