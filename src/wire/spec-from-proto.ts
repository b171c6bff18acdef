// The spec of a VM, from the API's message to the domain's type.
import type {
  IpConfig as ProtoIpConfig,
  NetworkConfig as ProtoNetworkConfig,
} from "../../gen/multinic/v1/network_pb.ts";
import type { Disk, VirtualMachine } from "../../gen/multinic/v1/virtual_machine_pb.ts";
import { finding, type Finding } from "../domain/findings.ts";
import type { DiskSpec, IpConfig, NetworkConfig, VmSpec } from "../domain/spec.ts";
import {
  defaultRouteToProto,
  guestConfigToProto,
  guestRendererToProto,
  ipModeToProto,
  linkStateToProto,
  networkTypeToProto,
  routingModeToProto,
  runStrategyToProto,
  wordOf,
} from "./enums.ts";

/** The VM that could be read, and a finding VALUE_UNKNOWN for each enum number that this version does not know. */
export interface SpecFromProto {
  readonly spec: VmSpec;
  readonly findings: readonly Finding[];
}

/** Empty text and zero enum numbers mean "not given", as everywhere in protobuf. Unknown numbers are left out. */
export function specFromProto(vm: VirtualMachine): SpecFromProto {
  const findings: Finding[] = [];
  const wordAt: WordAt = (name, numbers, number, field) => {
    const word = wordOf(numbers, number);
    if (word !== undefined) return { [name]: word } as Partial<Record<typeof name, typeof word>>;
    if (number !== 0) {
      findings.push(
        finding("VALUE_UNKNOWN", field, { given: String(number), known: Object.keys(numbers).join(", ") }),
      );
    }
    return {};
  };
  const spec: VmSpec = {
    namespace: vm.namespace,
    name: vm.name,
    ...given("cpu", vm.cpu),
    ...givenText("memory", vm.memory),
    ...(vm.bootDisk ? { bootDisk: diskFromProto(vm.bootDisk) } : {}),
    ...givenList("disks", vm.disks.map(diskFromProto)),
    ...(vm.userData ? { userData: sourceFromProto(vm.userData.source) } : {}),
    ...wordAt("runStrategy", runStrategyToProto, vm.runStrategy, "runStrategy"),
    ...(vm.guest
      ? { guest: wordAt("renderer", guestRendererToProto, vm.guest.renderer, "guest.renderer") }
      : {}),
    ...wordAt("guestConfig", guestConfigToProto, vm.guestConfig, "guestConfig"),
    ...wordAt("routing", routingModeToProto, vm.routing, "routing"),
    ...(Object.keys(vm.labels).length === 0 ? {} : { labels: { ...vm.labels } }),
    networks: vm.networks.map((network, index) => networkFromProto(network, `networks[${index}]`, wordAt)),
  };
  return { spec, findings };
}

type WordAt = <Name extends string, Word extends string>(
  name: Name,
  numbers: Readonly<Record<Word, number>>,
  number: number,
  field: string,
) => Partial<Record<Name, Word>>;

function networkFromProto(network: ProtoNetworkConfig, at: string, wordAt: WordAt): NetworkConfig {
  return {
    name: network.name,
    ...wordAt("type", networkTypeToProto, network.type, `${at}.type`),
    ...givenText("nadName", network.nadName),
    ...given("vlanId", network.vlanId),
    ...(network.ipConfig ? { ipConfig: ipConfigFromProto(network.ipConfig, `${at}.ipConfig`, wordAt) } : {}),
    ...(network.primary ? { primary: true } : {}),
    ...given("priority", network.priority),
    ...given("mtu", network.mtu),
    ...givenList(
      "routes",
      network.routes.map(({ destination, gateway, metric }) => ({
        destination,
        gateway,
        ...given("metric", metric),
      })),
    ),
    ...givenText("physicalNetwork", network.physicalNetwork),
    ...givenText("macAddress", network.macAddress),
    ...wordAt("linkState", linkStateToProto, network.linkState, `${at}.linkState`),
  };
}

function ipConfigFromProto(ipConfig: ProtoIpConfig, at: string, wordAt: WordAt): IpConfig {
  return {
    ...wordAt("mode", ipModeToProto, ipConfig.mode, `${at}.mode`),
    ...givenText("address", ipConfig.address),
    ...givenList("addresses", ipConfig.addresses),
    ...givenText("gateway", ipConfig.gateway),
    ...givenList("dnsServers", ipConfig.dnsServers),
    ...givenList("searchDomains", ipConfig.searchDomains),
    ...wordAt("defaultRoute", defaultRouteToProto, ipConfig.defaultRoute, `${at}.defaultRoute`),
  };
}

function diskFromProto(disk: Disk): DiskSpec {
  return { ...givenText("name", disk.name), ...sourceFromProto(disk.source) };
}

function sourceFromProto<Case extends string>(
  source:
    | { readonly case: Case; readonly value: string }
    | { readonly case: undefined; readonly value?: undefined },
): Partial<Record<Case, string>> {
  return source.case === undefined ? {} : ({ [source.case]: source.value } as Partial<Record<Case, string>>);
}

function given<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): Partial<Record<Name, Value>> {
  return value === undefined ? {} : ({ [name]: value } as Partial<Record<Name, Value>>);
}

const givenText = <Name extends string>(name: Name, value: string): Partial<Record<Name, string>> =>
  given(name, value === "" ? undefined : value);

const givenList = <Name extends string, Item>(
  name: Name,
  items: readonly Item[],
): Partial<Record<Name, readonly Item[]>> => given(name, items.length === 0 ? undefined : items);
