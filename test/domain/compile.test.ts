// The objects of the user's own documents, and of each type of NIC, as text that people can read.
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "vitest";
import { stringify } from "yaml";
import { builtInCatalogue } from "../../src/domain/catalogue.ts";
import { checkVm } from "../../src/domain/validate/check-vm.ts";
import { compileVm, inOrderOfWriting, type CompiledVm } from "../../src/domain/compile/compile.ts";
import { readDocument } from "../../src/domain/document/read-document.ts";
import { noFacts } from "../../src/domain/facts.ts";
import type { VmSpec } from "../../src/domain/spec.ts";
import { admitVirtualMachine } from "../local/admission/judge.ts";
import { dhcpNic, staticNic, vmSpec } from "./specs.ts";

function compile(spec: VmSpec): CompiledVm {
  const { vm, findings } = checkVm(spec, builtInCatalogue(), noFacts);
  if (findings.some(({ severity }) => severity === "error")) throw new Error(JSON.stringify(findings));
  const compiled = compileVm(spec, vm);
  const verdict = admitVirtualMachine(compiled.virtualMachine);
  if (!verdict.allowed) throw new Error(verdict.message);
  return compiled;
}

const configs = (spec: VmSpec) =>
  compile(spec).attachments.map(({ spec: nad }) => JSON.parse(nad?.config ?? "") as object);

describe("the examples", () => {
  it.for(["3.2-three-networks", "6.1-basic", "6.2-routes", "6.3-multi-vlan"])(
    "%s",
    async (name, { expect }) => {
      const text = readFileSync(path.resolve(import.meta.dirname, `../../examples/${name}.yaml`), "utf8");
      const { spec, findings } = readDocument(text, { namespace: "default" });
      expect(findings).toEqual([]);
      const objects = inOrderOfWriting(compile(spec as VmSpec));
      const yaml = objects.map((object) => stringify(object, { lineWidth: 0 })).join("---\n");
      await expect(yaml).toMatchFileSnapshot(`../golden/render-${name}.yaml`);
    },
  );
});

describe("an attachment", () => {
  it.for([
    [
      "bridge",
      {
        type: "bridge",
        bridge: "br0",
        vlan: 5,
        mtu: 1400,
        macspoofchk: true,
        disableContainerInterface: true,
      },
    ],
    ["macvlan", { type: "macvtap", mtu: 1400 }],
    ["ovs", { type: "ovs", bridge: "br-ovs", vlan: 5, mtu: 1400 }],
  ] as const)("of type %s has the plugin's own keys", ([type, expected], { expect }) => {
    const [config] = configs(vmSpec([{ ...dhcpNic, type, vlanId: 5, mtu: 1400 }]));
    expect(config).toMatchObject({ cniVersion: "0.3.1", ...expected });
    expect(Object.keys(config ?? {}).toSorted()).toEqual(
      [...Object.keys(expected), "cniVersion", "name"].toSorted(),
    );
  });

  it("of type sriov sets no MTU, which the plugin would ignore", ({ expect }) => {
    const [config] = configs(vmSpec([{ ...dhcpNic, type: "sriov", vlanId: 5, mtu: 9000 }]));
    expect(config).toMatchObject({ type: "sriov", vlan: 5 });
    expect(config).not.toHaveProperty("mtu");
  });

  it("of type ovs is never a trunk", ({ expect }) => {
    expect(configs(vmSpec([{ ...dhcpNic, type: "ovs" }]))[0]).toMatchObject({ vlan: 0 });
  });

  it("is shared by NICs that need the same, and named by its content", ({ expect }) => {
    const shared = compile(vmSpec([dhcpNic, { name: "eth1" }]));
    expect(shared.attachments).toHaveLength(1);
    const [other] = compile(vmSpec([{ ...dhcpNic, vlanId: 5 }])).attachments;
    expect(other?.metadata.name).not.toBe(shared.attachments[0]?.metadata.name);
    expect(compile(vmSpec([dhcpNic])).attachments).toEqual(shared.attachments);
  });

  it("that is given is used, and not created", ({ expect }) => {
    const compiled = compile(
      vmSpec([
        { ...dhcpNic, nadName: "their-net" },
        { name: "eth1", type: "pod" },
      ]),
    );
    expect(compiled.attachments).toEqual([]);
    expect(compiled.attachmentNames).toEqual(["shop/their-net", undefined]);
    expect(compiled.virtualMachine.spec.template.spec.networks).toEqual([
      { name: "eth0", multus: { networkName: "their-net" } },
      { name: "eth1", pod: {} },
    ]);
  });
});

