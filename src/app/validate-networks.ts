// ValidateNetworks: the whole check without a plan, against the cluster if there is one, else of the spec alone.
import type { Catalogue } from "../domain/catalogue.ts";
import { compileVm, inOrderOfWriting } from "../domain/compile/compile.ts";
import { noFacts } from "../domain/facts.ts";
import { type Finding, hasErrors } from "../domain/findings.ts";
import type { IpAddress } from "../domain/ip.ts";
import type { KubernetesObject } from "../domain/objects/kubernetes.ts";
import { lookUpRoute, type RouteLookup } from "../domain/routing/route-lookup.ts";
import type { VmSpec } from "../domain/spec.ts";
import { type CheckedVm, checkVm } from "../domain/validate/check-vm.ts";
import type { CallOptions, KubeClient } from "../kube/kube-client.ts";
import type { ClusterView } from "./cluster-view.ts";
import { observe } from "./observe.ts";

export interface ValidateDependencies {
  readonly catalogue: Catalogue;
  /** undefined: check without a cluster. */
  readonly cluster: { readonly client: KubeClient; readonly view: ClusterView } | undefined;
}

export interface ValidateRequest extends CallOptions {
  readonly spec: VmSpec;
  /** Findings of reading the input that the spec comes from. */
  readonly unread?: readonly Finding[];
  /** The traffic to look up routes for. */
  readonly routes?: readonly RouteQuery[];
}

export interface RouteQuery {
  readonly address: IpAddress;
  /** undefined: the guest chooses the source address. */
  readonly sourceAddress: IpAddress | undefined;
}

export interface Validated extends CheckedVm {
  /** The NAD of each NIC, NAMESPACE/NAME; empty while there are errors. */
  readonly attachmentNames: readonly (string | undefined)[];
  /** One for each query, in the same order. */
  readonly lookups: readonly RouteLookup[];
  /** In order of writing; empty while there are errors. */
  readonly objects: readonly KubernetesObject[];
}

/** Stops before the check if nobody waits for the answer any more. @throws KubeError; the signal's reason. */
export async function validateNetworks(
  { catalogue, cluster }: ValidateDependencies,
  { spec, unread, routes = [], signal }: ValidateRequest,
): Promise<Validated> {
  const facts =
    cluster === undefined ? noFacts : await observe(cluster.client, cluster.view, spec, { signal });
  signal?.throwIfAborted();
  const checked = checkVm(spec, catalogue, facts, { unread });
  const { vm, routing, findings } = checked;
  const compiled = hasErrors(findings) ? undefined : compileVm(spec, vm);
  return {
    ...checked,
    attachmentNames: compiled?.attachmentNames ?? [],
    lookups: routes.map(({ address, sourceAddress }) =>
      lookUpRoute(routing, vm.nics, address, sourceAddress),
    ),
    objects: compiled === undefined ? [] : inOrderOfWriting(compiled),
  };
}
