// A resolved NIC, with all defaults filled in and all text parsed. Checks, compilation and routing work on it.
import type { Binding } from "./bindings.ts";
import type { PhysicalNetwork } from "./catalogue.ts";
import type { Cidr, IpAddress } from "./ip.ts";
import type { Labels } from "./labels.ts";
import type {
  GuestConfig,
  GuestRenderer,
  IpMode,
  LinkState,
  NetworkType,
  RoutingMode,
  RunStrategy,
  UserDataSpec,
} from "./spec.ts";

export type Attachment =
  | { readonly kind: "pod" }
  /** A NAD that exists already. */
  | { readonly kind: "given"; readonly namespace: string; readonly name: string }
  /** A NAD that is generated for this physical network. */
  | { readonly kind: "generated"; readonly network: PhysicalNetwork };

/** One static route; `field` is its path in the input. */
export interface NicRoute {
  readonly field: string;
  readonly position: number;
  readonly destination: Cidr;
  readonly gateway: IpAddress;
  readonly metric: number;
}

/** A static address; `field` is its path in the input. */
export interface NicAddress {
  readonly field: string;
  readonly cidr: Cidr;
}

export interface Nic {
  /** Position in networks[]. */
  readonly index: number;
  /** `networks[i]`. */
  readonly field: string;
  readonly name: string;
  readonly type: NetworkType;
  /** undefined if there is nothing to attach to; a finding says why. */
  readonly attachment: Attachment | undefined;
  readonly binding: Binding;
  /** 0 for untagged. */
  readonly vlanId: number;
  /** The VLAN of the input; undefined if there is none. */
  readonly givenVlanId: number | undefined;
  readonly mac: string;
  readonly macGiven: boolean;
  readonly mtu: number | undefined;
  readonly linkState: LinkState;
  readonly primary: boolean;
  /** Metric of this NIC's default route and of its routes that name none. */
  readonly metric: number;
  readonly mode: IpMode;
  readonly addresses: readonly NicAddress[];
  readonly gateway: IpAddress | undefined;
  readonly defaultRoute: boolean;
  readonly dnsServers: readonly IpAddress[];
  readonly searchDomains: readonly string[];
  readonly routes: readonly NicRoute[];
}

/** A disk with its name and source. */
export interface ResolvedDisk {
  readonly name: string;
  readonly source: {
    readonly kind: "containerImage" | "persistentVolumeClaim" | "dataVolume";
    readonly value: string;
  };
}

/** A VM with every default filled in. */
export interface ResolvedVm {
  readonly namespace: string;
  readonly name: string;
  readonly cpu: number;
  readonly memory: string;
  /** The boot disk first. */
  readonly disks: readonly ResolvedDisk[];
  readonly userData: UserDataSpec | undefined;
  readonly runStrategy: RunStrategy;
  /** undefined if the caller does not say; then only what every renderer supports is used. */
  readonly renderer: GuestRenderer | undefined;
  readonly guestConfig: GuestConfig;
  readonly routing: RoutingMode;
  readonly labels: Labels;
  readonly nics: readonly Nic[];
}
