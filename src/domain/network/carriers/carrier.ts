// What the product knows of a carrier: the bridge or device that takes a NIC's frames from the pod to the wire.
import type { Binding } from "../../bindings.ts";
import type { CarrierName, CarrierSettings, PhysicalNetwork } from "../../catalogue.ts";
import type { FieldsOf } from "../../document/shape.ts";
import type { CniConfig } from "../cni.ts";
import type { Uplink } from "./uplink.ts";

/** How a Go program's decoder reads a value: `natural` is an integer from 0. */
export type ValueKind = "text" | "flag" | "integer" | "natural" | "list";

/** What holds for any NAD of its CNI plugins, whoever wrote it. */
export interface CniPlugins {
  /** Values of the CNI configuration's `type`. */
  readonly plugins: readonly string[];
  /**
   * What the plugin reads besides `cniVersion`, `name`, `type` and `ipam`, with the type that Go's decoder asks of it. It
   * ignores every other key.
   */
  readonly keys: Readonly<Record<string, ValueKind>>;
  /** Why the plugin refuses to make the device, beyond values of a wrong type; undefined when it takes the configuration. */
  readonly refusal: (cni: CniConfig) => string | undefined;
  /** Why the plugin does not speak that version of CNI, of those that exist. */
  readonly versionRefusal: (cniVersion: string) => string | undefined;
  /** What the plugin does with a NAD's `ipam`: fail, ignore it, or give the pod an address. */
  readonly ipam: (cni: CniConfig) => "refused" | "ignored" | "used";
  /** True where the plugin needs a device, which a device plugin hands out by the NAD's annotation. */
  readonly needsDevice: boolean;
  /** True where the plugin does not apply the configuration's VLAN. */
  readonly ignoresVlan: (cni: CniConfig) => boolean;
  /** undefined where the NAD does not say. */
  readonly uplinkOfNad: (cni: CniConfig) => Uplink | undefined;
}

/** One file of this folder for each; the table of all is carriers.ts. */
export interface Carrier<K extends CarrierName> extends CniPlugins {
  // A physical network of the catalogue.

  /** The catalogue's `implementation`, where a type of NIC has several carriers. */
  readonly implementation: string;
  /** The fields of the catalogue that only its networks have. */
  readonly settings: FieldsOf<CarrierSettings<K>>;
  readonly binding: (network: PhysicalNetwork<K>) => Binding;
  /** The binding where the catalogue has no such network, as for a NAD that the caller names. */
  readonly usualBinding: Binding;
  /** The device plugin resource of a NIC; undefined where it needs no device, and where there is none for that VLAN. */
  readonly resourceName: (network: PhysicalNetwork<K>, vlan: number) => string | undefined;
  readonly uplink: (network: PhysicalNetwork<K>, vlan: number) => Uplink;

  // A NAD that multinic generates.

  /** The plugin's configuration. The order is fixed, since the NAD's name is a hash of the JSON; undefined is left out. */
  readonly cniConfig: (
    network: PhysicalNetwork<K>,
    vlan: number,
    mtu: number | undefined,
  ) => Readonly<Record<string, string | number | boolean | undefined>>;
  /** The inverse of cniConfig and resourceName: the VLAN of a NIC on that NAD. */
  readonly vlanOf: (network: PhysicalNetwork<K>, cni: CniConfig) => number;
}
