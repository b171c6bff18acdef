// What an apply is asked to do, and what it works with.
import type { Catalogue } from "../../domain/catalogue.ts";
import type { Finding } from "../../domain/findings.ts";
import type { OwnerReference } from "../../domain/objects/kubernetes.ts";
import type { VmSpec } from "../../domain/spec.ts";
import type { UpdateMask } from "../../domain/update-mask.ts";
import type { KubeClient } from "../../kube/kube-client.ts";
import type { ClusterView } from "../cluster-view.ts";

export interface ApplyDependencies {
  readonly client: KubeClient;
  readonly view: ClusterView;
  readonly catalogue: Catalogue;
}

export interface ApplyRequest {
  readonly spec: VmSpec;
  /** Findings of reading the input that the spec comes from. */
  readonly unread?: readonly Finding[] | undefined;
  /** Return findings and plan; write nothing. */
  readonly validateOnly: boolean;
  /** Apply only if the plan still has this fingerprint. */
  readonly planFingerprint?: string | undefined;
  /** Apply only while the VM has this etag. */
  readonly etag?: string | undefined;
  /** Fields to apply; the rest of an existing VM stays as last applied. undefined: all. */
  readonly updateMask?: UpdateMask | undefined;
  /** Apply only if there is no VM of this name. */
  readonly createOnly?: boolean | undefined;
  /** Take over the NICs of a VM that multinic did not create; again if others have changed an adopted VM. */
  readonly adopt?: boolean | undefined;
  /** The Wukong that the VM is for: it becomes the VM's controlling owner. Not with `adopt`. */
  readonly owner?: OwnerReference | undefined;
  readonly signal?: AbortSignal | undefined;
}
