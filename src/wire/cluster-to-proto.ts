// What the cluster offers and can do, as messages.
import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  CapabilityState,
  type GetCapabilitiesResponseSchema,
  type NetworkSchema,
} from "../../gen/multinic/v1/network_service_pb.ts";
import type { ClusterCapabilities } from "../app/cluster-questions.ts";
import type { AttachableNetwork } from "../domain/network/attachable.ts";
import type { Capability } from "../domain/network/capabilities.ts";
import { networkTypeToProto } from "./enums.ts";

export function networkToProto(network: AttachableNetwork): MessageInitShape<typeof NetworkSchema> {
  const { reference, type, mtu, vlans, usedBy, ...plain } = network;
  return {
    ...plain,
    reference: {
      case: reference.kind === "physical" ? "physicalNetwork" : "nadName",
      value: reference.name,
    },
    ...(mtu === undefined ? {} : { mtu }),
    ...(type === undefined ? {} : { type: networkTypeToProto[type] }),
    vlans: vlans.map((range) => ({ ...range })),
    usedBy: [...usedBy],
  };
}

export function capabilitiesToProto({
  kubeVirtVersion,
  capabilities,
}: ClusterCapabilities): MessageInitShape<typeof GetCapabilitiesResponseSchema> {
  return {
    kubevirtVersion: kubeVirtVersion,
    capabilities: capabilities.map(({ name, available, evidence, message }) => ({
      name,
      state: stateOf(available),
      evidence: evidence.map((fact) => ({ ...fact })),
      message,
    })),
  };
}

function stateOf(available: Capability["available"]): CapabilityState {
  if (available === undefined) return CapabilityState.UNKNOWN;
  return available ? CapabilityState.AVAILABLE : CapabilityState.MISSING;
}
