// Reads the facts about the cluster that the domain needs for one VM, on every call, so that no plan is based on old data.
import { readVm } from "../domain/document/read-record.ts";
import type { Facts, KubeVirtFact } from "../domain/facts.ts";
import { isDnsLabel, parseNadName } from "../domain/names.ts";
import type { KubeVirt, NetworkAttachmentDefinition } from "../domain/objects/kubernetes.ts";
import { secretNameOf } from "../domain/objects/ownership.ts";
import { readInstance, readNad } from "../domain/objects/read-objects.ts";
import type { VmSpec } from "../domain/spec.ts";
import type { CallOptions, KubeClient } from "../kube/kube-client.ts";
import {
  namespaces,
  networkAttachmentDefinitions,
  secrets,
  virtualMachineInstances,
  virtualMachines,
} from "../kube/resource.ts";
import { readKubeVirt } from "./cluster-readings.ts";
import { type ClusterView, isSynced } from "./cluster-view.ts";

/** @throws KubeError. */
export async function observe(
  client: KubeClient,
  view: ClusterView,
  spec: VmSpec,
  options: CallOptions,
): Promise<Facts> {
  const { namespace, name } = spec;
  // An invalid name is not requested: an empty one would address the whole collection.
  const inNamespace = isDnsLabel(namespace);
  const ofVm = inNamespace && isDnsLabel(name);
  const [namespaceObject, found, instance, secret, nads, kubeVirt, readings] = await Promise.all([
    inNamespace ? client.find(namespaces, { name: namespace }, options) : undefined,
    ofVm ? client.find(virtualMachines, { namespace, name }, options) : undefined,
    ofVm ? client.find(virtualMachineInstances, { namespace, name }, options) : undefined,
    ofVm ? client.find(secrets, { namespace, name: secretNameOf(name) }, options) : undefined,
    inNamespace ? readNads(client, spec, options) : new Map<string, NetworkAttachmentDefinition>(),
    readKubeVirt(client, options),
    view.readings.read(),
  ]);
  const { vm, record = {} } = (found && readVm(found)) ?? {};
  return {
    namespaceExists: inNamespace ? namespaceObject !== undefined : undefined,
    nads,
    macsInUse: isSynced(view) ? view.nicsInUse.byMac : undefined,
    addressesInUse: isSynced(view) ? view.nicsInUse.byAddress : undefined,
    ...readings,
    bindingPlugins: kubeVirt && Object.keys(kubeVirt.spec?.configuration?.network?.binding ?? {}),
    kubeVirt: kubeVirt && kubeVirtFact(kubeVirt),
    vm,
    record,
    vmi: instance && readInstance(instance).object,
    secret,
  };
}

/** By NAMESPACE/NAME: the NADs of the VM's namespace, and those of other namespaces that the spec names. */
export async function readNads(
  client: KubeClient,
  spec: VmSpec,
  options: CallOptions,
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
