// Drift: what others changed in a VM, field by field, and where a guest differs from its configuration.
import { describe, it } from "vitest";
import { builtInCatalogue } from "../../src/domain/catalogue.ts";
import { checkVm } from "../../src/domain/validate/check-vm.ts";
import { compileVm } from "../../src/domain/compile/compile.ts";
import { driftedFields } from "../../src/domain/drift/drifted-fields.ts";
import { readRecord } from "../../src/domain/document/read-record.ts";
import { driftOf } from "../../src/domain/drift/vm-drift.ts";
import { noFacts } from "../../src/domain/facts.ts";
import type { VmObjects } from "../../src/domain/import/import-vm.ts";
import type {
  NetworkAttachmentDefinition,
  Secret,
  VirtualMachine,
  VirtualMachineInstance,
  VmInterface,
  VmiInterfaceStatus,
} from "../../src/domain/objects/kubernetes.ts";
import { guestConfigAnnotation } from "../../src/domain/objects/ownership.ts";
import type { NetworkConfig, VmSpec } from "../../src/domain/spec.ts";
import { vmSpec } from "./specs.ts";
import { instanceOfWeb } from "../support/objects.ts";

const spec = vmSpec([
  {
    name: "eth0",
    ipConfig: { mode: "static", address: "192.0.2.10/24", gateway: "192.0.2.1", defaultRoute: "never" },
  },
  { name: "eth1", vlanId: 100, macAddress: "02:00:5e:00:00:01", ipConfig: { mode: "dhcp" } },
]);

interface Stored {
  readonly vm: VirtualMachine;
  readonly secret: Secret;
  readonly nads: NetworkAttachmentDefinition[];
}

/** The objects as they were written, copied so that a case may change them. */
function stored(from: VmSpec = spec): Stored {
  const { virtualMachine, secret, attachments } = compileVm(
    from,
    checkVm(from, builtInCatalogue(), noFacts).vm,
  );
  return structuredClone({ vm: virtualMachine, secret, nads: [...attachments] });
}

function objectsOf({ vm, secret, nads }: Stored, more: Partial<VmObjects> = {}): VmObjects {
  return {
    vm,
    vmi: undefined,
    nads: new Map(nads.map((nad) => [`${nad.metadata.namespace}/${nad.metadata.name}`, nad])),
    secrets: new Map([[secret.metadata.name, secret]]),
    ...more,
  };
}

const drift = (objects: VmObjects) => driftOf(objects, readRecord(objects.vm).spec, builtInCatalogue());

/** Somebody's write of these fields, as the API server records it. */
const entry = (manager: string, time: string, fieldsV1: object) => ({
  manager,
  time,
  operation: "Update",
  fieldsType: "FieldsV1",
  fieldsV1,
});

const ofInterfaces = {
  "f:spec": { "f:template": { "f:spec": { "f:domain": { "f:devices": { "f:interfaces": {} } } } } },
};

