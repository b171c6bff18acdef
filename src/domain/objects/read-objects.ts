// VMs, their instances and NADs as the API server gives them, read once: after this every field is of the type that
// kubernetes.ts says, whoever wrote it. The CRDs check most of this, and not all: KubeVirt's schemas keep unknown fields.
import type {
  CloudInitSource,
  Condition,
  KubernetesObject,
  NetworkAttachmentDefinition,
  ObjectMeta,
  OwnerReference,
  VirtualMachine,
  VirtualMachineInstance,
  VirtualMachineInstanceSpec,
  VmDisk,
  VmInterface,
  VmiInterfaceStatus,
  VmNetwork,
  VmVolume,
} from "./kubernetes.ts";
import {
  anyMapping,
  anything,
  emptyMapping,
  flag,
  list,
  mapOf,
  mapping,
  oneOf,
  quantity,
  type Reader,
  text,
  time,
  whole,
} from "./reader.ts";

/** An object, and what was left out of it, by path. */
export interface ReadObject<T> {
  readonly object: T;
  readonly notes: readonly string[];
}

const named = mapping<{ name: string }>({ name: text }, { required: ["name"] });
const texts = mapOf(text);

const ownerReference = mapping<OwnerReference>(
  { apiVersion: text, kind: text, name: text, uid: text, controller: flag, blockOwnerDeletion: flag },
  { required: ["apiVersion", "kind", "name", "uid"] },
);

const metadata = mapping<ObjectMeta>(
  {
    name: text,
    namespace: text,
    uid: text,
    resourceVersion: text,
    generation: whole,
    creationTimestamp: time,
    deletionTimestamp: text,
    labels: texts,
    annotations: texts,
    ownerReferences: list(ownerReference),
    finalizers: list(text),
    managedFields: list(anything),
  },
  { defaults: { name: "" } },
);

const conditions = list(
  mapping<Condition>(
    {
      type: text,
      status: oneOf("True", "False", "Unknown"),
      reason: text,
      message: text,
      lastTransitionTime: text,
      lastProbeTime: text,
    },
    { required: ["type", "status"] },
  ),
);

const vmInterface = mapping<VmInterface>(
  {
    name: text,
    model: text,
    macAddress: text,
    state: oneOf("up", "down", "absent"),
    bridge: emptyMapping,
    masquerade: emptyMapping,
    sriov: emptyMapping,
    passtBinding: emptyMapping,
    binding: named,
    bootOrder: whole,
    pciAddress: text,
    ports: list(
      mapping<{ name?: string; protocol?: string; port: number }>(
        { name: text, protocol: text, port: whole },
        { required: ["port"] },
      ),
    ),
  },
  { required: ["name"] },
);

const vmNetwork = mapping<VmNetwork>(
  {
    name: text,
    pod: mapping<NonNullable<VmNetwork["pod"]>>({ vmNetworkCIDR: text, vmIPv6NetworkCIDR: text }),
    multus: mapping<NonNullable<VmNetwork["multus"]>>(
      { networkName: text, default: flag },
      { required: ["networkName"] },
    ),
  },
  { required: ["name"] },
);

const vmDisk = mapping<VmDisk>(
  {
    name: text,
    disk: mapping<NonNullable<VmDisk["disk"]>>({ bus: text, readonly: flag }),
    cdrom: mapping<NonNullable<VmDisk["cdrom"]>>({ bus: text }),
    bootOrder: whole,
  },
  { required: ["name"] },
);

const cloudInit = mapping<CloudInitSource>({
  userData: text,
  userDataBase64: text,
  secretRef: named,
  networkData: text,
  networkDataBase64: text,
  networkDataSecretRef: named,
});

const vmVolume = mapping<VmVolume>(
  {
    name: text,
    containerDisk: mapping<{ image: string }>({ image: text }, { required: ["image"] }),
    persistentVolumeClaim: mapping<{ claimName: string }>({ claimName: text }, { required: ["claimName"] }),
    dataVolume: named,
    cloudInitNoCloud: cloudInit,
    cloudInitConfigDrive: cloudInit,
  },
  { required: ["name"] },
);

type Domain = VirtualMachineInstanceSpec["domain"];

