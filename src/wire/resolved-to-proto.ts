// Resolved NICs, predicted routes and plans, as messages.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  PredictedRouteSchema,
  PredictedRuleSchema,
  ResolvedIpSchema,
  ResolvedNetworkSchema,
  RouteLookupSchema,
} from "../../gen/multinic/v1/network_pb.ts";
import type { PlanSchema, PlannedObjectSchema } from "../../gen/multinic/v1/virtual_machine_pb.ts";
import { bindingText } from "../domain/bindings.ts";
import type { IpFamily } from "../domain/ip.ts";
import type { Nic } from "../domain/nic.ts";
import type { Plan, PlannedObject } from "../domain/plan/plan.ts";
import type { PredictedRoute } from "../domain/routing/predicted-routes.ts";
import type { RouteLookup } from "../domain/routing/route-lookup.ts";
import type { SourceRule } from "../domain/routing/source-routing.ts";
import {
  effectToProto,
  ipModeToProto,
  networkTypeToProto,
  objectActionToProto,
  routeOriginToProto,
} from "./enums.ts";

/** What is known of each NIC only with the cluster. */
interface Attached {
  /** The NAD, NAMESPACE/NAME. */
  readonly attachments: readonly (string | undefined)[];
  /** 0: untagged. */
  readonly vlans: readonly (number | undefined)[];
}

export function resolvedToProto(
  nics: readonly Nic[],
  { attachments, vlans }: Attached,
): MessageInitShape<typeof ResolvedNetworkSchema>[] {
  return nics.map((nic, index) => {
    const vlanId = vlans[index];
    return {
      name: nic.name,
      type: networkTypeToProto[nic.type],
      physicalNetwork: nic.attachment?.kind === "generated" ? nic.attachment.network.name : "",
      attachment: attachments[index] ?? "",
      binding: bindingText(nic.binding),
      ...(vlanId === undefined ? {} : { vlanId }),
      macAddress: nic.mac,
      ...(nic.mtu === undefined ? {} : { mtu: nic.mtu }),
      primary: nic.primary,
      metric: nic.metric,
      ...ipsToProto(nic),
    };
  });
}

/** A family without configuration is absent. */
function ipsToProto(nic: Nic): Pick<MessageInitShape<typeof ResolvedNetworkSchema>, "ipv4" | "ipv6"> {
  const mode = ipModeToProto[nic.mode];
  if (nic.mode === "dhcp") return { ipv4: { mode } };
  const ofFamily = (family: IpFamily): { readonly ip?: MessageInitShape<typeof ResolvedIpSchema> } => {
    const addresses = nic.addresses.map(({ cidr }) => cidr).filter((cidr) => cidr.address.family === family);
    if (addresses.length === 0) return {};
    const gateway = nic.defaultRoute && nic.gateway?.family === family ? nic.gateway.text : "";
    return { ip: { mode, gateway, addresses: addresses.map(({ text }) => text) } };
  };
  const { ip: ipv4 } = ofFamily(4);
  const { ip: ipv6 } = ofFamily(6);
  return { ...(ipv4 && { ipv4 }), ...(ipv6 && { ipv6 }) };
}

export function routesToProto(
  routes: readonly PredictedRoute[],
): MessageInitShape<typeof PredictedRouteSchema>[] {
  return routes.map(({ destination, gateway, nic, metric, table, origin, assumed }) => ({
    device: nic.name,
    metric,
    table,
    assumed,
    destination: destination.network,
    gateway: gateway?.text ?? "",
    origin: routeOriginToProto[origin],
  }));
}

export function rulesToProto(rules: readonly SourceRule[]): MessageInitShape<typeof PredictedRuleSchema>[] {
  return rules.map(({ sourceAddress, destination, ...plain }) => ({
    ...plain,
    sourceAddress: sourceAddress.text,
    destination: destination?.network ?? "",
  }));
}

export function lookupsToProto(
  lookups: readonly RouteLookup[],
): MessageInitShape<typeof RouteLookupSchema>[] {
  return lookups.map(({ address, device, gateway, source, route, message }) => ({
    address: address.text,
    device: device ?? "",
    gateway: gateway?.text ?? "",
    sourceAddress: source?.text ?? "",
    destination: route?.destination.network ?? "",
    metric: route?.metric ?? 0,
    table: route?.table ?? 0,
    assumed: route?.assumed ?? false,
    message,
  }));
}

export function plannedObjectsToProto(
  objects: readonly PlannedObject[],
): MessageInitShape<typeof PlannedObjectSchema>[] {
  return objects.map((object) => ({ ...object, action: objectActionToProto[object.action] }));
}

export function planToProto(plan: Plan): MessageInitShape<typeof PlanSchema> {
  return {
    objects: plannedObjectsToProto(plan.objects),
    changes: plan.changes.map((change) => ({
      ...change,
      effect: effectToProto[change.effect],
      versions: change.versions.map((version) => ({ ...version, effect: effectToProto[version.effect] })),
    })),
    effect: effectToProto[plan.effect],
    fingerprint: plan.fingerprint,
  };
}
