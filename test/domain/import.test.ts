// VMs that multinic did not create, read as specs: what their objects say, and what a spec cannot express.
import { describe, it } from "vitest";
import { builtInCatalogue } from "../../src/domain/catalogue.ts";
import { type ImportedVm, importVm, type VmObjects } from "../../src/domain/import/import-vm.ts";
import type {
  CloudInitSource,
  VirtualMachineInstance,
  VmInterface,
  VmiInterfaceStatus,
} from "../../src/domain/objects/kubernetes.ts";
import { instanceOfWeb, nad, secretOf, storedVm } from "../support/objects.ts";

const mac = "02:00:5e:00:00:01";
const eth0: VmInterface = { name: "eth0", macAddress: mac, bridge: {} };

function read(interfaces: VmInterface[], more: Partial<VmObjects> = {}): ImportedVm {
  return importVm(
    { vm: storedVm(interfaces), vmi: undefined, nads: new Map(), secrets: new Map(), ...more },
    builtInCatalogue(),
  );
}

/** The VM with that cloud-init source. */
function withCloudInit(source: CloudInitSource, interfaces: VmInterface[] = [eth0]): VmObjects["vm"] {
  const vm = storedVm(interfaces);
  vm.spec.template.spec.volumes = [{ name: "init", cloudInitNoCloud: source }];
  return vm;
}

const guest = (networkData: string, interfaces: VmInterface[] = [eth0]): ImportedVm =>
  read(interfaces, { vm: withCloudInit({ networkData }, interfaces) });

function running(interfaces: VmiInterfaceStatus[]): VirtualMachineInstance {
  return instanceOfWeb({ interfaces });
}

describe("labels", () => {
  const labels = {
    app: "web",
    "example.org/team": "a",
    "app.kubernetes.io/managed-by": "multinic",
    theirs: "x",
  };
  const ofMultinic = { "f:app": {}, "f:example.org/team": {}, "f:app.kubernetes.io/managed-by": {} };
  const labelled = (more: object = {}) => {
    const vm = storedVm([eth0]);
    const fieldsV1 = { "f:metadata": { "f:labels": ofMultinic } };
    Object.assign(vm.metadata, { labels, managedFields: [{ manager: "multinic", fieldsV1 }], ...more });
    return read([], { vm }).spec.labels;
  };

  it("are those that multinic wrote, if it created the VM", ({ expect }) => {
    expect(labelled()).toEqual({ app: "web", "example.org/team": "a" });
  });

  it.for([
    [
      "of a VM that multinic did not create",
      { labels: { ...labels, "app.kubernetes.io/managed-by": "helm" } },
    ],
    ["without a record of who wrote them", { managedFields: undefined }],
  ] as const)("are not read %s", ([, more], { expect }) => {
    expect(labelled(more)).toBeUndefined();
  });
});

describe("the machine part", () => {
  it("is read back from the VM", ({ expect }) => {
    const vm = storedVm([
      { ...eth0, state: "down" },
      { name: "pod0", masquerade: {} },
      { name: "vf0", sriov: {} },
      { name: "tap0", binding: { name: "macvtap" } },
    ]);
    const { template } = vm.spec;
    template.spec.networks = [
      { name: "eth0", multus: { networkName: "other/net" } },
      { name: "pod0", pod: {} },
      { name: "vf0", multus: { networkName: "vf" } },
    ];
    template.spec.domain.cpu = { cores: 2, sockets: 2 };
    template.spec.domain.resources = { requests: { memory: "2Gi" } };
    template.spec.domain.devices.disks = ["root", "data", "dv", "odd", "init"].map((name) => ({ name }));
    template.spec.volumes = [
      { name: "root", containerDisk: { image: "guest:1" } },
      { name: "data", persistentVolumeClaim: { claimName: "data" } },
      { name: "dv", dataVolume: { name: "dv" } },
      { name: "odd" },
      { name: "init", cloudInitNoCloud: { userData: "#cloud-config\n" } },
    ];
    expect(read([], { vm }).spec).toEqual({
      namespace: "shop",
      name: "web",
      cpu: 4,
      memory: "2Gi",
      bootDisk: { name: "root", containerImage: "guest:1" },
      disks: [
        { name: "data", persistentVolumeClaim: "data" },
        { name: "dv", dataVolume: "dv" },
      ],
      userData: { text: "#cloud-config\n" },
      runStrategy: "Always",
      networks: [
        { name: "eth0", type: "bridge", nadName: "other/net", macAddress: mac, linkState: "down" },
        { name: "pod0", type: "pod" },
        { name: "vf0", type: "sriov", nadName: "vf" },
        { name: "tap0", type: "macvlan" },
      ],
    });
  });

  it.for([
    [{ running: true }, "Always"],
    [{ running: false }, "Halted"],
    [{ runStrategy: "Manual" }, "Manual"],
    [{ runStrategy: "WaitAsReceiver" }, "Halted"],
  ] as const)("with %o has run strategy %s", ([spec, expected], { expect }) => {
    const vm = storedVm([eth0]);
    const changed = { ...vm, spec: { template: vm.spec.template, ...spec } };
    expect(read([], { vm: changed }).spec.runStrategy).toBe(expected);
  });
});

