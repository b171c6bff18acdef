// Everything the domain asks about the cluster for one VM, read afresh, so that a plan never rests on an old cache.
import type { Facts, KubeVirtFact, SecretFact } from "../domain/facts.ts";
import type { KubeVirt, NetworkAttachmentDefinition, Secret } from "../domain/objects/kubernetes.ts";
import { readVm } from "../domain/document/read-record.ts";
import { readInstance, readNad } from "../domain/objects/read-objects.ts";
import { isManaged, secretNameOf, vmLabel } from "../domain/objects/ownership.ts";
import type { VmSpec } from "../domain/spec.ts";
import { isDnsLabel, parseNadName } from "../domain/names.ts";
import type { KubeClient } from "../kube/kube-client.ts";
import {
  namespaces,
  networkAttachmentDefinitions,
  secrets,
  virtualMachineInstances,
  virtualMachines,
} from "../kube/resource.ts";
import { type ClusterView, isSynced } from "./cluster-view.ts";
import { readKubeVirt } from "./read-kubevirt.ts";

/** Facts for the domain, and the objects that the apply goes on with. */
export interface Gathered {
  readonly facts: Facts;
  readonly secret: Secret | undefined;
}

export async function gatherFacts(
  client: KubeClient,
  view: ClusterView,
  spec: VmSpec,
  signal?: AbortSignal,
): Promise<Gathered> {
  const options = signal === undefined ? {} : { signal };
  const { namespace } = spec;
  // What cannot be a name is not asked for: an empty one would ask for all objects.
  const inNamespace = isDnsLabel(namespace);
  const ofVm = inNamespace && isDnsLabel(spec.name);
  const named = { namespace, name: spec.name };
  const [namespaceObject, vm, instance, secret, nads, kubeVirt, readings] = await Promise.all([
    inNamespace ? client.find(namespaces, { name: namespace }, options) : undefined,
    ofVm ? client.find(virtualMachines, named, options) : undefined,
    ofVm ? client.find(virtualMachineInstances, named, options) : undefined,
    ofVm ? client.find(secrets, { namespace, name: secretNameOf(spec.name) }, options) : undefined,
    inNamespace ? readNads(client, spec, options) : new Map<string, NetworkAttachmentDefinition>(),
    readKubeVirt(client, signal),
    view.readings.read(),
  ]);
  const known = vm && readVm(vm);
  return {
    secret,
    facts: {
      namespaceExists: inNamespace ? namespaceObject !== undefined : undefined,
      nads,
      macsInUse: isSynced(view) ? view.nicsInUse.byMac : undefined,
      addressesInUse: isSynced(view) ? view.nicsInUse.byAddress : undefined,
      ...readings,
      bindingPlugins: kubeVirt && Object.keys(kubeVirt.spec?.configuration?.network?.binding ?? {}),
      kubeVirt: kubeVirt && kubeVirtFact(kubeVirt),
      vm: known?.vm,
      record: known?.record ?? {},
      vmi: instance && readInstance(instance).object,
      secret: secret && secretFact(secret, spec.name),
      importNotes: undefined,
    },
  };
}

type Options = { readonly signal?: AbortSignal };

/** Those of the VM's namespace, and those of others that the spec names. */
async function readNads(
  client: KubeClient,
  spec: VmSpec,
  options: Options,
): Promise<ReadonlyMap<string, NetworkAttachmentDefinition>> {
  const elsewhere = spec.networks
    .map(({ nadName = "" }) => parseNadName(nadName, spec.namespace))
    .filter((named) => named !== undefined)
    .filter(({ namespace }) => namespace !== spec.namespace);
  const [own, ...others] = await Promise.all([
    client.list(networkAttachmentDefinitions, { ...options, namespace: spec.namespace }),
    ...elsewhere.map((ref) => client.find(networkAttachmentDefinitions, ref, options)),
  ]);
  const all = [...own.items, ...others.filter((nad) => nad !== undefined)].map((nad) => readNad(nad).object);
  return new Map(all.map((nad) => [`${nad.metadata.namespace}/${nad.metadata.name}`, nad]));
}

function kubeVirtFact({ spec, status }: KubeVirt): KubeVirtFact {
  return {
    version: status?.observedKubeVirtVersion,
    workloadUpdateMethods: spec?.workloadUpdateStrategy?.workloadUpdateMethods ?? [],
    featureGates: spec?.configuration?.developerConfiguration?.featureGates ?? [],
  };
}

function secretFact(secret: Secret, vm: string): SecretFact {
  return { owned: isManaged(secret) && secret.metadata.labels?.[vmLabel] === vm };
}
