// The domain's values and the API's enums, one table for each pair, used in both directions.
import {
  DefaultRoute as ProtoDefaultRoute,
  IpMode as ProtoIpMode,
  LinkState as ProtoLinkState,
  NetworkType as ProtoNetworkType,
  RouteOrigin,
  Severity as ProtoSeverity,
} from "../../gen/multinic/v1/network_pb.ts";
import {
  AddressOrigin as ProtoAddressOrigin,
  Effect as ProtoEffect,
  GuestConfig as ProtoGuestConfig,
  GuestRenderer as ProtoGuestRenderer,
  InterfaceState as ProtoInterfaceState,
  ObjectAction as ProtoObjectAction,
  RoutingMode as ProtoRoutingMode,
  RunStrategy as ProtoRunStrategy,
} from "../../gen/multinic/v1/virtual_machine_pb.ts";
import type { Severity } from "../domain/findings.ts";
import type { Effect } from "../domain/plan/effects.ts";
import type { ObjectAction } from "../domain/plan/plan.ts";
import type { PredictedRoute } from "../domain/routing/predicted-routes.ts";
import type {
  DefaultRoute,
  GuestConfig,
  GuestRenderer,
  IpMode,
  LinkState,
  NetworkType,
  RoutingMode,
  RunStrategy,
} from "../domain/spec.ts";
import type { InterfaceAddress } from "../domain/status/interface-addresses.ts";
import type { InterfaceState } from "../domain/status/interface-status.ts";

export const networkTypeToProto: Readonly<Record<NetworkType, ProtoNetworkType>> = {
  bridge: ProtoNetworkType.BRIDGE,
  macvlan: ProtoNetworkType.MACVLAN,
  sriov: ProtoNetworkType.SRIOV,
  ovs: ProtoNetworkType.OVS,
  pod: ProtoNetworkType.POD,
};

export const ipModeToProto: Readonly<Record<IpMode, ProtoIpMode>> = {
  dhcp: ProtoIpMode.DHCP,
  static: ProtoIpMode.STATIC,
};

export const linkStateToProto: Readonly<Record<LinkState, ProtoLinkState>> = {
  up: ProtoLinkState.UP,
  down: ProtoLinkState.DOWN,
};

export const defaultRouteToProto: Readonly<Record<DefaultRoute, ProtoDefaultRoute>> = {
  auto: ProtoDefaultRoute.AUTO,
  never: ProtoDefaultRoute.NEVER,
};

export const runStrategyToProto: Readonly<Record<RunStrategy, ProtoRunStrategy>> = {
  Always: ProtoRunStrategy.ALWAYS,
  Halted: ProtoRunStrategy.HALTED,
  Manual: ProtoRunStrategy.MANUAL,
  RerunOnFailure: ProtoRunStrategy.RERUN_ON_FAILURE,
  Once: ProtoRunStrategy.ONCE,
};

export const guestRendererToProto: Readonly<Record<GuestRenderer, ProtoGuestRenderer>> = {
  netplan: ProtoGuestRenderer.NETPLAN,
  networkd: ProtoGuestRenderer.NETWORKD,
  "network-manager": ProtoGuestRenderer.NETWORK_MANAGER,
  sysconfig: ProtoGuestRenderer.SYSCONFIG,
  eni: ProtoGuestRenderer.ENI,
};

export const guestConfigToProto: Readonly<Record<GuestConfig, ProtoGuestConfig>> = {
  "cloud-init": ProtoGuestConfig.CLOUD_INIT,
  nmstate: ProtoGuestConfig.NMSTATE,
};

export const routingModeToProto: Readonly<Record<RoutingMode, ProtoRoutingMode>> = {
  main: ProtoRoutingMode.MAIN,
  policy: ProtoRoutingMode.POLICY,
};

export const severityToProto: Readonly<Record<Severity, ProtoSeverity>> = {
  error: ProtoSeverity.ERROR,
  warning: ProtoSeverity.WARNING,
  info: ProtoSeverity.INFO,
};

export const routeOriginToProto: Readonly<Record<PredictedRoute["origin"], RouteOrigin>> = {
  address: RouteOrigin.ADDRESS,
  gateway: RouteOrigin.GATEWAY,
  route: RouteOrigin.ROUTE,
  dhcp: RouteOrigin.DHCP,
  "link-local": RouteOrigin.LINK_LOCAL,
};

export const effectToProto: Readonly<Record<Effect, ProtoEffect>> = {
  none: ProtoEffect.NONE,
  live: ProtoEffect.LIVE,
  "link-flap": ProtoEffect.LINK_FLAP,
  "live-migration": ProtoEffect.LIVE_MIGRATION,
  restart: ProtoEffect.RESTART,
  impossible: ProtoEffect.IMPOSSIBLE,
};

export const objectActionToProto: Readonly<Record<ObjectAction, ProtoObjectAction>> = {
  create: ProtoObjectAction.CREATE,
  update: ProtoObjectAction.UPDATE,
  delete: ProtoObjectAction.DELETE,
  unchanged: ProtoObjectAction.UNCHANGED,
};

export const interfaceStateToProto: Readonly<Record<InterfaceState, ProtoInterfaceState>> = {
  Up: ProtoInterfaceState.UP,
  Down: ProtoInterfaceState.DOWN,
  Unknown: ProtoInterfaceState.UNKNOWN,
};

export const addressOriginToProto: Readonly<
  Record<NonNullable<InterfaceAddress["origin"]>, ProtoAddressOrigin>
> = {
  static: ProtoAddressOrigin.STATIC,
  "link-local": ProtoAddressOrigin.LINK_LOCAL,
};

/** The domain's value; undefined for UNSPECIFIED and for values that this version does not know. */
export function wordOf<Word extends string>(
  table: Readonly<Record<Word, number>>,
  value: number,
): Word | undefined {
  return (Object.keys(table) as Word[]).find((word) => table[word] === value);
}