const domain = mapping<Domain>(
  {
    cpu: mapping<NonNullable<Domain["cpu"]>>({ cores: whole, sockets: whole, threads: whole }),
    memory: mapping<NonNullable<Domain["memory"]>>({ guest: quantity, maxGuest: quantity }),
    firmware: mapping<NonNullable<Domain["firmware"]>>({ uuid: text, serial: text }),
    machine: mapping<NonNullable<Domain["machine"]>>({ type: text }),
    features: mapping<NonNullable<Domain["features"]>>({
      hypervPassthrough: mapping<{ enabled?: boolean }>({ enabled: flag }),
    }),
    resources: mapping<NonNullable<Domain["resources"]>>({
      requests: mapOf(quantity),
      limits: mapOf(quantity),
    }),
    devices: mapping<Domain["devices"]>({
      disks: list(vmDisk),
      interfaces: list(vmInterface),
      autoattachPodInterface: flag,
      networkInterfaceMultiqueue: flag,
    }),
  },
  { defaults: { devices: {} } },
);

const instanceSpec = mapping<VirtualMachineInstanceSpec>(
  {
    domain,
    hostname: text,
    nodeSelector: texts,
    terminationGracePeriodSeconds: whole,
    networks: list(vmNetwork),
    volumes: list(vmVolume),
  },
  { defaults: { domain: {} } },
);

type Vm = VirtualMachine["spec"];

const virtualMachine = mapping<Content<VirtualMachine>>(
  {
    metadata,
    spec: mapping<Vm>(
      {
        runStrategy: oneOf("Always", "Halted", "Manual", "RerunOnFailure", "Once", "WaitAsReceiver"),
        running: flag,
        template: mapping<Vm["template"]>(
          {
            metadata: mapping<NonNullable<Vm["template"]["metadata"]>>({ labels: texts, annotations: texts }),
            spec: instanceSpec,
          },
          { defaults: { spec: {} } },
        ),
      },
      { defaults: { template: {} } },
    ),
    status: mapping<NonNullable<VirtualMachine["status"]>>({
      created: flag,
      ready: flag,
      printableStatus: text,
      conditions,
      observedGeneration: whole,
      desiredGeneration: whole,
    }),
  },
  { defaults: { metadata: {}, spec: {} } },
);

type VmiStatus = NonNullable<VirtualMachineInstance["status"]>;

const phase = oneOf(
  "",
  "Pending",
  "Scheduling",
  "Scheduled",
  "Running",
  "Succeeded",
  "Failed",
  "Unknown",
  "WaitingForSync",
);

const virtualMachineInstance = mapping<Content<VirtualMachineInstance>>(
  {
    metadata,
    spec: instanceSpec,
    status: mapping<VmiStatus>({
      phase,
      nodeName: text,
      conditions,
      interfaces: list(
        mapping<VmiInterfaceStatus>({
          name: text,
          mac: text,
          ipAddress: text,
          ipAddresses: list(text),
          interfaceName: text,
          podInterfaceName: text,
          infoSource: text,
          linkState: text,
          queueCount: whole,
        }),
      ),
      guestOSInfo: texts,
      activePods: texts,
      memory: mapping<NonNullable<VmiStatus["memory"]>>({
        guestAtBoot: quantity,
        guestCurrent: quantity,
        guestRequested: quantity,
      }),
      migrationState: anyMapping,
      selinuxContext: text,
      phaseTransitionTimestamps: list(
        mapping<NonNullable<VmiStatus["phaseTransitionTimestamps"]>[number]>(
          { phase, phaseTransitionTimestamp: text },
          { required: ["phase", "phaseTransitionTimestamp"] },
        ),
      ),
    }),
  },
  { defaults: { metadata: {}, spec: {} } },
);

const networkAttachmentDefinition = mapping<Content<NetworkAttachmentDefinition>>(
  { metadata, spec: mapping<{ config?: string }>({ config: text }) },
  { defaults: { metadata: {} } },
);

/** The kind is the one that was asked for. */
type Content<T> = Omit<T, "apiVersion" | "kind">;

const maxNotes = 10;

function reading<T extends KubernetesObject>(
  read: Reader<Content<T>>,
  type: Pick<T, "apiVersion" | "kind">,
): (object: T) => ReadObject<T> {
  return (given) => {
    const notes: string[] = [];
    const content = read(given, "", (text) => {
      if (notes.length < maxNotes) notes.push(text);
    });
    // Omit and Pick of T are T, which TypeScript does not see of a type parameter.
    return { object: { ...content, ...type } as unknown as T, notes };
  };
}

const kubeVirt = { apiVersion: "kubevirt.io/v1" } as const;

export const readVirtualMachine = reading<VirtualMachine>(virtualMachine, {
  ...kubeVirt,
  kind: "VirtualMachine",
});
export const readInstance = reading<VirtualMachineInstance>(virtualMachineInstance, {
  ...kubeVirt,
  kind: "VirtualMachineInstance",
});
export const readNad = reading<NetworkAttachmentDefinition>(networkAttachmentDefinition, {
  apiVersion: "k8s.cni.cncf.io/v1",
  kind: "NetworkAttachmentDefinition",
});
