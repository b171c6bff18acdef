// What virt-controller makes of the KubeVirt resource, and how long it waits.
import {
  gateEnabled,
  rollsOutLive,
  type BindingPlugin,
  type KubevirtConfiguration,
  type KubevirtSpec,
} from "../configuration.ts";

/** The KubeVirt resource's spec, resolved. */
export interface ControllerRules {
  readonly bindingPlugins: ReadonlyMap<string, BindingPlugin>;
  /** True: NIC-independent changes of memory, CPU and node selector need no restart (the default when unset). */
  readonly liveUpdate: boolean;
  /** True: an injector outside KubeVirt adds device requests to pods, and NADs are not read (default since 1.9). */
  readonly externalNetResourceInjection: boolean;
  /** For what KubeVirt's parts decide alike. */
  readonly configuration: KubevirtConfiguration;
  /** True: a VMI that asks for a migration gets one. KubeVirt's default is no. */
  readonly migrateOnUpdate: boolean;
}

/** @returns the rules that follow from a KubeVirt CR's spec; from none, those of a fresh installation. */
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

/** Waiting times, in milliseconds. */
export interface ControllerDelays {
  /** How long a new bridge NIC may stay unplugged before a migration is asked for (pkg/network/migration: 15 s). */
  readonly migrationGraceMs: number;
  /** When a pending migration is looked at again (watch/vmi: 10 s). */
  readonly reevaluateMs: number;
  /** How often VMIs that ask for a migration are looked for (workload-updater: 5 s). */
  readonly workloadUpdateMs: number;
  /** Wait after the first failed start; grows with the square of the count (watch/vm: 10 s). */
  readonly startBackoffMs: number;
}

/** KubeVirt's own waiting times. */
export const kubevirtDelays: ControllerDelays = {
  migrationGraceMs: 15_000,
  reevaluateMs: 10_000,
  workloadUpdateMs: 5_000,
  startBackoffMs: 10_000,
};