describe("the guest's configuration", () => {
  const networkData = (spec: VmSpec) => compile(spec).secret.stringData["networkdata"];

  it("has every kind of setting in the portable form", ({ expect }) => {
    expect(
      networkData(
        vmSpec([
          {
            ...staticNic,
            macAddress: "11:22:33:44:55:10".replace("11", "12"),
            mtu: 1400,
            ipConfig: {
              address: "192.0.2.10/24",
              addresses: ["2001:db8::10/64"],
              gateway: "192.0.2.1",
              dnsServers: ["192.0.2.53"],
              searchDomains: ["example.org"],
            },
            routes: [{ destination: "198.51.100.0/24", gateway: "192.0.2.2" }],
          },
          {
            name: "eth1",
            macAddress: "12:22:33:44:55:11",
            ipConfig: { mode: "dhcp", defaultRoute: "never" },
          },
        ]),
      ),
    ).toMatchInlineSnapshot(`
      "version: 2
      ethernets:
        eth0:
          match:
            macaddress: "12:22:33:44:55:10"
          set-name: "eth0"
          mtu: 1400
          dhcp4: false
          addresses:
            - "192.0.2.10/24"
            - "2001:db8::10/64"
          routes:
            - to: "0.0.0.0/0"
              via: "192.0.2.1"
              metric: 100
            - to: "198.51.100.0/24"
              via: "192.0.2.2"
              metric: 100
          nameservers:
            addresses:
              - "192.0.2.53"
            search:
              - "example.org"
        eth1:
          match:
            macaddress: "12:22:33:44:55:11"
          set-name: "eth1"
          dhcp4: true
          dhcp4-overrides:
            route-metric: 200
            use-routes: false
      "
    `);
  });

  it("has no default route on a NIC that must not have one", ({ expect }) => {
    const text = networkData(
      vmSpec([
        { ...staticNic, ipConfig: { address: "192.0.2.10/24", gateway: "192.0.2.1", defaultRoute: "never" } },
      ]),
    );
    expect(text).not.toContain("routes");
  });

  it("quotes addresses, which YAML 1.1 parsers would read as numbers", ({ expect }) => {
    expect(networkData(vmSpec([{ ...dhcpNic, macAddress: "12:22:33:44:55:10" }]))).toContain(
      '"12:22:33:44:55:10"',
    );
  });

  it("keeps the caller's user-data as it is, and out of the VM", ({ expect }) => {
    const text = "#cloud-config\npassword: hunter2\nupdates: {network: {when: [boot]}}\n";
    const compiled = compile(vmSpec([dhcpNic], { userData: { text } }));
    expect(compiled.secret.stringData["userdata"]).toBe(text);
    expect(JSON.stringify(compiled.virtualMachine)).not.toContain("hunter2");
  });

  it("leaves user-data to the caller's Secret if one is given", ({ expect }) => {
    const compiled = compile(vmSpec([dhcpNic], { userData: { secretName: "theirs" } }));
    expect(compiled.secret.stringData).not.toHaveProperty("userdata");
    expect(compiled.virtualMachine.spec.template.spec.volumes?.at(-1)?.cloudInitNoCloud).toEqual({
      secretRef: { name: "theirs" },
      networkDataSecretRef: { name: "multinic-web" },
    });
  });

  it("lets networks change at the next boot if the caller gives no user-data", ({ expect }) => {
    expect(compile(vmSpec([dhcpNic])).secret.stringData["userdata"]).toBe(
      "#cloud-config\nupdates:\n  network:\n    when:\n      - boot\n",
    );
  });
});

describe("the VM", () => {
  it("has disks of every source, a link that is down, and the pod network", ({ expect }) => {
    const compiled = compile(
      vmSpec(
        [
          { ...dhcpNic, linkState: "down" },
          { name: "pod0", type: "pod" },
        ],
        {
          bootDisk: { persistentVolumeClaim: "root" },
          disks: [{ dataVolume: "data" }, { name: "tools", containerImage: "tools:1" }],
          runStrategy: "Halted",
        },
      ),
    );
    const { template, runStrategy } = compiled.virtualMachine.spec;
    expect(runStrategy).toBe("Halted");
    expect(template.spec.volumes?.slice(0, 3)).toEqual([
      { name: "rootdisk", persistentVolumeClaim: { claimName: "root" } },
      { name: "disk-1", dataVolume: { name: "data" } },
      { name: "tools", containerDisk: { image: "tools:1" } },
    ]);
    expect(template.spec.domain.devices.interfaces).toMatchObject([
      { state: "down", bridge: {} },
      { masquerade: {} },
    ]);
  });

  it("cannot be compiled with a NIC that attaches to nothing", ({ expect }) => {
    const spec = vmSpec([{ ...dhcpNic, physicalNetwork: "none" }]);
    const { vm } = checkVm(spec, builtInCatalogue(), noFacts);
    expect(() => compileVm(spec, vm)).toThrow("NIC eth0 has nothing to attach to");
  });
});
