// Lists the checks that could not be done because facts are missing, if they matter for this VM.
import { nodesWithoutBridge } from "../network/nodes.ts";
import type { VmContext } from "./context.ts";
import type { Uplink } from "../network/carriers/uplink.ts";
import { uplinkOfNetwork } from "../network/segment.ts";

/** As text, for people. */
export function lackedFacts({ vm, facts, catalogue, nodes }: VmContext): readonly string[] {
  const { nics } = vm;
  const kinds = new Set(nics.map(({ attachment }) => attachment?.kind));
  const uplinks = nics.flatMap(({ attachment, vlanId }): Uplink[] =>
    attachment?.kind === "generated" ? [uplinkOfNetwork(attachment.network, vlanId)] : [],
  );
  const secondary = kinds.has("given") || kinds.has("generated");
  const isStatic = nics.some(({ mode }) => mode === "static");
  const lacks: readonly (readonly [boolean, string])[] = [
    [facts.namespaceExists === undefined, "whether the namespace exists"],
    [
      kinds.has("given") && facts.nads === undefined,
      "whether the named NetworkAttachmentDefinitions exist and fit",
    ],
    [secondary && facts.macsInUse === undefined, "whether a MAC address is in use by another VM"],
    [
      secondary && isStatic && facts.addressesInUse === undefined,
      "whether an IP address is in use by another VM",
    ],
    [
      nics.some(({ binding }) => binding.kind === "plugin") && facts.bindingPlugins === undefined,
      "whether KubeVirt has the binding plugin",
    ],
    [
      uplinks.some(({ resourceName }) => resourceName !== undefined) && nodes.forVms.length === 0,
      "whether a node has the device",
    ],
    [
      uplinks.some(({ bridge }) => bridge !== undefined && nodesWithoutBridge(nodes, bridge) === undefined),
      "whether the nodes have the bridge (neither bridge-marker, ovs-cni's marker nor NMState reports it)",
    ],
    [
      isStatic &&
        kinds.has("pod") &&
        catalogue.clusterCidrs.length === 0 &&
        (facts.serviceCidrs === undefined || facts.nodes === undefined),
      "whether a subnet overlaps the networks of pods and Services",
    ],
  ];
  return lacks.filter(([lacked]) => lacked).map(([, words]) => words);
}