describe("an attachment", () => {
  const withNad = (config: object, resourceName?: string, nic: VmInterface = eth0) =>
    read([nic], {
      nads: new Map([["shop/net-eth0", nad("net-eth0", config, resourceName)]]),
    }).spec.networks[0];

  it.for([
    ["a bridge on a VLAN", { type: "bridge", bridge: "br7", vlan: 30 }, { type: "bridge", vlanId: 30 }],
    ["an Open vSwitch bridge", { type: "ovs", bridge: "br8", vlan: 5 }, { type: "ovs", vlanId: 5 }],
    ["a plugin that is not known here", { type: "kube-ovn" }, { type: "bridge" }],
    ["a NAD that holds no plugin", {}, { type: "bridge" }],
  ] as const)("to %s is imported by the NAD's name", ([, config, expected], { expect }) => {
    expect(withNad(config)).toEqual({ name: "eth0", nadName: "net-eth0", macAddress: mac, ...expected });
  });

  it("has the content of a generated NAD under another name, and keeps the name", ({ expect }) => {
    const config = { cniVersion: "0.3.1", type: "bridge", bridge: "br0", name: "net-eth0" };
    expect(withNad({ ...config, macspoofchk: true, disableContainerInterface: true })).toMatchObject({
      nadName: "net-eth0",
    });
  });

  it("has the MAC address of the running VM if the VM does not set one", ({ expect }) => {
    const vmi = running([{ name: "eth0", mac: "02:00:5E:00:00:09" }]);
    expect(read([{ name: "eth0", bridge: {} }], { vmi }).spec.networks[0]).toMatchObject({
      macAddress: "02:00:5e:00:00:09",
    });
  });
});

