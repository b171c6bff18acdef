// Resolved NICs, predicted routes and plans, as messages.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { PredictedRouteSchema, ResolvedNetworkSchema } from "../../../gen/multinic/v1/network_pb.ts";
import type { PlanSchema, PlannedObjectSchema } from "../../../gen/multinic/v1/virtual_machine_pb.ts";
import type { Nic } from "../../domain/nic.ts";
import type { Plan, PlannedObject } from "../../domain/plan/plan.ts";
import type { PredictedRoute } from "../../domain/predicted-routes.ts";
import {
  effectToProto,
  ipModeToProto,
  networkTypeToProto,
  objectActionToProto,
  routeOriginToProto,
} from "./enums.ts";

/** `attachments[i]`: the NAD of NIC i, NAMESPACE/NAME, where it is known. */
export function resolvedToProto(
  nics: readonly Nic[],
  attachments: readonly (string | undefined)[],
): MessageInitShape<typeof ResolvedNetworkSchema>[] {
  return nics.map((nic, index) => ({
    name: nic.name,
    type: networkTypeToProto[nic.type],
    physicalNetwork: nic.attachment?.kind === "generated" ? nic.attachment.network.name : "",
    attachment: attachments[index] ?? "",
    binding: nic.binding.kind === "plugin" ? nic.binding.name : nic.binding.kind,
    vlanId: nic.vlanId,
    macAddress: nic.mac,
    mtu: nic.mtu ?? 0,
    primary: nic.primary,
    metric: nic.metric,
    mode: ipModeToProto[nic.mode],
    addresses: nic.addresses.map(({ cidr }) => cidr.text),
  }));
}

export function routesToProto(
  routes: readonly PredictedRoute[],
): MessageInitShape<typeof PredictedRouteSchema>[] {
  return routes.map((route) => ({ ...route, origin: routeOriginToProto[route.origin] }));
}

export function plannedObjectsToProto(
  objects: readonly PlannedObject[],
): MessageInitShape<typeof PlannedObjectSchema>[] {
  return objects.map((object) => ({ ...object, action: objectActionToProto[object.action] }));
}

export function planToProto(plan: Plan): MessageInitShape<typeof PlanSchema> {
  return {
    objects: plannedObjectsToProto(plan.objects),
    changes: plan.changes.map((change) => ({ ...change, effect: effectToProto[change.effect] })),
    effect: effectToProto[plan.effect],
    fingerprint: plan.fingerprint,
  };
}
