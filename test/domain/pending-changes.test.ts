// Pending changes: what the running VM lacks, field by field, even if KubeVirt does not report it.
import { describe, it } from "vitest";
import { builtInCatalogue } from "../../src/domain/catalogue.ts";
import { type CompiledVm, compileVm } from "../../src/domain/compile/compile.ts";
import { noFacts } from "../../src/domain/facts.ts";
import type {
  Condition,
  Secret,
  VirtualMachine,
  VirtualMachineInstance,
} from "../../src/domain/objects/kubernetes.ts";
import { guestConfigAnnotation } from "../../src/domain/objects/ownership.ts";
import { pendingChanges } from "../../src/domain/plan/pending-changes.ts";
import { resolveVm } from "../../src/domain/resolve/resolve-vm.ts";
import type { NetworkConfig, VmSpec } from "../../src/domain/spec.ts";
import { instanceOf } from "./running.ts";
import { dhcpNic, staticNic, vmSpec } from "./specs.ts";

const eth1: NetworkConfig = { name: "eth1", macAddress: "02:00:5e:00:00:01" };
const one = (change: Partial<NetworkConfig>): VmSpec => vmSpec([{ ...staticNic, ...change }]);
const withSecond = (change: Partial<NetworkConfig> = {}): VmSpec =>
  vmSpec([staticNic, { ...eth1, ...change }]);

/** The VM as wanted, with the instance of an earlier spec. */
function apart(running: VmSpec, wanted: VmSpec): { vm: VirtualMachine; vmi: VirtualMachineInstance } {
  return { vm: instanceOf(wanted).vm, vmi: instanceOf(running).vmi };
}

const condition = (type: string, status: Condition["status"], message?: string): Condition => ({
  type,
  status,
  ...(message === undefined ? {} : { message }),
});

/** The Secret as the API server holds it. */
function asStoredSecret({ secret }: CompiledVm, resourceVersion: string): Secret {
  const { stringData, metadata, ...rest } = secret;
  const data = Object.entries(stringData).map(([key, value]) => [key, Buffer.from(value).toString("base64")]);
  return {
    ...rest,
    metadata: { ...metadata, resourceVersion },
    data: Object.fromEntries(data) as Secret["data"] & {},
  };
}

function fieldsOf({
  vm,
  vmi,
}: {
  vm: VirtualMachine;
  vmi: VirtualMachineInstance;
}): readonly (readonly string[])[] {
  return pendingChanges(vm, vmi).map(({ path, effect }) => [path, effect]);
}

