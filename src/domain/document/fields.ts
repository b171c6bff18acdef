// The field table of both forms of a document: the Wukong resource and the API's VirtualMachine message.
import {
  defaultRoutes,
  guestConfigs,
  guestRenderers,
  ipModes,
  linkStates,
  networkTypes,
  routingModes,
  runStrategies,
  type DiskSpec,
  type GuestSpec,
  type IpConfig,
  type NetworkConfig,
  type RouteConfig,
  type UserDataSpec,
  type VmSpec,
} from "../spec.ts";
import {
  flag,
  int32,
  list,
  quantity,
  requiredText,
  text,
  texts,
  uint32,
  unread,
  word,
  type Field,
  type FieldsOf,
  type MappingShape,
} from "./shape.ts";

const textList = list({ kind: "text" });

const route: FieldsOf<RouteConfig> = {
  destination: requiredText,
  gateway: requiredText,
  metric: uint32,
};

const ipConfig: FieldsOf<IpConfig> = {
  mode: word(ipModes, "IP_MODE"),
  address: text,
  addresses: textList,
  gateway: text,
  dnsServers: textList,
  searchDomains: textList,
  defaultRoute: word(defaultRoutes, "DEFAULT_ROUTE"),
};

const network: FieldsOf<NetworkConfig> = {
  name: requiredText,
  type: word(networkTypes, "NETWORK_TYPE"),
  nadName: text,
  vlanId: int32,
  ipConfig: { shape: { kind: "mapping", fields: ipConfig } },
  primary: flag,
  priority: int32,
  mtu: int32,
  routes: list({ kind: "mapping", fields: route }),
  physicalNetwork: text,
  macAddress: text,
  linkState: word(linkStates, "LINK_STATE"),
};

const diskFields: FieldsOf<DiskSpec> = {
  name: text,
  containerImage: text,
  persistentVolumeClaim: text,
  dataVolume: text,
};
const disk: MappingShape = {
  kind: "mapping",
  fields: diskFields,
  oneOf: {
    fields: ["containerImage", "persistentVolumeClaim", "dataVolume"],
    code: "DISK_SOURCE_INVALID",
  },
};

const userDataFields: FieldsOf<UserDataSpec> = { text, secretName: text };
const userData: MappingShape = {
  kind: "mapping",
  fields: userDataFields,
  oneOf: { fields: ["text", "secretName"], code: "USER_DATA_SOURCE_INVALID" },
};

const guest: FieldsOf<GuestSpec> = { renderer: word(guestRenderers, "GUEST_RENDERER") };

const machine: FieldsOf<Omit<VmSpec, "namespace" | "name">> = {
  cpu: int32,
  memory: quantity,
  bootDisk: { shape: disk },
  disks: list(disk),
  userData: { shape: userData },
  runStrategy: word(runStrategies, "RUN_STRATEGY"),
  guest: { shape: { kind: "mapping", fields: guest } },
  guestConfig: word(guestConfigs, "GUEST_CONFIG"),
  routing: word(routingModes, "ROUTING_MODE"),
  labels: texts,
  networks: list({ kind: "mapping", fields: network }),
};

const apiFields: FieldsOf<VmSpec> = { namespace: text, name: requiredText, ...machine };

/** The message multinic.v1.VirtualMachine as JSON or YAML. */
export const apiForm: MappingShape = { kind: "mapping", fields: apiFields };

/** spec of a Wukong. */
export const wukongSpec: MappingShape = { kind: "mapping", fields: machine };

/**
 * metadata of a Wukong. Name and namespace become the VM's; the rest belongs to the resource (metav1.ObjectMeta) and
 * does not concern the VM.
 */
export const wukongMetadata: MappingShape = {
  kind: "mapping",
  fields: {
    name: requiredText,
    namespace: text,
    ...unreadFields(
      "annotations",
      "creationTimestamp",
      "deletionGracePeriodSeconds",
      "deletionTimestamp",
      "finalizers",
      "generateName",
      "generation",
      "labels",
      "managedFields",
      "ownerReferences",
      "resourceVersion",
      "selfLink",
      "uid",
    ),
  },
};

/** Top level of a Wukong; metadata and spec have their own tables. */
export const wukong: MappingShape = {
  kind: "mapping",
  fields: unreadFields("apiVersion", "kind", "metadata", "spec", "status"),
};

export const wukongApiVersions = ["vm.novasphere.dev/v1alpha1"] as const;
export const wukongKinds = ["Wukong"] as const;

function unreadFields(...names: readonly string[]): Readonly<Record<string, Field>> {
  return Object.fromEntries(names.map((name) => [name, unread]));
}
