// The spec of a VM, from the domain's type to the API's message.
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type NetworkConfigSchema } from "../../gen/multinic/v1/network_pb.ts";
import {
  VirtualMachineSchema,
  type DiskSchema,
  type UserDataSchema,
  type VirtualMachine,
} from "../../gen/multinic/v1/virtual_machine_pb.ts";
import type { DiskSpec, IpConfig, NetworkConfig, UserDataSpec, VmSpec } from "../domain/spec.ts";
import {
  defaultRouteToProto,
  guestConfigToProto,
  guestRendererToProto,
  ipModeToProto,
  linkStateToProto,
  networkTypeToProto,
  routingModeToProto,
  runStrategyToProto,
} from "./enums.ts";

/**
 * The message of `spec`. A disk or user-data with several sources keeps the first of them: the message holds one, and
 * readDocument has already reported the others.
 */
export function specToProto(spec: VmSpec): VirtualMachine {
  const { bootDisk, disks, userData, runStrategy, guest, guestConfig, routing, labels, networks, ...plain } =
    spec;
  return create(VirtualMachineSchema, {
    ...plain,
    ...(bootDisk ? { bootDisk: diskToProto(bootDisk) } : {}),
    disks: disks?.map(diskToProto) ?? [],
    ...(userData ? { userData: userDataToProto(userData) } : {}),
    ...(runStrategy ? { runStrategy: runStrategyToProto[runStrategy] } : {}),
    ...(guest ? { guest: guest.renderer ? { renderer: guestRendererToProto[guest.renderer] } : {} } : {}),
    ...(guestConfig ? { guestConfig: guestConfigToProto[guestConfig] } : {}),
    ...(routing ? { routing: routingModeToProto[routing] } : {}),
    labels: { ...labels },
    networks: networks.map(networkToProto),
  });
}

function networkToProto(network: NetworkConfig): MessageInitShape<typeof NetworkConfigSchema> {
  const { type, ipConfig, routes, linkState, ...plain } = network;
  return {
    ...plain,
    ...(type ? { type: networkTypeToProto[type] } : {}),
    ...(ipConfig ? { ipConfig: ipConfigToProto(ipConfig) } : {}),
    routes: routes?.map((route) => ({ ...route })) ?? [],
    ...(linkState ? { linkState: linkStateToProto[linkState] } : {}),
  };
}

function ipConfigToProto(
  ipConfig: IpConfig,
): NonNullable<MessageInitShape<typeof NetworkConfigSchema>["ipConfig"]> {
  const { mode, defaultRoute, addresses, dnsServers, searchDomains, ...plain } = ipConfig;
  return {
    ...plain,
    ...(mode ? { mode: ipModeToProto[mode] } : {}),
    addresses: [...(addresses ?? [])],
    dnsServers: [...(dnsServers ?? [])],
    searchDomains: [...(searchDomains ?? [])],
    ...(defaultRoute ? { defaultRoute: defaultRouteToProto[defaultRoute] } : {}),
  };
}

function diskToProto(disk: DiskSpec): MessageInitShape<typeof DiskSchema> {
  const name = disk.name === undefined ? {} : { name: disk.name };
  for (const source of ["containerImage", "persistentVolumeClaim", "dataVolume"] as const) {
    const value = disk[source];
    if (value !== undefined) return { ...name, source: { case: source, value } };
  }
  return name;
}

function userDataToProto(userData: UserDataSpec): MessageInitShape<typeof UserDataSchema> {
  for (const source of ["text", "secretName"] as const) {
    const value = userData[source];
    if (value !== undefined) return { source: { case: source, value } };
  }
  return {};
}
