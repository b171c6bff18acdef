// What the check of a VM with three NICs costs in the domain, beside work that no form can do without. node bench/validate.ts
import { cpus, hostname } from "node:os";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { parse } from "yaml";
import { VirtualMachineSchema } from "../gen/multinic/v1/virtual_machine_pb.ts";
import { specToProto } from "../src/wire/spec-to-proto.ts";
import { builtInCatalogue } from "../src/domain/catalogue.ts";
import { checkVm } from "../src/domain/validate/check-vm.ts";
import { type Facts, noFacts, type NodeFact } from "../src/domain/facts.ts";
import { indexNodes } from "../src/domain/network/nodes.ts";
import { hasErrors } from "../src/domain/findings.ts";
import type { VmSpec } from "../src/domain/spec.ts";

/** A form asks at every key stroke. */
const limitUs = 100;
const rounds = 15;
const callsPerRound = 2_000;

const spec: VmSpec = {
  namespace: "shop",
  name: "web",
  networks: [
    { name: "eth0", type: "bridge", primary: true, ipConfig: { mode: "dhcp" } },
    {
      name: "eth1",
      type: "macvlan",
      vlanId: 100,
      ipConfig: {
        mode: "static",
        address: "10.0.1.100/24",
        gateway: "10.0.1.1",
        dnsServers: ["10.0.1.53", "10.0.2.53"],
        searchDomains: ["example.org"],
      },
      routes: [
        { destination: "192.168.0.0/16", gateway: "10.0.1.1", metric: 100 },
        { destination: "172.16.0.0/12", gateway: "10.0.1.2" },
      ],
    },
    {
      name: "eth2",
      nadName: "storage",
      mtu: 9000,
      macAddress: "02:00:5e:10:00:01",
      ipConfig: { address: "192.0.2.10/24", addresses: ["2001:db8::10/64"] },
    },
  ],
};
const document = `name: web
networks:
  - {name: eth0, type: bridge, primary: true, ipConfig: {mode: dhcp}}
  - name: eth1
    type: macvlan
    vlanId: 100
    ipConfig: {mode: static, address: 10.0.1.100/24, gateway: 10.0.1.1, dnsServers: [10.0.1.53, 10.0.2.53], searchDomains: [example.org]}
    routes:
      - {destination: 192.168.0.0/16, gateway: 10.0.1.1, metric: 100}
      - {destination: 172.16.0.0/12, gateway: 10.0.1.2}
  - name: eth2
    nadName: storage
    mtu: 9000
    macAddress: "02:00:5e:10:00:01"
    ipConfig: {address: 192.0.2.10/24, addresses: ["2001:db8::10/64"]}
`;

/** A cluster of 1 000 nodes and 10 000 NICs, all of it known. */
function clusterFacts(): Facts {
  const resources = ["macvtap.network.kubevirt.io/uplink.100", "bridge.network.kubevirt.io/br0"];
  const nodes = Array.from({ length: 1_000 }, (_, index): NodeFact => ({
    name: `node-${index}`,
    takesVms: true,
    allocatable: Object.fromEntries(resources.map((name) => [name, "1k"])),
    addresses: [`198.51.${index >> 8}.${index & 255}`],
    podCidrs: [`10.${200 + (index >> 8)}.${index & 255}.0/24`],
    bridges: [{ kind: "linux", name: "br0", mtu: 9000 }],
  }));
  const users = Array.from({ length: 10_000 }, (_, index) => ({
    key: `02:00:5e:${(index >> 8).toString(16).padStart(2, "0")}:${(index & 255).toString(16).padStart(2, "0")}:ff`,
    nic: { namespace: "shop", vm: `vm-${index}`, nic: "eth0", segment: "linux bridge br0 vlan 0" },
  }));
  const inUse = new Map(users.map(({ key, nic }) => [key, [nic]]));
  const config = JSON.stringify({ cniVersion: "0.3.1", type: "bridge", bridge: "br0", mtu: 9000 });
  return {
    ...noFacts,
    namespaceExists: true,
    nads: new Map([
      [
        "shop/storage",
        {
          apiVersion: "k8s.cni.cncf.io/v1",
          kind: "NetworkAttachmentDefinition",
          metadata: { namespace: "shop", name: "storage" },
          spec: { config },
        },
      ],
    ]),
    macsInUse: inUse,
    addressesInUse: inUse,
    nodes: indexNodes(nodes),
    serviceCidrs: ["10.96.0.0/12"],
    bindingPlugins: ["macvtap"],
  };
}

const catalogue = builtInCatalogue();
const facts = clusterFacts();
for (const known of [noFacts, facts]) {
  const { findings } = checkVm(spec, catalogue, known);
  if (hasErrors(findings)) throw new Error(`the spec is wrong: ${JSON.stringify(findings)}`);
}

const message = create(VirtualMachineSchema, specToProto(spec));
const work: readonly (readonly [string, () => unknown])[] = [
  ["checkVm, nothing known of a cluster", () => checkVm(spec, catalogue, noFacts)],
  ["checkVm, 1 000 nodes and 10 000 NICs known", () => checkVm(spec, catalogue, facts)],
  ["yaml: the same VM's text parsed", () => parse(document) as unknown],
  [
    "protobuf: the same VM encoded and decoded",
    () => fromBinary(VirtualMachineSchema, toBinary(VirtualMachineSchema, message)),
  ],
];

/** Microseconds of one call: the fastest round, which is the one that the machine disturbed least. */
function measure(call: () => unknown): number {
  const times = Array.from({ length: rounds }, () => {
    const start = performance.now();
    for (let index = 0; index < callsPerRound; index += 1) call();
    return ((performance.now() - start) * 1_000) / callsPerRound;
  });
  return Math.min(...times);
}

console.log(
  `${hostname()}: ${cpus().length} x ${cpus()[0]?.model ?? "unknown CPU"}, Node ${process.version}`,
);
console.log(`three NICs; µs of one call, fastest of ${rounds} rounds of ${callsPerRound}`);
const results = work.map(([name, call]) => ({ name, us: measure(call) }));
const yaml = results.find(({ name }) => name.startsWith("yaml"))?.us ?? 0;
for (const { name, us } of results) {
  console.log(
    `${name.padEnd(46)}${us.toFixed(1).padStart(8)} µs${(yaml / us).toFixed(1).padStart(8)} x as fast as yaml`,
  );
}
const slowest = Math.max(...results.filter(({ name }) => name.startsWith("checkVm")).map(({ us }) => us));
console.log(`limit ${limitUs} µs: ${slowest <= limitUs ? "held" : "broken"}`);
if (slowest > limitUs) process.exitCode = 1;
