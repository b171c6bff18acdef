// Which NIC has a MAC or an IP address: VMs, instances and NADs come, change and go, in any order.
import { describe, it } from "vitest";
import { followNicsInUse } from "../../src/app/nics-in-use.ts";
import { readVm } from "../../src/domain/document/read-record.ts";
import type { RecordedVm } from "../../src/domain/facts.ts";
import type {
  NetworkAttachmentDefinition,
  VirtualMachineInstance,
} from "../../src/domain/objects/kubernetes.ts";
import { managedBy, managedByLabel, specAnnotation } from "../../src/domain/objects/ownership.ts";
import type { NetworkConfig } from "../../src/domain/spec.ts";
import { nad } from "../support/objects.ts";
import { createMemoryCache, vmiOf, vmOf, type MemoryNic } from "./memory-cluster.ts";

const db = { namespace: "shop", name: "db" };
const mac = "02:00:5e:10:00:01";
const bridge = { cniVersion: "0.3.1", type: "bridge", bridge: "br1", vlan: 7 };

function world() {
  const caches = {
    vms: createMemoryCache<RecordedVm>(),
    vmis: createMemoryCache<VirtualMachineInstance>(),
    nads: createMemoryCache<NetworkAttachmentDefinition>(),
  };
  return { ...caches, inUse: followNicsInUse(caches) };
}

/** A VM that multinic created, as it is recorded. */
function recorded(nics: readonly MemoryNic[], networks: readonly NetworkConfig[]): RecordedVm {
  const vm = vmOf(db, nics);
  return readVm({
    ...vm,
    metadata: {
      ...vm.metadata,
      labels: { [managedByLabel]: managedBy },
      annotations: { [specAnnotation]: JSON.stringify({ ...db, networks }) },
    },
  });
}

describe("addresses in use", () => {
  it("include those of a stopped VM, in one spelling", ({ expect }) => {
    const { vms, inUse } = world();
    const networks = [
      { name: "eth0", ipConfig: { address: "192.0.2.10/24", addresses: ["2001:DB8::A/64"] } },
    ];
    vms.set(db, recorded([{ name: "eth0", mac: "02-00-5E-10-00-01" }], networks));
    const nic = {
      namespace: "shop",
      vm: "db",
      nic: "eth0",
      segment: "nad shop/net-eth0",
      nad: "shop/net-eth0",
    };
    expect([...inUse.byMac]).toEqual([[mac, [nic]]]);
    expect([...inUse.byAddress]).toEqual([
      ["192.0.2.10", [nic]],
      ["2001:db8::a", [nic]],
    ]);
  });

  it("include those that a running guest reports, except link-local ones", ({ expect }) => {
    const { vmis, inUse } = world();
    const vmi = vmiOf(db, [{ name: "eth0", mac, linkState: "up" }], "node-1");
    const [nic] = vmi.status?.interfaces ?? [];
    vmis.set(db, {
      ...vmi,
      status: { interfaces: [{ ...nic, ipAddresses: ["198.51.100.7", "fe80::5eff:fe10:1"] }] },
    });
    expect([...inUse.byAddress.keys()]).toEqual(["198.51.100.7"]);
    expect([...inUse.byMac.keys()]).toEqual([mac]);
  });

  it("are on the network of the NAD, even if the NAD is seen later or changes", ({ expect }) => {
    const { vms, nads, inUse } = world();
    const segment = () => inUse.byMac.get(mac)?.map((nic) => nic.segment);
    vms.set(db, readVm(vmOf(db, [{ name: "eth0", mac }])));
    expect(segment()).toEqual(["nad shop/net-eth0"]);
    nads.set({ namespace: "shop", name: "net-eth0" }, nad("net-eth0", bridge));
    expect(segment()).toEqual(["linux bridge br1 vlan 7"]);
    nads.set({ namespace: "shop", name: "net-eth0" }, nad("net-eth0", { ...bridge, vlan: 8 }));
    expect(segment()).toEqual(["linux bridge br1 vlan 8"]);
    nads.remove({ namespace: "shop", name: "net-eth0" });
    expect(segment()).toEqual(["nad shop/net-eth0"]);
  });

  it("are free again once the VM and its instance are deleted", ({ expect }) => {
    const { vms, vmis, inUse } = world();
    vms.set(db, readVm(vmOf(db, [{ name: "eth0", mac }])));
    vmis.set(db, vmiOf(db, [{ name: "eth0", mac, linkState: "up" }], "node-1"));
    vms.remove(db);
    expect(inUse.byMac.has(mac)).toBe(true);
    vmis.remove(db);
    expect(inUse.byMac.size).toBe(0);
  });

  it("are listed with every VM that has them, and stay while one VM keeps them", ({ expect }) => {
    const { vms, inUse } = world();
    const web = { namespace: "bank", name: "web" };
    vms.set(db, readVm(vmOf(db, [{ name: "eth0", mac }])));
    vms.set(web, readVm(vmOf(web, [{ name: "eth0", mac }])));
    expect(inUse.byMac.get(mac)?.map(({ vm }) => vm)).toEqual(["db", "web"]);
    vms.set(db, readVm(vmOf(db, [{ name: "eth0", mac: "02:00:5e:10:00:02" }])));
    expect(inUse.byMac.get(mac)?.map(({ vm }) => vm)).toEqual(["web"]);
  });

  it("do not include those of the pod network, where every guest has the same one", ({ expect }) => {
    const { vms, inUse } = world();
    const vm = vmOf(db, [{ name: "eth0", mac }]);
    const spec = { ...vm.spec.template.spec, networks: [{ name: "eth0", pod: {} }] };
    vms.set(db, readVm({ ...vm, spec: { template: { spec } } }));
    expect(inUse.byMac.size).toBe(0);
  });
});
