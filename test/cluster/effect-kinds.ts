// Every kind of change of a VM that can be tested here: the VM before and after.
import type { NetworkConfig, VmSpec } from "../../src/domain/spec.ts";

type Machine = Omit<VmSpec, "namespace" | "name">;

export interface Kind {
  readonly name: string;
  readonly before: Machine;
  readonly after: Machine;
}

/** Secrets with user-data that the kinds name. */
export const secretNames = ["user-data-1", "user-data-2"] as const;

const eth0: NetworkConfig = { name: "eth0" };
const eth1: NetworkConfig = { name: "eth1" };
function nic(name: string, before: Partial<NetworkConfig>, after: Partial<NetworkConfig>): Kind {
  return nics(name, [eth0, { ...eth1, ...before }], [eth0, { ...eth1, ...after }]);
}

function nics(name: string, before: readonly NetworkConfig[], after: readonly NetworkConfig[]): Kind {
  return { name, before: { networks: before }, after: { networks: after } };
}

const added = (what: string, more: Partial<NetworkConfig>): Kind =>
  nics(`${what} added`, [eth0], [eth0, { ...eth1, ...more }]);
const removed = (what: string, more: Partial<NetworkConfig>): Kind =>
  nics(`${what} removed`, [eth0, { ...eth1, ...more }], [eth0]);
const moved = (what: string, more: Partial<NetworkConfig>): Kind =>
  nic(`another VLAN of ${what}`, { ...more, vlanId: 100 }, { ...more, vlanId: 200 });
const machine = (name: string, before: Partial<Machine>, after: Partial<Machine>): Kind => ({
  name,
  before: { networks: [eth0], ...before },
  after: { networks: [eth0], ...after },
});

/** The change for the `number`th VM, of at most 250: MAC and IP addresses must be unique on a network. */
export function kindsOf(number: number): readonly Kind[] {
  const mac = (last: number): string => `02:00:5e:30:${number.toString(16).padStart(2, "0")}:0${last}`;
  const at = (host: number): string => `198.18.${number}.${host}`;
  const ipConfig = { mode: "static", address: `${at(10)}/24` } as const;
  const guest = (what: string, more: Partial<NetworkConfig>): Kind =>
    nic(what, { ipConfig }, { ipConfig, ...more });
  return [
    nics("nothing", [eth0], [eth0]),
    added("a bridge NIC", {}),
    added("a bridge NIC with its cable pulled", { linkState: "down" }),
    added("an ovs NIC", { type: "ovs" }),
    added("an sriov NIC", { type: "sriov" }),
    added("a macvlan NIC", { type: "macvlan" }),
    added("a pod NIC", { type: "pod" }),
    removed("a bridge NIC", {}),
    removed("a macvlan NIC", { type: "macvlan" }),
    removed("a pod NIC", { type: "pod" }),
    moved("a bridge NIC", {}),
    moved("an ovs NIC", { type: "ovs" }),
    moved("an sriov NIC", { type: "sriov" }),
    moved("a macvlan NIC", { type: "macvlan" }),
    nic("another given NAD", { nadName: "given-1" }, { nadName: "given-2" }),
    nic("a type of the same binding", {}, { type: "ovs" }),
    nic("a type of another binding", {}, { type: "sriov" }),
    nic("a type of the pod network", {}, { type: "pod" }),
    nic("another MAC address", { macAddress: mac(1) }, { macAddress: mac(2) }),
    nic("the cable pulled", {}, { linkState: "down" }),
    nic("the cable of a macvlan NIC pulled", { type: "macvlan" }, { type: "macvlan", linkState: "down" }),
    nic("the cable of a pod NIC plugged", { type: "pod", linkState: "down" }, { type: "pod" }),
    nic("the MTU of NIC and network", {}, { mtu: 1400 }),
    nic("the MTU on a given NAD", { nadName: "given-1" }, { nadName: "given-1", mtu: 1400 }),
    guest("another address", { ipConfig: { ...ipConfig, address: `${at(11)}/24` } }),
    guest("a gateway", { ipConfig: { ...ipConfig, gateway: at(1) } }),
    guest("name servers", {
      ipConfig: { ...ipConfig, dnsServers: [at(53)] },
    }),
    guest("a route", { routes: [{ destination: "198.51.100.0/24", gateway: at(1) }] }),
    guest("DHCP in place of an address", { ipConfig: { mode: "dhcp" } }),
    nics("another primary NIC", [eth0, eth1], [eth0, { ...eth1, primary: true }]),
    nic("another priority", {}, { priority: 50 }),
    nics("another order", [{ ...eth0, primary: true }, eth1], [eth1, { ...eth0, primary: true }]),
    nics("a NIC renamed", [eth0, eth1], [eth0, { name: "lan" }]),
    nics(
      "another MAC address and a NIC added",
      [{ ...eth0, macAddress: mac(1) }],
      [{ ...eth0, macAddress: mac(2) }, eth1],
    ),
    machine("processors", {}, { cpu: 2 }),
    machine("more memory", {}, { memory: "2Gi" }),
    machine("more memory than can be plugged", {}, { memory: "8Gi" }),
    machine("less memory", { memory: "2Gi" }, { memory: "1Gi" }),
    machine("memory of a small VM", { memory: "512Mi" }, { memory: "1Gi" }),
    machine("a disk added", {}, { disks: [{ name: "data", containerImage: "registry.example/data:1" }] }),
    machine(
      "user-data as text",
      { userData: { text: "#cloud-config\n{}\n" } },
      { userData: { text: "#cloud-config\n" } },
    ),
    machine(
      "user-data from another Secret",
      { userData: { secretName: secretNames[0] } },
      { userData: { secretName: secretNames[1] } },
    ),
    machine("labels", { labels: { app: "web", tier: "front" } }, { labels: { app: "db" } }),
    machine("the run strategy", {}, { runStrategy: "Halted" }),
  ];
}
