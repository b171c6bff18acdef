// NetworkService: the check of a spec as an answer. Works without a cluster, and then says what it could not check.
import type { ServiceImpl } from "@connectrpc/connect";
import { stringify } from "yaml";
import type { NetworkService } from "../../gen/multinic/v1/network_service_pb.ts";
import { validateNetworks, type ValidateDependencies } from "../app/validate-networks.ts";
import { toConnectError } from "./error-mapping.ts";
import { findingToProto } from "./mapping/findings.ts";
import { resolvedToProto, routesToProto } from "./mapping/resolved-to-proto.ts";
import { specFromProto } from "./mapping/spec-from-proto.ts";
import { requireVm } from "./require-vm.ts";

export function createNetworkService(dependencies: ValidateDependencies): ServiceImpl<typeof NetworkService> {
  return {
    async validateNetworks(request, context) {
      const { spec, findings: unread } = specFromProto(requireVm(request.virtualMachine));
      try {
        const validated = await validateNetworks(dependencies, spec, context.signal);
        const findings = [...unread, ...validated.findings];
        const isClean = findings.every(({ severity }) => severity !== "error");
        return {
          findings: findings.map(findingToProto),
          networks: resolvedToProto(validated.vm.nics, validated.attachmentNames),
          routes: routesToProto(validated.routes),
          objects:
            request.includeObjects && isClean
              ? validated.objects.map((object) => ({
                  yaml: stringify(object, { lineWidth: 0, aliasDuplicateObjects: false }),
                }))
              : [],
          unchecked: [...validated.unchecked],
        };
      } catch (error) {
        throw toConnectError(error);
      }
    },
  };
}
