// The writes of an apply in their order, for the dry run and the real write.
import { type CompiledVm, inOrderOfWriting } from "../../domain/compile/compile.ts";
import type { KubernetesObject, OwnerReference, Secret } from "../../domain/objects/kubernetes.ts";
import {
  networkAttachmentDefinitions,
  type Resource,
  secrets,
  virtualMachines,
} from "../../kube/resource.ts";

export interface Write {
  readonly resource: Resource<KubernetesObject>;
  readonly object: KubernetesObject;
}

/** Attempts at a read and the write that depends on it: KubeVirt may update a VM many times in its first second. */
export const attempts = 5;

const resources: readonly Resource<KubernetesObject>[] = [
  networkAttachmentDefinitions,
  secrets,
  virtualMachines,
];

/** `owner`: the VM, once it exists; it owns the Secret. */
export function writesOf(compiled: CompiledVm, owner: OwnerReference | undefined): readonly Write[] {
  return inOrderOfWriting(compiled).map((object) => {
    const resource = resources.find(({ kind }) => kind === object.kind);
    if (resource === undefined) throw new Error(`objects of kind ${object.kind} are not written`);
    return { resource, object: object === compiled.secret ? secretToWrite(compiled, owner) : object };
  });
}

/**
 * With `data` in base64: fields that the API server moves from `stringData` into `data` have no owner, so it would report
 * no conflict, and would keep a key that is no longer applied (Kubernetes documentation, Secrets).
 */
export function secretToWrite({ secret }: CompiledVm, owner: OwnerReference | undefined): Secret {
  const { stringData, metadata, ...rest } = secret;
  return {
    ...rest,
    metadata: { ...metadata, ...(owner === undefined ? {} : { ownerReferences: [owner] }) },
    data: Object.fromEntries(
      Object.entries(stringData).map(([key, text]) => [key, Buffer.from(text).toString("base64")]),
    ),
  };
}
