// NetworkService: checks a spec. Works without a cluster too, and then lists what it could not check.
import type { ServiceImpl } from "@connectrpc/connect";
import { stringify } from "yaml";
import {
  type NetworkService,
  ValidateNetworksRequestSchema,
} from "../../gen/multinic/v1/network_service_pb.ts";
import { listNetworks, readCapabilities } from "../app/cluster-questions.ts";
import { NotReady } from "../app/errors.ts";
import { validateNetworks, type ValidateDependencies } from "../app/validate-networks.ts";
import type { KubernetesObject } from "../domain/objects/kubernetes.ts";
import { capabilitiesToProto, networkToProto } from "../wire/cluster-to-proto.ts";
import { maxBytesOf } from "../wire/message-size.ts";
import { findingToProto } from "../wire/findings.ts";
import { lookupsToProto, resolvedToProto, routesToProto, rulesToProto } from "../wire/resolved-to-proto.ts";
import { currentAsOfToProto } from "../wire/status-to-proto.ts";
import { readSpec } from "./read-spec.ts";
import { readRouteQueries } from "./route-queries.ts";

/** `version`: of this service. */
export function createNetworkService(
  dependencies: ValidateDependencies & { readonly version: string },
): ServiceImpl<typeof NetworkService> {
  return {
    async validateNetworks(request, { signal }) {
      const { spec, unread } = readSpec(ValidateNetworksRequestSchema, request);
      const routes = readRouteQueries(request.routeQueries);
      const validated = await validateNetworks(dependencies, { spec, unread, routes, signal });
      return {
        findings: validated.findings.map(findingToProto),
        networks: resolvedToProto(validated.vm.nics, {
          attachments: validated.attachmentNames,
          vlans: validated.vlans,
        }),
        routes: routesToProto(validated.routing.routes),
        rules: rulesToProto(validated.routing.rules),
        routeLookups: lookupsToProto(validated.lookups),
        objects: request.includeObjects ? validated.objects.map(objectToProto) : [],
        unchecked: [...validated.unchecked],
      };
    },

    listNetworks({ namespace, pageSize, pageToken }) {
      const { catalogue } = dependencies;
      const page = { size: pageSize, token: pageToken };
      const { view } = clusterOf(dependencies);
      const listed = listNetworks(view, catalogue, namespace, page, maxBytesOf);
      return {
        networks: listed.items.map(networkToProto),
        nextPageToken: listed.nextToken,
        ...currentAsOfToProto(listed.currentAsOf),
      };
    },

    async getCapabilities(_request, { signal }) {
      const { catalogue } = dependencies;
      const read = await readCapabilities(clusterOf(dependencies).client, catalogue, signal);
      return { ...capabilitiesToProto(read), serviceVersion: dependencies.version };
    },
  };
}

const objectToProto = (object: KubernetesObject): { readonly yaml: string } => ({
  yaml: stringify(object, { lineWidth: 0, aliasDuplicateObjects: false }),
});

/** @throws NotReady if there is no cluster to ask. */
function clusterOf({ cluster }: ValidateDependencies): NonNullable<ValidateDependencies["cluster"]> {
  if (cluster === undefined) throw new NotReady("this service has no cluster");
  return cluster;
}
