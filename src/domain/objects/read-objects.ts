// Reads VMs, their instances and NADs from the API server, so that all fields that multinic uses have the types of
// kubernetes.ts. The CRDs do not guarantee that: those of KubeVirt preserve unknown fields.
import {
  type CloudInitSource,
  type KubernetesObject,
  type NetworkAttachmentDefinition,
  type VirtualMachine,
  type VirtualMachineInstance,
  type VmBindings,
  vmiPhases,
  vmRunStrategies,
} from "./kubernetes.ts";
import {
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

/** An object, and the parts that were left out, by path. */
export interface ReadObject<T> {
  readonly object: T;
  readonly notes: readonly string[];
}

const named = mapping<{ name: string }>({ name: text }, { required: ["name"] });
const texts = mapOf(text);

const metadata: Reader<KubernetesObject["metadata"]> = mapping(
  {
    name: text,
    namespace: text,
    uid: text,
    resourceVersion: text,
    generation: whole,
    creationTimestamp: time,
    deletionTimestamp: time,
    labels: texts,
    annotations: texts,
    ownerReferences: list(
      mapping(
        { apiVersion: text, kind: text, name: text, uid: text, controller: flag },
        { required: ["apiVersion", "kind", "name", "uid"] },
      ),
    ),
    managedFields: list(anything),
  },
  { defaults: { name: "" } },
);

type VmStatus = NonNullable<VirtualMachine["status"]>;
type VmiStatus = NonNullable<VirtualMachineInstance["status"]>;

const conditions: Reader<NonNullable<VmStatus["conditions"]>> = list(
  mapping(
    {
      type: text,
      status: oneOf("True", "False", "Unknown"),
      reason: text,
      message: text,
      lastTransitionTime: time,
    },
    { required: ["type", "status"] },
  ),
);

const cloudInit: Reader<CloudInitSource> = mapping({
  userData: text,
  userDataBase64: text,
  secretRef: named,
  networkData: text,
  networkDataBase64: text,
  networkDataSecretRef: named,
});

const bindings: { readonly [K in keyof VmBindings]-?: Reader<NonNullable<VmBindings[K]>> } = {
  bridge: emptyMapping,
  masquerade: emptyMapping,
  sriov: emptyMapping,
  passtBinding: emptyMapping,
  binding: named,
};

const instanceSpec: Reader<VirtualMachineInstance["spec"]> = mapping(
  {
    domain: mapping(
      {
        cpu: mapping({ cores: whole, sockets: whole, threads: whole }),
        memory: mapping({ guest: quantity, maxGuest: quantity }),
        resources: mapping({ requests: mapOf(quantity) }),
        devices: mapping({
          disks: list(named),
          interfaces: list(
            mapping(
              {
                name: text,
                macAddress: text,
                state: oneOf("up", "down", "absent"),
                ...bindings,
              },
              { required: ["name"] },
            ),
          ),
        }),
      },
      { defaults: { devices: {} } },
    ),
    networks: list(
      mapping(
        {
          name: text,
          pod: mapping({}),
          multus: mapping({ networkName: text, default: flag }, { required: ["networkName"] }),
        },
        { required: ["name"] },
      ),
    ),
    volumes: list(
      mapping(
        {
          name: text,
          containerDisk: mapping({ image: text }, { required: ["image"] }),
          persistentVolumeClaim: mapping({ claimName: text }, { required: ["claimName"] }),
          dataVolume: named,
          cloudInitNoCloud: cloudInit,
          cloudInitConfigDrive: cloudInit,
        },
        { required: ["name"] },
      ),
    ),
  },
  { defaults: { domain: {} } },
);

const virtualMachine: Reader<Content<VirtualMachine>> = mapping(
  {
    metadata,
    spec: mapping(
      {
        runStrategy: oneOf(...vmRunStrategies),
        running: flag,
        template: mapping(
          { metadata: mapping({ labels: texts, annotations: texts }), spec: instanceSpec },
          { defaults: { spec: {} } },
        ),
      },
      { defaults: { template: {} } },
    ),
    status: mapping({ printableStatus: text, conditions }),
  },
  { defaults: { metadata: {}, spec: {} } },
);

const instanceStatus: Reader<VmiStatus> = mapping({
  phase: oneOf(...vmiPhases),
  nodeName: text,
  conditions,
  interfaces: list(
    mapping({
      name: text,
      mac: text,
      ipAddresses: list(text),
      interfaceName: text,
      infoSource: text,
      linkState: text,
    }),
  ),
  memory: mapping({ guestAtBoot: quantity, guestRequested: quantity }),
  phaseTransitionTimestamps: list(
    mapping(
      { phase: oneOf(...vmiPhases), phaseTransitionTimestamp: time },
      { required: ["phase", "phaseTransitionTimestamp"] },
    ),
  ),
});

const instance: Reader<Content<VirtualMachineInstance>> = mapping(
  { metadata, spec: instanceSpec, status: instanceStatus },
  { defaults: { metadata: {}, spec: {} } },
);

const networkAttachmentDefinition: Reader<Content<NetworkAttachmentDefinition>> = mapping(
  { metadata, spec: mapping({ config: text }) },
  { defaults: { metadata: {} } },
);

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
    // Omit and Pick together are T, which TypeScript does not recognise for a type parameter.
    return { object: { ...content, ...type } as unknown as T, notes };
  };
}

const kubeVirt = { apiVersion: "kubevirt.io/v1" } as const;

export const readVirtualMachine = reading(virtualMachine, { ...kubeVirt, kind: "VirtualMachine" });
export const readInstance = reading(instance, { ...kubeVirt, kind: "VirtualMachineInstance" });
export const readNad = reading(networkAttachmentDefinition, {
  apiVersion: "k8s.cni.cncf.io/v1",
  kind: "NetworkAttachmentDefinition",
});

/** For an object of any kind; kinds other than VMs and NADs are returned unchanged. */
export function readObject(object: KubernetesObject): KubernetesObject {
  const { kind } = object;
  if (kind === "VirtualMachine") return readVirtualMachine(object as VirtualMachine).object;
  if (kind === "NetworkAttachmentDefinition") return readNad(object as NetworkAttachmentDefinition).object;
  return object;
}
