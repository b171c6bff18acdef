// The NADs of a pod, by Multus' annotations (k8snetworkplumbingwg.io multi-network specification).
import { fullNadName } from "../names.ts";
import type { Pod } from "../objects/kubernetes.ts";
import { isMapping, parseJson } from "../objects/mapping.ts";

/** The networks to attach: a JSON list, or NAME, NAMESPACE/NAME and NAME@INTERFACE separated by commas. */
const networksAnnotation = "k8s.v1.cni.cncf.io/networks";
/** The attached networks, a JSON list. virt-controller may rewrite the other annotation while a pod runs. */
const statusAnnotation = "k8s.v1.cni.cncf.io/network-status";
/** The NAD in place of the cluster network. */
const defaultNetworkAnnotation = "v1.multus-cni.io/default-network";

/** NAMESPACE/NAME of each NAD that the pod is or will be attached to. Parts that cannot be read are left out. */
export function nadsOfPod({ metadata }: Pod): readonly string[] {
  const { annotations = {}, namespace = "" } = metadata;
  const named = [networksAnnotation, statusAnnotation, defaultNetworkAnnotation].flatMap((annotation) =>
    namesIn(annotations[annotation] ?? "", namespace),
  );
  return [...new Set(named)];
}

function namesIn(text: string, podNamespace: string): readonly string[] {
  const list = parseJson(text);
  if (!Array.isArray(list)) {
    const names = text.split(",").map((part) => part.trim().replace(/@.*$/s, ""));
    return names.filter((name) => name !== "").map((name) => fullNadName(name, podNamespace));
  }
  return list.flatMap((entry: unknown) => {
    if (!isMapping(entry) || typeof entry["name"] !== "string") return [];
    const { namespace = podNamespace } = entry;
    return typeof namespace === "string" ? [fullNadName(entry["name"], namespace)] : [];
  });
}
