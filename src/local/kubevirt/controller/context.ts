// What the controllers share: client, rules, delays, clock, and caches of the objects.
import type { Cache } from "../../../kube/watch/cache.ts";
import type { FullKubeClient } from "../../../kube/kube-client.ts";
import type { CacheIndex } from "../../../kube/watch/cache-index.ts";
import type { Pod, VirtualMachineInstanceMigration } from "../resources.ts";
import type { ControllerDelays, ControllerRules } from "./configuration.ts";
import type { Vm, Vmi } from "./objects.ts";

export interface ControllerContext {
  readonly client: FullKubeClient;
  readonly rules: ControllerRules;
  readonly delays: ControllerDelays;
  readonly clock: () => Date;
  readonly vms: Cache<Vm>;
  readonly vmis: Cache<Vmi>;
  readonly migrations: Cache<VirtualMachineInstanceMigration>;
  /** virt-launcher pods by the uid of their VMI. */
  readonly launchers: CacheIndex<Pod>;
}
