// The KubeVirt resource's spec, as far as virt-api's rules and virt-controller read it, with the defaults of KubeVirt 1.9.

/** spec of the `kubevirt.io/v1` KubeVirt resource. */
export interface KubevirtSpec {
  readonly configuration?: KubevirtConfiguration;
  readonly workloadUpdateStrategy?: { readonly workloadUpdateMethods?: readonly string[] };
}

/** Its `configuration`; every part may be absent and then has KubeVirt's default. */
export interface KubevirtConfiguration {
  readonly developerConfiguration?: {
    /** Gates switched on, beside those that are on by default. */
    readonly featureGates?: readonly string[];
    /** Gates switched off although their state is Beta. `featureGates` wins over it. */
    readonly disabledFeatureGates?: readonly string[];
  };
  readonly network?: {
    /** Registered binding plugins. Admission does not look them up: an unregistered name is admitted. */
    readonly binding?: BindingPlugins;
    /** Whether `bridge` may be used on the pod network. Default: true. */
    readonly permitBridgeInterfaceOnPodNetwork?: boolean;
    /** The binding of the NIC that a VM without any gets: `bridge` (default) or `masquerade`. */
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

/** A network binding plugin; only the attachment type `tap` puts an interface into the domain. */
export interface BindingPlugin {
  readonly networkAttachmentDefinition?: string;
  readonly domainAttachmentType?: string;
  readonly sidecarImage?: string;
  /** Set when VMs with this binding on the pod network may migrate. */
  readonly migration?: { readonly method?: string };
}

/** Binding plugins by name. */
export type BindingPlugins = Readonly<Record<string, BindingPlugin>>;

/** The gates that are asked for, with their state in KubeVirt 1.9 (pkg/virt-config/featuregate/active.go). */
const gateStates = {
  DeclarativeHotplugVolumes: "Beta",
  DecentralizedLiveMigration: "Alpha",
  DownwardMetrics: "Alpha",
  ExternalNetResourceInjection: "Beta",
  HostDevices: "Alpha",
  HostDisk: "Alpha",
  NetworkDevicesWithDRA: "Alpha",
  PasstBinding: "Beta",
  PortRangesSpec: "Alpha",
} as const;

/** Explicit enabling wins over explicit disabling, which wins over the state: Beta is on, Alpha off. */
export function gateEnabled(
  gate: keyof typeof gateStates,
  { developerConfiguration }: KubevirtConfiguration,
): boolean {
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
