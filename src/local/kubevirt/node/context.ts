// What the reconcilers of one node share: clients, caches, the node's settings and its machines.
import type {
  NetworkAttachmentDefinition,
  VirtualMachineInstance,
} from "../../../domain/objects/kubernetes.ts";
import type { Cache } from "../../../kube/watch/cache.ts";
import type { FullKubeClient } from "../../../kube/kube-client.ts";
import type { KubeLog } from "../../../kube/log.ts";
import type { BindingPlugins } from "../configuration.ts";
import type { Node, Pod } from "../resources.ts";
import type { CacheIndex } from "../../../kube/watch/cache-index.ts";
import type { NodeDelays } from "./delays.ts";
import type { Machines } from "./machines.ts";

export interface NodeContext {
  readonly nodeName: string;
  readonly client: FullKubeClient;
  /** Acts as this node's virt-handler; used only to update VMIs. */
  readonly handlerClient: FullKubeClient;
  readonly pods: Cache<Pod>;
  readonly nodes: Cache<Node>;
  readonly vmis: Cache<VirtualMachineInstance>;
  readonly nads: Cache<NetworkAttachmentDefinition>;
  /** virt-launcher pods on any node, by uid of their VMI. */
  readonly podsByVmi: CacheIndex<Pod>;
  /** At most one per uid. */
  readonly vmisByUid: CacheIndex<VirtualMachineInstance>;
  readonly machines: Machines;
  readonly plugins: BindingPlugins;
  readonly delays: NodeDelays;
  readonly clock: () => Date;
  readonly log: KubeLog;
}
