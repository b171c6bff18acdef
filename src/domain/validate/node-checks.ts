// Checks of a NIC against the nodes: whether those that can run the VM have the bridge or the device.
import { type Finding, finding } from "../findings.ts";
import { replaceWith } from "../fix.ts";
import { nodesWithoutBridge, offers, smallestMtu } from "../network/nodes.ts";
import type { NicCheck, NicContext } from "./context.ts";

/** The field of the input that determines what the NIC attaches to. */
function sourceField({ nic, config }: NicContext): string {
  if (nic.attachment?.kind === "given") return `${nic.field}.nadName`;
  return `${nic.field}.${config.physicalNetwork === undefined ? "type" : "physicalNetwork"}`;
}

const kindInWords = { linux: "Linux bridge", ovs: "Open vSwitch bridge" } as const;

/**
 * Without the bridge, ovs-cni fails, and the bridge plugin creates a bridge without uplink. With a given NAD that may be
 * intended, so it is not an error there.
 */
const bridgeIsOnNodes: NicCheck = (context) => {
  const { uplink, nic, nodes } = context;
  if (uplink?.bridge === undefined) return undefined;
  const without = nodesWithoutBridge(nodes, uplink.bridge);
  if (without === undefined || without.length === 0) return undefined;
  const values = { kind: kindInWords[uplink.bridge.kind], bridge: uplink.bridge.name };
  const nowhere = without.length === nodes.forVms.length;
  const cannotDo = uplink.bridge.kind === "ovs" || nic.attachment?.kind === "generated";
  if (nowhere && cannotDo) return finding("NODE_NETWORK_MISSING", sourceField(context), values);
  const where = nowhere ? "every node" : namesOf(without.map(({ name }) => name));
  return finding("NODE_NETWORK_PARTIAL", sourceField(context), { ...values, where });
};

function namesOf(names: readonly string[]): string {
  const shown = names.toSorted().slice(0, 3).join(", ");
  return names.length > 3 ? `${shown} and ${names.length - 3} more nodes` : shown;
}

const deviceIsOnSomeNode: NicCheck = (context) => {
  const { uplink, nodes } = context;
  const resource = uplink?.resourceName;
  return resource === undefined ||
    nodes.forVms.length === 0 ||
    nodes.forVms.some((node) => offers(node, resource))
    ? undefined
    : finding("NODE_DEVICE_MISSING", sourceField(context), { resource });
};

/** The smallest MTU of the bridge on any node counts, because the VM may run on any node. */
const bridgeCarriesMtu: NicCheck = ({ uplink, nic, nodes }): Finding | undefined => {
  const { bridge } = uplink ?? {};
  if (bridge === undefined || nic.mtu === undefined) return undefined;
  const least = smallestMtu(nodes, bridge);
  if (least === undefined || nic.mtu <= least.mtu) return undefined;
  const field = `${nic.field}.mtu`;
  const values = { bridge: bridge.name, node: least.node, max: least.mtu, given: nic.mtu };
  return finding("MTU_ABOVE_NODE", field, values, { fix: replaceWith(field, least.mtu) });
};

export const nodeChecks: readonly NicCheck[] = [bridgeIsOnNodes, deviceIsOnSomeNode, bridgeCarriesMtu];