describe("a network-config of another tool", () => {
  it("gives addresses, gateway, name servers and routes", ({ expect }) => {
    const { spec, notes } = guest(`network:
  version: 2
  ethernets:
    lan:
      match: {macaddress: "02:00:5E:00:00:01"}
      set-name: eth0
      addresses: [192.0.2.10/24, "2001:db8::10/64"]
      gateway4: 192.0.2.1
      gateway6: "2001:db8::1"
      nameservers: {addresses: [192.0.2.53], search: [example.org]}
      routes:
        - {to: 198.51.100.0/24, via: 192.0.2.2, metric: 7}
        - {to: 203.0.113.9, via: 192.0.2.3}
`);
    expect(spec.networks).toEqual([
      {
        name: "eth0",
        type: "bridge",
        nadName: "net-eth0",
        macAddress: mac,
        ipConfig: {
          mode: "static",
          address: "192.0.2.10/24",
          addresses: ["2001:db8::10/64"],
          gateway: "192.0.2.1",
          dnsServers: ["192.0.2.53"],
          searchDomains: ["example.org"],
        },
        primary: true,
        routes: [
          { destination: "::/0", gateway: "2001:db8::1", metric: 0 },
          { destination: "198.51.100.0/24", gateway: "192.0.2.2", metric: 7 },
          { destination: "203.0.113.9/32", gateway: "192.0.2.3", metric: 0 },
        ],
      },
    ]);
    expect(notes).toEqual([
      expect.stringMatching(
        /^networks\[eth0\] routes: .*0\.0\.0\.0\/0 via 192\.0\.2\.1 metric 0.* would become/,
      ),
    ]);
  });

  it("with its own metrics makes the NIC with the best default route primary", ({ expect }) => {
    const nics: VmInterface[] = [eth0, { name: "eth1", macAddress: "02:00:5e:00:00:02", bridge: {} }];
    const { spec, notes } = guest(
      `version: 2
ethernets:
  eth0: {match: {macaddress: "${mac}"}, set-name: eth0, dhcp4: true, dhcp4-overrides: {route-metric: 900}}
  eth1: {match: {macaddress: "02:00:5e:00:00:02"}, set-name: eth1, dhcp4: true, dhcp4-overrides: {route-metric: 50}}
`,
      nics,
    );
    expect(spec.networks.map(({ primary }) => primary)).toEqual([undefined, true]);
    expect(notes).toEqual([
      "networks[eth0] metric of DHCP's routes: 900 would become 200",
      "networks[eth1] metric of DHCP's routes: 50 would become 100",
    ]);
  });

  it.for([
    ["bonds", "version: 2\nbonds: {bond0: {}}\n", "network-config bonds: not imported"],
    ["VLANs", "version: 2\nvlans: {v5: {id: 5}}\n", "network-config vlans: not imported"],
    ["version 1", "version: 1\nconfig: []\n", "network-config: version 1 is not imported; only version 2 is"],
    [
      "no YAML",
      "version: [\n",
      "network-config: cannot be read: line 2, column 1: Flow sequence in block collection must be sufficiently indented and end with a ]",
    ],
    ["a text", "hello\n", "network-config: not a YAML mapping"],
    [
      "an unknown setting of a NIC",
      `version: 2\nethernets: {eth0: {match: {macaddress: "${mac}"}, set-name: eth0, dhcp4: true, wakeonlan: true}}\n`,
      "network-config ethernets.eth0.wakeonlan: not imported",
    ],
    [
      "DHCP for IPv6",
      `version: 2\nethernets: {eth0: {match: {macaddress: "${mac}"}, set-name: eth0, dhcp6: true}}\n`,
      "network-config ethernets.eth0.dhcp6: not imported",
    ],
    [
      "an address beside DHCP",
      `version: 2\nethernets: {eth0: {match: {macaddress: "${mac}"}, set-name: eth0, dhcp4: true, addresses: [192.0.2.9/24]}}\n`,
      "networks[eth0] addresses: 192.0.2.9/24 would be removed",
    ],
    [
      "an interface by a name that is not reported",
      "version: 2\nethernets: {enp1s0: {dhcp4: true}}\n",
      "network-config ethernets.enp1s0: cannot be matched to a NIC",
    ],
    [
      "another name in the guest",
      `version: 2\nethernets: {lan: {match: {macaddress: "${mac}"}, set-name: lan0, dhcp4: true}}\n`,
      "networks[eth0] name in the guest: lan0 would become eth0",
    ],
  ] as const)("with %s reports what is not imported", ([, text, note], { expect }) => {
    expect(guest(text).notes).toContain(note);
  });

  it("matches by the guest's own name where the guest agent reports it", ({ expect }) => {
    const networkData = "version: 2\nethernets: {enp1s0: {addresses: [192.0.2.9/24]}}\n";
    const vmi = running([{ name: "eth0", mac, interfaceName: "enp1s0" }]);
    expect(read([eth0], { vm: withCloudInit({ networkData }), vmi }).spec.networks[0]?.ipConfig).toEqual({
      mode: "static",
      address: "192.0.2.9/24",
    });
  });
});

describe("a VM's network-config", () => {
  const text = `version: 2\nethernets: {eth0: {match: {macaddress: "${mac}"}, set-name: eth0, addresses: [192.0.2.9/24]}}\n`;
  const base64 = Buffer.from(text).toString("base64");
  const secret = secretOf("theirs", { networkdata: base64 });

  it.for<[string, CloudInitSource]>([
    ["in the VM", { networkData: text }],
    ["in the VM as base64", { networkDataBase64: base64 }],
    ["in a Secret", { networkDataSecretRef: { name: "theirs" } }],
  ])("is read if it is %s", ([, source], { expect }) => {
    const { spec } = read([eth0], { vm: withCloudInit(source), secrets: new Map([["theirs", secret]]) });
    expect(spec.networks[0]?.ipConfig?.address).toBe("192.0.2.9/24");
  });

  it("in a Secret that cannot be read leaves the addresses unknown", ({ expect }) => {
    const vm = withCloudInit({ networkDataSecretRef: { name: "theirs" } });
    const { spec, notes } = read([eth0], { vm });
    expect(spec.networks[0]).not.toHaveProperty("ipConfig");
    expect(notes).toEqual(["network-config: it is in Secret theirs, which could not be read"]);
  });

  it("on a config drive is not imported", ({ expect }) => {
    const vm = storedVm([eth0]);
    vm.spec.template.spec.volumes = [{ name: "init", cloudInitConfigDrive: { networkData: text } }];
    expect(read([], { vm }).notes).toEqual([
      "network-config: it is on a config drive, in OpenStack's format",
    ]);
  });

  it("that is missing leaves the guest's settings unknown", ({ expect }) => {
    const { spec, notes } = read([eth0]);
    expect(spec.networks[0]).not.toHaveProperty("ipConfig");
    expect(notes).toEqual(["network-config: the VM has none, so the guest's settings are unknown"]);
  });
});
