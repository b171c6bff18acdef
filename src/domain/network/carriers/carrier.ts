// A carrier: the bridge or device that carries the frames of a NIC between its pod and the physical network.
import type { Binding } from "../../bindings.ts";
import type { CarrierName, CarrierSettings, PhysicalNetwork } from "../../catalogue.ts";
import type { FieldsOf } from "../../document/shape.ts";
import type { CniConfig } from "../cni.ts";
import type { Uplink } from "./uplink.ts";

/** Types of values, as Go's decoder reads them. `natural`: an integer from 0. */
export type ValueKind = "text" | "flag" | "integer" | "natural" | "list";

/** Properties of all NADs with its CNI plugins, also of those that multinic did not generate. */
export interface CniPlugins {
  /** Values of the CNI configuration's `type`. */
  readonly plugins: readonly string[];
  /**
   * The keys that the plugin reads besides `cniVersion`, `name`, `type` and `ipam`, with the types that Go's decoder
   * requires. All other keys are ignored.
   */
  readonly keys: Readonly<Record<string, ValueKind>>;
  /** Why the plugin refuses the configuration, apart from values of a wrong type; undefined if it accepts it. */
  readonly refusal: (cni: CniConfig) => string | undefined;
  /** Why the plugin does not support an existing CNI version; undefined if it does. */
  readonly versionRefusal: (cniVersion: string) => string | undefined;
  /** What the plugin does with `ipam`: fail, ignore it, or give the pod an address. */
  readonly ipam: (cni: CniConfig) => "refused" | "ignored" | "used";
  /** True if the plugin needs a device, which a device plugin assigns by the annotation of the NAD. */
  readonly needsDevice: boolean;
  /** True if the plugin does not apply the VLAN of the configuration. */
  readonly ignoresVlan: (cni: CniConfig) => boolean;
  /**
   * The VLAN of the frames that a VM sends untagged, 0 for untagged; undefined if it is not known. `networks`: those of the
   * catalogue.
   */
  readonly vlanOfNad: (cni: CniConfig, networks: readonly PhysicalNetwork[]) => number | undefined;
  /** undefined if the NAD does not say. */
  readonly uplinkOfNad: (cni: CniConfig) => Uplink | undefined;
}

/** Each carrier has a file in this folder and a row in carriers.ts. */
export interface Carrier<K extends CarrierName> extends CniPlugins {
  // A physical network of the catalogue.

  /** The value of `implementation` in the catalogue, for a type of NIC with several carriers. */
  readonly implementation: string;
  /** The fields that only its networks have in the catalogue. */
  readonly settings: FieldsOf<CarrierSettings<K>>;
  readonly binding: (network: PhysicalNetwork<K>) => Binding;
  /** The binding without a network of the catalogue, as for a NAD that the caller names. */
  readonly usualBinding: Binding;
  /** The device plugin resource of a NIC; undefined if it needs no device, or there is none for that VLAN. */
  readonly resourceName: (network: PhysicalNetwork<K>, vlan: number) => string | undefined;
  readonly uplink: (network: PhysicalNetwork<K>, vlan: number) => Uplink;

  // A NAD that multinic generates.

  /** The plugin's configuration. The order of keys is fixed, because the name of the NAD is a hash of the JSON. */
  readonly cniConfig: (
    network: PhysicalNetwork<K>,
    vlan: number,
    mtu: number | undefined,
  ) => Readonly<Record<string, string | number | boolean | undefined>>;
  /** The inverse of cniConfig and resourceName: the VLAN of a NIC on that NAD; undefined if it is not of that network. */
  readonly vlanOf: (network: PhysicalNetwork<K>, cni: CniConfig) => number | undefined;
}