describe("a VM", () => {
  it("that is unchanged has no drift", ({ expect }) => {
    expect(drift(objectsOf(stored()))).toEqual([]);
  });

  it("that is configured by NMState has no drift, as far as its objects show", ({ expect }) => {
    expect(drift(objectsOf(stored({ ...spec, guestConfig: "nmstate" })))).toEqual([]);
  });

  it("that multinic did not create has no drift, because no wanted state is known", ({ expect }) => {
    const theirs = stored();
    theirs.vm.metadata.labels = {};
    expect(drift(objectsOf(theirs))).toEqual([]);
  });

  it("has a changed field reported with its writer and time", ({ expect }) => {
    const changed = stored();
    const [eth0] = changed.vm.spec.template.spec.domain.devices.interfaces ?? [];
    if (eth0 === undefined) throw new Error("there is no NIC");
    const { macAddress: before = "" } = eth0;
    eth0.macAddress = "02:00:5e:00:00:99";
    changed.vm.metadata.managedFields = [
      entry("multinic", "2026-01-03T00:00:00Z", ofInterfaces),
      entry("virt-controller", "2026-01-04T00:00:00Z", { "f:metadata": {} }),
      entry("argo", "2026-01-01T00:00:00Z", ofInterfaces),
      entry("kubectl-edit", "2026-01-02T00:00:00Z", ofInterfaces),
    ];
    expect(drift(objectsOf(changed))).toEqual([
      {
        path: "networks[eth0].macAddress",
        nic: "eth0",
        wanted: before,
        actual: "02:00:5e:00:00:99",
        object: { kind: "VirtualMachine", namespace: "shop", name: "web" },
        manager: "kubectl-edit",
        since: "2026-01-02T00:00:00Z",
      },
    ]);
  });

  it("has each requested label reported that is missing or different, with its writer, and no other label", ({
    expect,
  }) => {
    const labels = { app: "web", "example.org/team": "a", canary: "", same: "yes", constructor: "x" };
    const changed = stored({ ...spec, labels });
    const { "example.org/team": _, constructor: _gone, ...kept } = changed.vm.metadata.labels ?? {};
    changed.vm.metadata.labels = { ...kept, app: "db", canary: "yes", theirs: "too" };
    const ofApp = { "f:metadata": { "f:labels": { "f:app": {} } } };
    const ofTheirs = { "f:metadata": { "f:labels": { "f:theirs": {} } } };
    changed.vm.metadata.managedFields = [
      entry("kubectl-label", "2026-01-02T00:00:00Z", ofApp),
      entry("argo", "2026-01-03T00:00:00Z", ofTheirs),
    ];
    const object = { kind: "VirtualMachine", namespace: "shop", name: "web" };
    const written = { nic: "", object, manager: "", since: undefined };
    expect(drift(objectsOf(changed))).toEqual([
      {
        ...written,
        path: 'labels["app"]',
        wanted: "web",
        actual: "db",
        manager: "kubectl-label",
        since: "2026-01-02T00:00:00Z",
      },
      { ...written, path: 'labels["example.org/team"]', wanted: "a", actual: "" },
      { ...written, path: 'labels["canary"]', wanted: '""', actual: "yes" },
      { ...written, path: 'labels["constructor"]', wanted: "x", actual: "" },
    ]);
  });

  it.for<[string, (vm: VirtualMachine["spec"]["template"]["spec"]) => void, string, string, string]>([
    [
      "a NIC that was taken out",
      ({ domain }) => domain.devices.interfaces?.pop(),
      "networks[eth1]",
      "bridge",
      "",
    ],
    [
      "a NIC that is being unplugged",
      ({ domain: { devices } }) => {
        devices.interfaces = devices.interfaces?.map((nic) =>
          nic.name === "eth1" ? { ...nic, state: "absent" } : nic,
        ) as NonNullable<typeof devices.interfaces>;
      },
      "networks[eth1]",
      "bridge",
      "",
    ],
    [
      "a NIC that was added",
      ({ domain }) => domain.devices.interfaces?.push({ name: "eth9", sriov: {} }),
      "networks[eth9]",
      "",
      "sriov",
    ],
    [
      "another order",
      ({ domain }) => domain.devices.interfaces?.reverse(),
      "networks",
      "eth0, eth1",
      "eth1, eth0",
    ],
    [
      "another network",
      ({ networks = [] }) => Object.assign(networks[0] ?? {}, { multus: { networkName: "theirs" } }),
      "networks[eth0].attachment",
      "shop/multinic-bridge",
      "shop/theirs",
    ],
    [
      "a pulled cable",
      ({ domain }) => Object.assign(domain.devices.interfaces?.[1] ?? {}, { state: "down" }),
      "networks[eth1].linkState",
      "up",
      "down",
    ],
    [
      "a network-config from elsewhere",
      ({ volumes = [] }) => {
        const volume = volumes.find(({ name }) => name === "cloudinitdisk");
        if (volume) volume.cloudInitNoCloud = { networkDataSecretRef: { name: "other" } };
      },
      "networkConfig",
      "Secret multinic-web",
      "Secret other",
    ],
    [
      "no network-config any more",
      (template) => {
        template.volumes = [];
      },
      "networkConfig",
      "Secret multinic-web",
      "",
    ],
  ])("reports %s", ([, change, field, wanted, actual], { expect }) => {
    const changed = stored();
    change(changed.vm.spec.template.spec);
    const found = drift(objectsOf(changed)).find((one) => one.path === field);
    expect(found).toMatchObject({ actual });
    expect(found?.wanted.startsWith(wanted)).toBe(true);
  });
});

