// What virt-handler's metrics are made of: the NICs of the machines on this node, with their counters of now.
import type { NodeContext } from "./context.ts";
import type { NicSample } from "./exposition.ts";
import { countersAt } from "./traffic.ts";

/** One sample per NIC that libvirt counts, by VMI and in the domain's order. */
export function nicSamples(context: NodeContext): NicSample[] {
  const nowMs = context.clock().getTime();
  return [...context.vmis.values()].flatMap((vmi) => {
    const { uid = "", namespace = "", name, labels = {} } = vmi.metadata;
    const machine = context.machines.running.get(uid);
    if (machine?.node !== context.nodeName) return [];
    return [...machine.uptimes].map(([nic, uptime]) => ({
      node: vmi.status?.nodeName ?? "",
      namespace,
      name,
      interface: nic,
      vmiLabels: labels,
      counters: countersAt(uptime, nowMs),
    }));
  });
}
