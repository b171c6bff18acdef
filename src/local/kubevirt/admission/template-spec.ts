// The fields of a kubevirt.io/v1 VirtualMachine that admission reads: more than the product writes, since it validates the
// VMs of every client. Correct only for objects that the webhook's schema accepts.
import type { Quantity } from "../../../domain/objects/quantity.ts";

type Empty = Readonly<Record<string, unknown>>;

export interface Port {
  readonly name?: string;
  readonly protocol?: string;
  readonly port: number;
}

export interface PortRange {
  readonly protocol: string;
  readonly start: number;
  readonly end: number;
}

/** spec.domain.devices.interfaces[]; `slirp`, `passt` and `macvtap` are bindings that KubeVirt discontinued in 1.3. */
export interface Interface {
  readonly name: string;
  readonly model?: string;
  readonly macAddress?: string;
  readonly pciAddress?: string;
  readonly state?: string;
  readonly bootOrder?: number;
  readonly bridge?: Empty;
  readonly masquerade?: Empty;
  readonly sriov?: Empty;
  readonly passtBinding?: Empty;
  readonly binding?: { readonly name: string };
  readonly slirp?: Empty;
  readonly passt?: Empty;
  readonly macvtap?: Empty;
  readonly ports?: readonly Port[];
  readonly portRanges?: readonly PortRange[];
  readonly dhcpOptions?: {
    readonly ntpServers?: readonly string[];
    readonly privateOptions?: readonly { readonly option: number }[];
  };
}

/** spec.networks[]. */
export interface Network {
  readonly name: string;
  readonly pod?: Empty;
  readonly multus?: { readonly networkName: string; readonly default?: boolean };
  readonly resourceClaim?: { readonly claimName?: string; readonly requestName?: string };
}

/** spec.domain.devices.disks[]. */
export interface Disk {
  readonly name: string;
  readonly disk?: { readonly bus?: string; readonly pciAddress?: string; readonly readonly?: boolean };
  readonly lun?: { readonly bus?: string };
  readonly cdrom?: { readonly bus?: string };
  readonly bootOrder?: number;
  readonly serial?: string;
  readonly cache?: string;
  readonly io?: string;
  readonly errorPolicy?: string;
  readonly dedicatedIOThread?: boolean;
}

interface CloudInit {
  readonly secretRef?: { readonly name?: string };
  readonly userData?: string;
  readonly userDataBase64?: string;
  readonly networkDataSecretRef?: { readonly name?: string };
  readonly networkData?: string;
  readonly networkDataBase64?: string;
}

/** spec.volumes[]. */
export interface Volume {
  readonly name: string;
  readonly persistentVolumeClaim?: Empty;
  readonly sysprep?: Empty;
  readonly cloudInitNoCloud?: CloudInit;
  readonly cloudInitConfigDrive?: CloudInit;
  readonly containerDisk?: { readonly image: string; readonly path?: string };
  readonly ephemeral?: Empty;
  readonly emptyDisk?: Empty;
  readonly hostDisk?: { readonly path: string; readonly type: string };
  readonly dataVolume?: { readonly name: string };
  readonly configMap?: { readonly name?: string };
  readonly secret?: { readonly secretName?: string };
  readonly downwardAPI?: Empty;
  readonly serviceAccount?: { readonly serviceAccountName?: string };
  readonly downwardMetrics?: Empty;
  readonly memoryDump?: Empty;
  readonly containerPath?: Empty;
}

export interface Probe {
  readonly httpGet?: Empty;
  readonly tcpSocket?: Empty;
  readonly exec?: Empty;
  readonly guestAgentPing?: Empty;
}

/** spec.accessCredentials[]. */
export interface AccessCredential {
  readonly sshPublicKey?: {
    readonly source: { readonly secret?: Empty };
    readonly propagationMethod: {
      readonly noCloud?: Empty;
      readonly configDrive?: Empty;
      readonly qemuGuestAgent?: { readonly users?: readonly string[] };
    };
  };
  readonly userPassword?: {
    readonly source: { readonly secret?: Empty };
    readonly propagationMethod: { readonly qemuGuestAgent?: Empty };
  };
}

export interface DnsConfig {
  readonly nameservers?: readonly string[];
  readonly searches?: readonly string[];
  readonly options?: readonly { readonly name?: string }[];
}

export interface Domain {
  readonly devices: {
    readonly interfaces?: readonly Interface[];
    readonly disks?: readonly Disk[];
    readonly filesystems?: readonly { readonly name: string }[];
    readonly autoattachPodInterface?: boolean;
    readonly inputs?: readonly { readonly bus?: string; readonly type: string }[];
    readonly sound?: { readonly name: string; readonly model?: string };
    readonly hostDevices?: readonly Empty[];
  };
  readonly cpu?: {
    readonly cores?: number;
    readonly sockets?: number;
    readonly threads?: number;
    readonly maxSockets?: number;
  };
  readonly memory?: { readonly guest?: Quantity };
  readonly machine?: { readonly type?: string };
  readonly firmware?: {
    readonly uuid?: string;
    readonly serial?: string;
    readonly bootloader?: { readonly bios?: Empty; readonly efi?: { readonly secureBoot?: boolean } };
  };
  readonly features?: { readonly smm?: { readonly enabled?: boolean } };
  readonly launchSecurity?: { readonly tdx?: Empty };
  readonly resources?: {
    readonly requests?: { readonly cpu?: Quantity; readonly memory?: Quantity };
    readonly limits?: { readonly cpu?: Quantity; readonly memory?: Quantity };
  };
}

/** spec.template.spec. */
export interface TemplateSpec {
  readonly domain: Domain;
  readonly networks?: readonly Network[];
  readonly volumes?: readonly Volume[];
  readonly architecture?: string;
  readonly hostname?: string;
  readonly subdomain?: string;
  readonly evictionStrategy?: string;
  readonly startStrategy?: string;
  readonly readinessProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly accessCredentials?: readonly AccessCredential[];
  readonly dnsPolicy?: string;
  readonly dnsConfig?: DnsConfig;
  readonly resourceClaims?: readonly { readonly name: string }[];
}

/** spec of a VirtualMachine. */
export interface VirtualMachineSpec {
  readonly running?: boolean;
  readonly runStrategy?: string;
  readonly template: {
    readonly metadata?: {
      readonly labels?: Readonly<Record<string, string>>;
      readonly annotations?: Readonly<Record<string, string>>;
    };
    readonly spec: TemplateSpec;
  };
}
