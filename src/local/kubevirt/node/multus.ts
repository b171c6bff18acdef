// Multus on one node: the network-status that a pod's annotation gives, or why no sandbox can be created, with the messages
// of Multus 4.3 and the CNI plugins. Pure. A NAD's IPAM is not simulated.
import { isMapping } from "../../../domain/objects/mapping.ts";
import type { NetworkAttachmentDefinition } from "../../../domain/objects/kubernetes.ts";
import { networkStatuses, type NetworkSelection, type NetworkStatus } from "../network-status.ts";
import { podInterfaceName } from "../nics.ts";
import { annotations, labels, type Pod } from "../resources.ts";
import { pluginError } from "./cni-plugins.ts";
import { randomMac } from "./domain.ts";

/** Why CNI ADD failed. */
export interface AttachFailure {
  /** As in kubelet's event FailedCreatePodSandBox. */
  readonly error: string;
  /** The event that Multus itself writes; only a missing NAD has one. */
  readonly event?: { readonly reason: "NoNetworkFound"; readonly message: string };
}

export type Attachment =
  | { readonly kind: "attached"; readonly statuses: readonly NetworkStatus[] }
  | { readonly kind: "failed"; readonly failure: AttachFailure };

type Config = Readonly<Record<string, unknown>>;

type NadLookup = (ref: { namespace: string; name: string }) => NetworkAttachmentDefinition | undefined;

/** Attaches all networks of the pod; one failure fails the sandbox. */
export function attachNetworks(pod: Pod, podIP: string, nads: NadLookup): Attachment {
  const selections = parseSelections(pod);
  if ("error" in selections) {
    const error = loadError(pod, `parsePodNetworkAnnotation: ${selections.error}`);
    return { kind: "failed", failure: { error } };
  }
  const statuses: NetworkStatus[] = [primaryStatus(pod, podIP)];
  const found = selections.map((selection) => ({ selection, nad: nads(selection) }));
  const missing = found.find(({ nad }) => nad === undefined);
  if (missing !== undefined) return { kind: "failed", failure: missingNad(pod, missing.selection) };
  for (const { selection, nad } of found) {
    const status = secondaryStatus(pod, selection);
    const error =
      nad && (configError(pod, selection, nad) ?? nameTaken(pod, selection, nad, status, statuses));
    if (error !== undefined) return { kind: "failed", failure: { error } };
    statuses.push(status);
  }
  return { kind: "attached", statuses };
}

/**
 * network-status after multus-dynamic-networks-controller has applied a changed annotation of a running pod; undefined when
 * nothing changes or a network cannot be attached. SR-IOV devices are kept: virt-controller removes them from the
 * annotation of a running pod, but they stay attached.
 */
export function reattachNetworks(
  pod: Pod,
  podIP: string,
  nads: NadLookup,
): readonly NetworkStatus[] | undefined {
  const before = networkStatuses(pod);
  const attachment = attachNetworks(pod, podIP, nads);
  if (attachment.kind === "failed") return undefined;
  const asked = new Set(attachment.statuses.map((status) => status.interface));
  const devices = before.filter((status) => !asked.has(status.interface) && isSriov(status, nads));
  const now = [...attachment.statuses, ...devices];
  const same =
    now.length === before.length && now.every((a) => before.some((b) => a.interface === b.interface));
  return same ? undefined : now;
}

function parseSelections(pod: Pod): readonly NetworkSelection[] | { readonly error: string } {
  const text = pod.metadata.annotations?.[annotations.networks];
  if (text === undefined || text === "") return [];
  const unreadable = "failed to parse pod Network Attachment Selection Annotation JSON format";
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    // KubeVirt never writes the comma-separated short form, so it is refused here.
    return { error: `${unreadable}: ${goSyntaxError(text, messageOf(error))}` };
  }
  if (!Array.isArray(parsed)) return { error: unreadable };
  const selections = (parsed as Partial<NetworkSelection>[]).map(({ name = "", namespace, ...rest }) => ({
    ...rest,
    name,
    namespace: namespace ?? pod.metadata.namespace ?? "",
  }));
  const broken = selections.find(
    ({ mac }) => mac !== undefined && !/^(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i.test(mac),
  );
  return broken === undefined
    ? selections
    : { error: `failed to mac: address ${broken.mac}: invalid MAC address` };
}

function primaryStatus(pod: Pod, podIP: string): NetworkStatus {
  const name = pod.metadata.annotations?.[annotations.defaultNetwork] ?? "cluster-network";
  const mac = randomMac(pod.metadata.uid ?? pod.metadata.name, "eth0");
  return { name, interface: "eth0", ips: [podIP], mac, default: true, dns: {} };
}

function secondaryStatus(pod: Pod, selection: NetworkSelection): NetworkStatus {
  const podInterface = selection.interface ?? podInterfaceName(selection.name);
  const owner = pod.metadata.labels?.[labels.createdBy] ?? pod.metadata.uid ?? pod.metadata.name;
  return {
    name: `${selection.namespace}/${selection.name}`,
    interface: podInterface,
    mac: selection.mac?.toLowerCase() ?? randomMac(owner, podInterface),
    dns: {},
  };
}