describe("a NAD", () => {
  it("that is gone is reported at the NIC", ({ expect }) => {
    const { nads, ...others } = stored();
    expect(drift(objectsOf({ ...others, nads: nads.slice(1) }))).toMatchObject([
      { path: "networks[eth0].attachment", wanted: `shop/${nads[0]?.metadata.name}`, actual: "" },
    ]);
  });

  it("with other content is reported with both contents, the writer and the time", ({ expect }) => {
    const changed = stored();
    const nad = changed.nads[1];
    if (nad?.spec?.config === undefined) throw new Error("there is no NAD");
    const { config } = nad.spec;
    nad.spec.config = config.replace('"vlan":100', '"vlan":200');
    nad.metadata.managedFields = [
      entry("kubectl-edit", "2026-01-02T00:00:00Z", { "f:spec": { "f:config": {} } }),
    ];
    expect(drift(objectsOf(changed))).toEqual([
      {
        path: "networks[eth1].attachment",
        nic: "eth1",
        wanted: config,
        actual: nad.spec.config,
        object: { kind: "NetworkAttachmentDefinition", namespace: "shop", name: nad.metadata.name },
        manager: "kubectl-edit",
        since: "2026-01-02T00:00:00Z",
      },
    ]);
  });

  it("that is only formatted differently has no drift", ({ expect }) => {
    const changed = stored();
    const [nad] = changed.nads;
    if (nad?.spec?.config === undefined) throw new Error("there is no NAD");
    nad.spec.config = JSON.stringify(JSON.parse(nad.spec.config), undefined, 2);
    expect(drift(objectsOf(changed))).toEqual([]);
  });
});

describe("a network-config", () => {
  function edited(change: (text: string) => string): readonly object[] {
    const changed = stored();
    const text = changed.secret.stringData?.["networkdata"] ?? "";
    const { stringData: _, ...secret } = changed.secret;
    const data = { networkdata: Buffer.from(change(text)).toString("base64") };
    return drift(objectsOf({ ...changed, secret: { ...secret, data } }));
  }

  it("with a changed address is reported", ({ expect }) => {
    expect(edited((text) => text.replace("192.0.2.10", "192.0.2.11"))).toMatchObject([
      {
        path: "networks[eth0].ipConfig.addresses",
        wanted: "192.0.2.10/24",
        actual: "192.0.2.11/24",
        object: { kind: "Secret", namespace: "shop", name: "multinic-web" },
        manager: "",
      },
    ]);
  });

  it("that lost a NIC is reported", ({ expect }) => {
    expect(edited((text) => text.slice(0, text.indexOf("  eth1:")))).toMatchObject([
      { path: "networks[eth1].ipConfig", wanted: "dhcp", actual: "" },
      { path: "networkConfig", actual: "networks[eth1]: not mentioned in the network-config" },
    ]);
  });

  it("with settings that multinic does not read is reported", ({ expect }) => {
    expect(edited((text) => `${text}bonds: {}\n`)).toMatchObject([
      { path: "networkConfig", wanted: "", actual: "network-config bonds: not imported" },
    ]);
  });

  it("that is gone is reported; one that cannot be read is not judged", ({ expect }) => {
    const gone = new Map([["multinic-web", undefined]]);
    expect(drift(objectsOf(stored(), { secrets: gone }))).toMatchObject([
      { path: "networkConfig", wanted: "Secret multinic-web", actual: "" },
    ]);
    expect(drift(objectsOf(stored(), { secrets: new Map() }))).toEqual([]);
  });
});

