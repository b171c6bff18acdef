// What virt-controller reads from the KubeVirt resource, with the defaults of KubeVirt 1.9.

/** The parts of a KubeVirt CR's `spec` that change what virt-controller does with networks. */
export interface KubeVirtSpec {
  readonly configuration?: {
    readonly vmRolloutStrategy?: "LiveUpdate" | "Stage";
    readonly network?: {
      readonly binding?: Readonly<Record<string, BindingPlugin>>;
      readonly defaultNetworkInterface?: string;
    };
    readonly developerConfiguration?: {
      readonly featureGates?: readonly string[];
      readonly disabledFeatureGates?: readonly string[];
    };
  };
  readonly workloadUpdateStrategy?: { readonly workloadUpdateMethods?: readonly string[] };
}

/** A registered network binding plugin. */
export interface BindingPlugin {
  readonly networkAttachmentDefinition?: string;
  readonly domainAttachmentType?: string;
  readonly sidecarImage?: string;
  readonly migration?: { readonly method?: string };
}

/** The same, resolved. */
export interface ControllerRules {
  readonly bindingPlugins: ReadonlyMap<string, BindingPlugin>;
  /** True: NIC-independent changes of memory, CPU and node selector need no restart (the default when unset). */
  readonly liveUpdate: boolean;
  /** True: an injector outside KubeVirt adds device requests to pods, and NADs are not read (default since 1.9). */
  readonly externalNetResourceInjection: boolean;
  /** How a VM without any NIC is put on the pod network (pkg/virt-config: bridge). */
  readonly defaultBinding: "bridge" | "masquerade";
  /** True: a VMI that asks for a migration gets one. KubeVirt's default is no. */
  readonly migrateOnUpdate: boolean;
}

/** @returns the rules that follow from a KubeVirt CR's spec; from none, those of a fresh installation. */
export function controllerRules(spec: KubeVirtSpec = {}): ControllerRules {
  const configuration = spec.configuration ?? {};
  return {
    bindingPlugins: new Map(Object.entries(configuration.network?.binding ?? {})),
    liveUpdate: configuration.vmRolloutStrategy !== "Stage",
    externalNetResourceInjection: isBetaGateOn("ExternalNetResourceInjection", configuration),
    defaultBinding: configuration.network?.defaultNetworkInterface === "masquerade" ? "masquerade" : "bridge",
    migrateOnUpdate: spec.workloadUpdateStrategy?.workloadUpdateMethods?.includes("LiveMigrate") ?? false,
  };
}

/** Beta gates are on; switching one on by name wins over switching it off. */
function isBetaGateOn(
  gate: string,
  { developerConfiguration }: NonNullable<KubeVirtSpec["configuration"]>,
): boolean {
  const { featureGates = [], disabledFeatureGates = [] } = developerConfiguration ?? {};
  return featureGates.includes(gate) || !disabledFeatureGates.includes(gate);
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