describe("pending changes", () => {
  it("are empty for a VM that does not run, or runs as wanted", ({ expect }) => {
    const { vm, vmi } = instanceOf(withSecond());
    expect(pendingChanges(vm, undefined)).toEqual([]);
    expect(pendingChanges(vm, vmi)).toEqual([]);
    expect(pendingChanges(instanceOf(one({})).vm, { ...vmi, status: { phase: "Succeeded" } })).toEqual([]);
  });

  it.for([
    [
      "a bridge NIC added",
      one({}),
      withSecond(),
      [
        ["networks[eth1]", "live-migration"],
        ["networks[eth1].ipConfig", "restart"],
      ],
    ],
    [
      "a macvtap NIC added",
      one({}),
      withSecond({ type: "macvlan" }),
      [
        ["networks[eth1]", "restart"],
        ["networks[eth1].ipConfig", "restart"],
      ],
    ],
    [
      "a pod NIC added",
      one({}),
      withSecond({ type: "pod" }),
      [
        ["networks[eth1]", "restart"],
        ["networks[eth1].ipConfig", "restart"],
      ],
    ],
    ["a NIC removed", withSecond(), one({}), [["networks[eth1]", "restart"]]],
    [
      "another MAC address",
      withSecond(),
      withSecond({ macAddress: "02:00:5e:00:00:02" }),
      [["networks[eth1].macAddress", "restart"]],
    ],
    [
      "another binding",
      withSecond({ nadName: "n" }),
      withSecond({ nadName: "n", type: "sriov" }),
      [["networks[eth1].type", "restart"]],
    ],
    [
      "another network",
      withSecond(),
      withSecond({ vlanId: 5 }),
      [["networks[eth1].attachment", "live-migration"]],
    ],
    [
      "another link state",
      withSecond(),
      withSecond({ linkState: "down" }),
      [["networks[eth1].linkState", "live"]],
    ],
    [
      "another address",
      one({}),
      one({ ipConfig: { address: "192.0.2.11/24" } }),
      [["networks[eth0].ipConfig.addresses", "restart"]],
    ],
    [
      "a route",
      one({}),
      one({ routes: [{ destination: "198.51.100.0/24", gateway: "192.0.2.1" }] }),
      [["networks[eth0].routes", "restart"]],
    ],
    [
      "another mode",
      one({}),
      vmSpec([dhcpNic]),
      [
        ["networks[eth0].ipConfig.mode", "restart"],
        ["networks[eth0].ipConfig.addresses", "restart"],
      ],
    ],
    [
      "an MTU on a given NAD",
      one({ nadName: "n" }),
      one({ nadName: "n", mtu: 1400 }),
      [["networks[eth0].mtu", "restart"]],
    ],
    [
      "another order",
      withSecond({ primary: false }),
      vmSpec([eth1, { ...staticNic, primary: true }]),
      [["networks", "restart"]],
    ],
    ["processors", one({}), vmSpec([staticNic], { cpu: 2 }), [["cpu", "restart"]]],
    ["memory", one({}), vmSpec([staticNic], { memory: "2Gi" }), [["memory", "restart"]]],
    ["another disk", one({}), vmSpec([staticNic], { disks: [{ dataVolume: "d" }] }), [["disks", "restart"]]],
    [
      "another Secret of user-data",
      one({}),
      vmSpec([staticNic], { userData: { secretName: "s" } }),
      [["userData.secretName", "restart"]],
    ],
  ] as const)("name %s", ([, running, wanted, expected], { expect }) => {
    expect(fieldsOf(apart(running, wanted))).toEqual(expected);
  });

  it("have the running value and the wanted one", ({ expect }) => {
    const { vm, vmi } = apart(one({}), one({ ipConfig: { address: "192.0.2.11/24" } }));
    expect(pendingChanges(vm, vmi)).toMatchObject([
      { nic: "eth0", oldValue: "192.0.2.10/24", newValue: "192.0.2.11/24" },
    ]);
  });

  it("include hotplugged memory until the guest has it", ({ expect }) => {
    const { vm, vmi } = instanceOf(vmSpec([staticNic], { memory: "2Gi" }), { maxGuest: "4Gi" });
    const memory = { guestAtBoot: "1Gi", guestRequested: "1Gi" };
    const conditions = [condition("MemoryChange", "True")];
    const plugging = { ...vmi, status: { ...vmi.status, memory, conditions } };
    expect(pendingChanges(vm, plugging)).toMatchObject([
      { path: "memory", oldValue: "1Gi", newValue: "2Gi", effect: "live-migration" },
    ]);
  });

  it("report that the text of user-data changed, without the text", ({ expect }) => {
    const text = (password: string): VmSpec =>
      vmSpec([staticNic], { userData: { text: `#cloud-config\npassword: ${password}\n` } });
    const compiled = (spec: VmSpec, stored: Secret | undefined) =>
      compileVm(spec, resolveVm(spec, builtInCatalogue(), noFacts).vm, stored);
    const { vmi } = instanceOf(text("hunter2"));
    const first = asStoredSecret(compiled(text("hunter2"), undefined), "41");

    const changed = compiled(text("hunter3"), first);
    expect(pendingChanges(changed.virtualMachine, vmi)).toMatchObject([
      { path: "userData.text", oldValue: "", newValue: "", effect: "restart" },
    ]);
    expect(JSON.stringify(changed.virtualMachine)).not.toContain("hunter");
    // Applied again, or gone on with after an interruption: the same version.
    const again = compiled(text("hunter3"), asStoredSecret(changed, "42"));
    expect(again).toEqual(changed);
    const back = compiled(text("hunter2"), asStoredSecret(changed, "42"));
    expect(pendingChanges(back.virtualMachine, vmi)).toHaveLength(1);
    expect(pendingChanges(compiled(text("hunter2"), first).virtualMachine, vmi)).toEqual([]);
  });

  it("include a NIC that KubeVirt added to the instance until the domain has it", ({ expect }) => {
    const { vm, vmi } = instanceOf(withSecond());
    const plugging = (...conditions: Condition[]): VirtualMachineInstance => ({
      ...vmi,
      status: {
        ...vmi.status,
        interfaces: [
          { name: "eth0", infoSource: "domain" },
          { name: "eth1", infoSource: "multus-status" },
        ],
        conditions,
      },
    });
    const words = (...conditions: Condition[]): readonly string[] =>
      pendingChanges(vm, plugging(...conditions)).map(
        ({ path, effect, message }) => `${path} ${effect}: ${message}`,
      );
    expect(words()).toEqual([
      expect.stringMatching(/^networks\[eth1\] live-migration: KubeVirt is about to/),
    ]);
    expect(words(condition("MigrationRequired", "True"))).toEqual([
      expect.stringMatching(/^networks\[eth1\] live-migration: KubeVirt requests a live migration/),
    ]);
    expect(words(condition("MigrationRequired", "True"), condition("LiveMigratable", "False", "no"))).toEqual(
      [expect.stringMatching(/^networks\[eth1\] restart: .*cannot be migrated \(no\)/)],
    );
  });

  it("report what KubeVirt requests if no field explains it", ({ expect }) => {
    const { vm, vmi } = instanceOf(one({}));
    const asking: VirtualMachine = {
      ...vm,
      status: { conditions: [condition("RestartRequired", "True", "a field changed")] },
    };
    expect(pendingChanges(asking, vmi)).toMatchObject([
      { path: "", effect: "restart", message: "KubeVirt requests a restart: a field changed" },
    ]);
    const migrating = {
      ...vmi,
      status: { ...vmi.status, conditions: [condition("MigrationRequired", "True")] },
    };
    expect(fieldsOf({ vm, vmi: migrating })).toEqual([["networks", "live-migration"]]);
    const explained = apart(one({}), vmSpec([staticNic], { cpu: 2 }));
    expect(fieldsOf({ ...explained, vm: { ...explained.vm, status: asking.status ?? {} } })).toEqual([
      ["cpu", "restart"],
    ]);
  });

  it("wait for a restart if KubeVirt leaves another network to it", ({ expect }) => {
    const { vm, vmi } = apart(withSecond(), withSecond({ vlanId: 5 }));
    const asking: VirtualMachine = { ...vm, status: { conditions: [condition("RestartRequired", "True")] } };
    expect(fieldsOf({ vm: asking, vmi })).toEqual([["networks[eth1].attachment", "restart"]]);
  });

  it("do not include the guest if its start recorded nothing, and trust no text of others", ({ expect }) => {
    const { vm, vmi } = apart(one({}), one({ ipConfig: { address: "192.0.2.11/24" } }));
    for (const text of [undefined, "nonsense", "[]", "{}", '{"digest":1}']) {
      const annotations = text === undefined ? {} : { [guestConfigAnnotation]: text };
      expect(pendingChanges(vm, { ...vmi, metadata: { ...vmi.metadata, annotations } })).toEqual([]);
    }
  });
});
