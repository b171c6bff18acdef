// The fields of the KubeVirt resource's spec that admission and the controllers read, with the defaults of KubeVirt 1.9.

/** spec of the `kubevirt.io/v1` KubeVirt resource. */
export interface KubevirtSpec {
  readonly configuration?: KubevirtConfiguration;
  readonly workloadUpdateStrategy?: { readonly workloadUpdateMethods?: readonly string[] };
}

/** An absent field has KubeVirt's default. */
export interface KubevirtConfiguration {
  readonly developerConfiguration?: {
    readonly featureGates?: readonly string[];
    /** Turns Beta gates off. `featureGates` wins. */
    readonly disabledFeatureGates?: readonly string[];
  };
  readonly network?: {
    /** Binding plugins by name. Admission does not check that a plugin is registered. */
    readonly binding?: BindingPlugins;
    /** Default: true. */
    readonly permitBridgeInterfaceOnPodNetwork?: boolean;
    /** The binding of the NIC that a VM without NICs gets: `bridge` (default) or `masquerade`. */
    readonly defaultNetworkInterface?: string;
  };
  /** How changes reach a running VM. Default: `LiveUpdate` (since 1.8). */
  readonly vmRolloutStrategy?: "LiveUpdate" | "Stage";
  /** For VMs without their own. */
  readonly evictionStrategy?: string;
  readonly architectureConfiguration?: {
    /** For VMs without their own. Default: the control plane's, here `amd64`. */
    readonly defaultArchitecture?: string;
  };
}

/** Only the attachment type `tap` adds an interface to the domain. */
export interface BindingPlugin {
  readonly networkAttachmentDefinition?: string;
  readonly domainAttachmentType?: string;
  readonly sidecarImage?: string;
  /** Set when VMs with this binding on the pod network can migrate. */
  readonly migration?: { readonly method?: string };
}

export type BindingPlugins = Readonly<Record<string, BindingPlugin>>;

/** The gates in use, with their state in KubeVirt 1.9 (pkg/virt-config/featuregate/active.go). */
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

/** `featureGates` wins over `disabledFeatureGates`, which wins over the state: Beta is on, Alpha off. */
export function gateEnabled(
  gate: keyof typeof gateStates,
  { developerConfiguration }: KubevirtConfiguration,
): boolean {
  if (developerConfiguration?.featureGates?.includes(gate) === true) return true;
  if (developerConfiguration?.disabledFeatureGates?.includes(gate) === true) return false;
  return gateStates[gate] === "Beta";
}

/** True when changes reach the running VM where possible (pkg/virt-config/virt-config.go). */
export function rollsOutLive({ vmRolloutStrategy }: KubevirtConfiguration): boolean {
  return (vmRolloutStrategy ?? "LiveUpdate") === "LiveUpdate";
}

export function permitsBridgeOnPodNetwork({ network }: KubevirtConfiguration): boolean {
  return network?.permitBridgeInterfaceOnPodNetwork ?? true;
}
