// The port where Prometheus finds virt-handler's metrics; plain HTTP, unlike on a real node.
import { createServer } from "node:http";
import { close, listen } from "../../http/listen.ts";
import type { NodeContext } from "./context.ts";
import { exposition, expositionType, type NicSample } from "./exposition.ts";
import { countersAt } from "./traffic.ts";

interface MetricsServer {
  /** Ends in /metrics. */
  readonly url: string;
  /** Resolves when the port is closed. */
  stop(): Promise<void>;
}

/** Port 0 lets the system choose one. */
export async function serveMetrics(
  context: NodeContext,
  where: { readonly host: string; readonly port: number },
): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    if (request.url?.split("?")[0] !== "/metrics") {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { "content-type": expositionType }).end(exposition(nicSamples(context)));
  });
  return { url: `${await listen(server, where)}/metrics`, stop: () => close(server) };
}

/** One sample per NIC that libvirt counts on this node, by VMI and in the domain's order. */
function nicSamples(context: NodeContext): NicSample[] {
  const nowMs = context.clock().getTime();
  return [...context.vmis.values()].flatMap((vmi) => {
    const { uid = "", namespace = "", name, labels: vmiLabels = {} } = vmi.metadata;
    const machine = context.machines.running.get(uid);
    if (machine?.node !== context.nodeName) return [];
    const node = vmi.status?.nodeName ?? "";
    return [...machine.uptimes].map(([nic, uptime]) => ({
      node,
      namespace,
      name,
      interface: nic,
      vmiLabels,
      counters: countersAt(uptime, nowMs),
    }));
  });
}