describe("a guest", () => {
  const asked: VmiInterfaceStatus[] = [
    {
      name: "eth0",
      mac: "02:00:5e:00:00:02",
      interfaceName: "eth0",
      ipAddresses: ["192.0.2.10", "fe80::1", "2001:db8::7"],
      infoSource: "domain, guest-agent, multus-status",
    },
    {
      name: "eth1",
      mac: "02:00:5e:00:00:01",
      interfaceName: "eth1",
      ipAddresses: ["198.51.100.77"],
      infoSource: "domain, guest-agent",
    },
  ];

  function running(interfaces: VmiInterfaceStatus[], agent = true): VirtualMachineInstance {
    return instanceOfWeb({
      interfaces,
      conditions: agent ? [{ type: "AgentConnected", status: "True" }] : [],
    });
  }

  const changed = (change: Partial<VmiInterfaceStatus>): VmiInterfaceStatus[] =>
    asked.map((status) => (status.name === "eth0" ? { ...status, ...change } : status));

  it("with the requested addresses and others besides has no drift", ({ expect }) => {
    expect(drift(objectsOf(stored(), { vmi: running(asked) }))).toEqual([]);
  });

  it("with another address is reported without a time, which the guest does not record", ({ expect }) => {
    const vmi = running(changed({ ipAddresses: ["192.0.2.99", "fe80::1"] }));
    expect(drift(objectsOf(stored(), { vmi }))).toEqual([
      {
        path: "networks[eth0].ipConfig.addresses",
        nic: "eth0",
        wanted: "192.0.2.10",
        actual: "192.0.2.99",
        object: { kind: "VirtualMachineInstance", namespace: "shop", name: "web" },
        manager: "",
        since: undefined,
      },
    ]);
  });

  it("with another interface name is reported", ({ expect }) => {
    const vmi = running(changed({ interfaceName: "enp1s0" }));
    expect(drift(objectsOf(stored(), { vmi }))).toMatchObject([
      { path: "networks[eth0].name", wanted: "eth0", actual: "enp1s0" },
    ]);
  });

  it("with another MAC address is reported, although KubeVirt lists it as a separate NIC", ({ expect }) => {
    const vmi = running([
      ...changed({ infoSource: "domain, multus-status" }),
      { name: "", interfaceName: "eth0", mac: "02:00:5E:00:00:77", infoSource: "guest-agent" },
    ]);
    expect(drift(objectsOf(stored(), { vmi }))).toMatchObject([
      { path: "networks[eth0].macAddress", actual: "02:00:5e:00:00:77" },
    ]);
  });

  it("F21: without an agent is not judged", ({ expect }) => {
    const vmi = running(changed({ ipAddresses: [] }), false);
    expect(drift(objectsOf(stored(), { vmi }))).toEqual([]);
  });
});

describe("the drifted fields of a VM and its instance", () => {
  const nic: VmInterface = { name: "eth0", macAddress: "02:00:5e:00:00:01", bridge: {} };
  const agent = instanceOfWeb({
    conditions: [{ type: "AgentConnected", status: "True" }],
    interfaces: [
      {
        name: "eth0",
        mac: "02:00:5e:00:00:01",
        interfaceName: "ens3",
        ipAddresses: ["192.0.2.10"],
        infoSource: "domain, guest-agent",
      },
    ],
  });

  it.for<[string, NetworkConfig, VmInterface, readonly string[]]>([
    ["as asked", { name: "eth0", macAddress: "02-00-5E-00-00-01" }, nic, ["name"]],
    ["of another type", { name: "eth0", type: "sriov" }, nic, ["type", "name"]],
    ["on a bridge over its parent", { name: "eth0", type: "macvlan" }, nic, ["name"]],
    ["on its NAD, named with its namespace", { name: "eth0", nadName: "shop/wan" }, nic, ["name"]],
    ["on another NAD", { name: "eth0", nadName: "lan" }, nic, ["attachment", "name"]],
    ["of another MAC", { name: "eth0", macAddress: "02:00:5e:00:00:02" }, nic, ["macAddress", "name"]],
    ["with its cable pulled", { name: "eth0" }, { ...nic, state: "down" }, ["linkState", "name"]],
    [
      "with another address",
      { name: "eth0", ipConfig: { address: "192.0.2.11/24" } },
      nic,
      ["name", "ipConfig.addresses"],
    ],
  ])("are reported for a NIC %s", ([, asked, actual, fields], { expect }) => {
    const network = { name: "eth0", multus: { networkName: "wan" } };
    expect(driftedFields(vmSpec([asked]), actual, network, agent)).toEqual(
      fields.map((field) => `networks[eth0].${field}`),
    );
  });

  it("are the NIC itself if it was not requested", ({ expect }) => {
    expect(driftedFields(vmSpec([]), nic, undefined, undefined)).toEqual(["networks[eth0]"]);
  });

  it("do not include the name if NMState leaves it to the kernel", ({ expect }) => {
    const record = JSON.stringify({ digest: "", machine: { guestConfig: "nmstate" }, networks: {} });
    const metadata = { ...agent.metadata, annotations: { [guestConfigAnnotation]: record } };
    const fields = driftedFields(vmSpec([{ name: "eth0" }]), nic, undefined, { ...agent, metadata });
    expect(fields).toEqual([]);
  });
});
