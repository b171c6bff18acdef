// The KubeVirt resource's spec.configuration, as far as virt-api's rules for VirtualMachines read it.

/** spec.configuration of the `kubevirt.io/v1` KubeVirt resource; every part may be absent and then has KubeVirt's default. */
export interface KubevirtConfiguration {
  readonly developerConfiguration?: {
    /** Gates switched on, beside those that are on by default. */
    readonly featureGates?: readonly string[];
    /** Gates switched off although their state is Beta. `featureGates` wins over it. */
    readonly disabledFeatureGates?: readonly string[];
  };
  readonly network?: {
    /** Registered binding plugins. Admission does not look them up: an unregistered name is admitted. */
    readonly binding?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    /** Whether `bridge` may be used on the pod network. Default: true. */
    readonly permitBridgeInterfaceOnPodNetwork?: boolean;
    /** The binding of the NIC that a VM without any gets: `masquerade` (default) or `bridge`. */
    readonly defaultNetworkInterface?: string;
  };
  /** How changes reach a running VM. Default: `LiveUpdate` (since 1.8 an unset field means it). */
  readonly vmRolloutStrategy?: "LiveUpdate" | "Stage";
  /** The eviction strategy of VMs that name none. */
  readonly evictionStrategy?: string;
  readonly architectureConfiguration?: {
    /** The architecture of VMs that name none. KubeVirt takes its control plane's; here `amd64`. */
    readonly defaultArchitecture?: string;
  };
}

/** The gates that rules ask for, with their state in KubeVirt 1.9 (pkg/virt-config/featuregate/active.go). */
const gateStates = {
  DeclarativeHotplugVolumes: "Beta",
  DecentralizedLiveMigration: "Alpha",
  DownwardMetrics: "Alpha",
  HostDevices: "Alpha",
  HostDisk: "Alpha",
  NetworkDevicesWithDRA: "Alpha",
  PasstBinding: "Beta",
  PortRangesSpec: "Alpha",
} as const;

export type FeatureGate = keyof typeof gateStates;

/** Explicit enabling wins over explicit disabling, which wins over the state: Beta is on, Alpha off. */
export function gateEnabled(gate: FeatureGate, { developerConfiguration }: KubevirtConfiguration): boolean {
  if (developerConfiguration?.featureGates?.includes(gate) === true) return true;
  if (developerConfiguration?.disabledFeatureGates?.includes(gate) === true) return false;
  return gateStates[gate] === "Beta";
}

/** Whether changes of a VM reach its running instance as far as they can (pkg/virt-config/virt-config.go). */
export function rollsOutLive({ vmRolloutStrategy }: KubevirtConfiguration): boolean {
  return (vmRolloutStrategy ?? "LiveUpdate") === "LiveUpdate";
}

/** Whether `bridge` may be used on the pod network. */
export function permitsBridgeOnPodNetwork({ network }: KubevirtConfiguration): boolean {
  return network?.permitBridgeInterfaceOnPodNetwork ?? true;
}
