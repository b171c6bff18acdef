// The spec of a VM as the caller gives it, before defaults and checks. Field names are those of the Wukong resource.

export const networkTypes = ["bridge", "macvlan", "sriov", "ovs", "pod"] as const;
/** How a NIC reaches its network. */
export type NetworkType = (typeof networkTypes)[number];

export const ipModes = ["dhcp", "static"] as const;
export type IpMode = (typeof ipModes)[number];

export const linkStates = ["up", "down"] as const;
export type LinkState = (typeof linkStates)[number];

export const defaultRoutes = ["auto", "never"] as const;
export type DefaultRoute = (typeof defaultRoutes)[number];

export const runStrategies = ["Always", "Halted", "Manual", "RerunOnFailure", "Once"] as const;
export type RunStrategy = (typeof runStrategies)[number];

export const guestRenderers = ["netplan", "networkd", "network-manager", "sysconfig", "eni"] as const;
/** cloud-init's renderer in the guest, which writes the network configuration into the files of the guest. */
export type GuestRenderer = (typeof guestRenderers)[number];

export const guestConfigs = ["cloud-init", "nmstate"] as const;
/** How the guest gets its network configuration: cloud-init's network-config, or NMState desired state in user-data. */
export type GuestConfig = (typeof guestConfigs)[number];

export const routingModes = ["main", "policy"] as const;
/** How the guest selects the NIC of a packet: by destination only, or first by source address. */
export type RoutingMode = (typeof routingModes)[number];

export interface RouteConfig {
  readonly destination: string;
  readonly gateway: string;
  readonly metric?: number;
}

/** The addresses of one NIC in the guest. Without `mode`: static if there is an address, else DHCP. */
export interface IpConfig {
  readonly mode?: IpMode;
  readonly address?: string;
  readonly addresses?: readonly string[];
  readonly gateway?: string;
  readonly dnsServers?: readonly string[];
  readonly searchDomains?: readonly string[];
  readonly defaultRoute?: DefaultRoute;
}

/** One entry of networks[]. */
export interface NetworkConfig {
  readonly name: string;
  readonly type?: NetworkType;
  readonly nadName?: string;
  readonly vlanId?: number;
  readonly ipConfig?: IpConfig;
  readonly primary?: boolean;
  readonly priority?: number;
  readonly mtu?: number;
  readonly routes?: readonly RouteConfig[];
  readonly physicalNetwork?: string;
  readonly macAddress?: string;
  readonly linkState?: LinkState;
}

/** Must have exactly one of the three sources. */
export interface DiskSpec {
  readonly name?: string;
  readonly containerImage?: string;
  readonly persistentVolumeClaim?: string;
  readonly dataVolume?: string;
}

/** cloud-init user-data: must have exactly one of the two. */
export interface UserDataSpec {
  readonly text?: string;
  readonly secretName?: string;
}

/** What the caller knows about the operating system of the guest. */
export interface GuestSpec {
  readonly renderer?: GuestRenderer;
}

export interface VmSpec {
  readonly namespace: string;
  readonly name: string;
  readonly cpu?: number;
  readonly memory?: string;
  readonly bootDisk?: DiskSpec;
  readonly disks?: readonly DiskSpec[];
  readonly userData?: UserDataSpec;
  readonly runStrategy?: RunStrategy;
  readonly guest?: GuestSpec;
  readonly guestConfig?: GuestConfig;
  readonly routing?: RoutingMode;
  /** Of the VirtualMachine object. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly networks: readonly NetworkConfig[];
}