function missingNad(pod: Pod, { namespace, name }: NetworkSelection): AttachFailure {
  const message =
    `cannot find a network-attachment-definition (${name}) in namespace (${namespace}): ` +
    `network-attachment-definitions.k8s.cni.cncf.io "${name}" not found`;
  const error = delegateError(pod, `getKubernetesDelegate: ${message}`);
  return { error, event: { reason: "NoNetworkFound", message } };
}

/** Why Multus or the plugin refuses the NAD's configuration; undefined when they accept it. */
function configError(
  pod: Pod,
  selection: NetworkSelection,
  nad: NetworkAttachmentDefinition,
): string | undefined {
  const config = nad.spec?.config ?? "";
  if (config === "") {
    const text = "GetCNIConfig: err in GetCNIConfigFromFile: No networks found in /etc/cni/multus/net.d";
    return delegateError(pod, text);
  }
  const parsed = parseJson(config);
  if ("error" in parsed) {
    const text = `GetCNIConfig: err in getCNIConfigFromSpec: failed to unmarshal Spec.Config: ${parsed.error}`;
    return delegateError(pod, text);
  }
  const { value } = parsed;
  if (pluginsOf(value).some(({ type }) => typeof type !== "string" || type === "")) {
    const text = "LoadDelegateNetConfList: delegate must have the 'type' or 'plugin' field";
    return delegateError(pod, `LoadDelegateNetConf: failed with: ${text}`);
  }
  const { cniVersion } = value;
  if (typeof cniVersion !== "string" || cniVersion === "") {
    return addError(pod, selection, value, "cannot convert: no valid IP addresses");
  }
  const name = networkName(selection, value);
  const refusal = pluginError(name, cniVersion, pluginsOf(value)[0] ?? {}, selection.mac ?? "02");
  return refusal === undefined ? undefined : addError(pod, selection, value, refusal);
}

/** The error of a network whose interface name another network of the pod has. */
function nameTaken(
  pod: Pod,
  selection: NetworkSelection,
  nad: NetworkAttachmentDefinition,
  { interface: device }: NetworkStatus,
  before: readonly NetworkStatus[],
): string | undefined {
  if (!before.some((status) => status.interface === device)) return undefined;
  const parsed = parseJson(nad.spec?.config ?? "");
  const config = "error" in parsed ? {} : parsed.value;
  const text =
    `DelegateAdd: cannot set "${pluginType(nad) ?? ""}" interface name to "${device}": ` +
    `validateIfName: interface name ${device} already exists`;
  return addError(pod, selection, config, text);
}

function isSriov(status: NetworkStatus, nads: NadLookup): boolean {
  const [namespace = "", name = ""] = status.name.split("/");
  const nad = nads({ namespace, name });
  return nad !== undefined && pluginType(nad) === "sriov";
}

/** The type of a NAD's CNI plugin, the first of a list; undefined when its configuration is unreadable. */
export function pluginType(nad: NetworkAttachmentDefinition): string | undefined {
  const parsed = parseJson(nad.spec?.config ?? "");
  if ("error" in parsed) return undefined;
  const first = pluginsOf(parsed.value)[0]?.["type"];
  return typeof first === "string" ? first : undefined;
}

function pluginsOf(config: Config): readonly Config[] {
  return Array.isArray(config["plugins"]) ? (config["plugins"] as Config[]) : [config];
}

/** Errors have the messages of Go's encoding/json. */
function parseJson(text: string): { readonly value: Config } | { readonly error: string } {
  try {
    const value: unknown = JSON.parse(text);
    if (isMapping(value)) return { value };
    return { error: "json: cannot unmarshal into Go value of type map[string]interface {}" };
  } catch (error) {
    return { error: goSyntaxError(text, messageOf(error)) };
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** V8's message has the token or its position; truncated text ends before the position. */
function goSyntaxError(text: string, reason: string): string {
  const position = /at position (\d+)/.exec(reason)?.[1];
  const found = /Unexpected token '(.+?)'/su.exec(reason)?.[1] ?? text[Number(position ?? text.length)];
  if (found === undefined) return "unexpected end of JSON input";
  return `invalid character '${found}' looking for beginning of value`;
}

function loadError({ metadata }: Pod, text: string): string {
  const { namespace = "", name, uid = "" } = metadata;
  return `Multus: [${namespace}/${name}/${uid}]: error loading k8s delegates k8s args: ${text}`;
}

function delegateError(pod: Pod, text: string): string {
  const where = "TryLoadPodDelegates: error in getting k8s network for pod: GetNetworkDelegates:";
  return loadError(pod, `${where} failed getting the delegate: ${text}`);
}

function addError(pod: Pod, selection: NetworkSelection, config: Config, text: string): string {
  const { namespace = "", name, uid = "" } = pod.metadata;
  const network = networkName(selection, config);
  return `[${namespace}/${name}/${uid}:${network}]: error adding container to network "${network}": ${text}`;
}

function networkName(selection: NetworkSelection, { name }: Config): string {
  return typeof name === "string" ? name : selection.name;
}
