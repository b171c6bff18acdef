// ValidateNetworks: the whole check without a plan; with a cluster by its facts, without one by the spec alone.
import type { Catalogue } from "../domain/catalogue.ts";
import { checkVm } from "../domain/validate/check-vm.ts";
import { compileVm, inOrderOfWriting } from "../domain/compile/compile.ts";
import { noFacts } from "../domain/facts.ts";
import { type Finding, hasErrors } from "../domain/findings.ts";
import type { ResolvedVm } from "../domain/nic.ts";
import type { KubernetesObject } from "../domain/objects/kubernetes.ts";
import { type PredictedRouting, predictRouting } from "../domain/routing/predicted-routes.ts";
import type { VmSpec } from "../domain/spec.ts";
import type { KubeClient } from "../kube/kube-client.ts";
import type { ClusterView } from "./cluster-view.ts";
import { gatherFacts } from "./observe.ts";

export interface ValidateDependencies {
  readonly catalogue: Catalogue;
  /** undefined: there is no cluster to ask. */
  readonly cluster: { readonly client: KubeClient; readonly view: ClusterView } | undefined;
}

export interface Validated {
  readonly findings: readonly Finding[];
  readonly vm: ResolvedVm;
  /** The NAD of each NIC, NAMESPACE/NAME; empty while there are errors. */
  readonly attachmentNames: readonly (string | undefined)[];
  readonly routing: PredictedRouting;
  /** In order of writing; empty while there are errors. */
  readonly objects: readonly KubernetesObject[];
  readonly unchecked: readonly string[];
}

/** @throws KubeError when the cluster cannot be asked. */
export async function validateNetworks(
  { catalogue, cluster }: ValidateDependencies,
  spec: VmSpec,
  signal?: AbortSignal,
): Promise<Validated> {
  const facts =
    cluster === undefined ? noFacts : (await gatherFacts(cluster.client, cluster.view, spec, signal)).facts;
  const { vm, findings, unchecked } = checkVm(spec, catalogue, facts);
  const compiled = hasErrors(findings) ? undefined : compileVm(spec, vm);
  return {
    findings,
    vm,
    attachmentNames: compiled?.attachmentNames ?? [],
    routing: predictRouting(vm.nics, vm.routing),
    objects: compiled === undefined ? [] : inOrderOfWriting(compiled),
    unchecked,
  };
}
