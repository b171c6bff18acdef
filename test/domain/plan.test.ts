// The plan: what differs, what that does to a running VM, and a fingerprint of exactly this.
import { describe, it } from "vitest";
import { builtInCatalogue } from "../../src/domain/catalogue.ts";
import { noFacts } from "../../src/domain/facts.ts";
import { nmstateBoothook, withBoothook } from "../../src/domain/guest/boothook.ts";
import type { KubernetesObject, Secret } from "../../src/domain/objects/kubernetes.ts";
import { worst } from "../../src/domain/plan/effects.ts";
import { asStored } from "../../src/domain/plan/as-stored.ts";
import { isUnchanged, type DryRunObject, planVm } from "../../src/domain/plan/plan.ts";
import { releasesBy } from "../../src/domain/plan/releases.ts";
import type { RunningVm } from "../../src/domain/plan/running-vm.ts";
import { resolveVm } from "../../src/domain/resolve/resolve-vm.ts";
import type { NetworkConfig, VmSpec } from "../../src/domain/spec.ts";
import { instanceOf, runningAs, storedAs, wantedAs } from "./running.ts";
import { nad, secretOf, storedVm } from "../support/objects.ts";
import { dhcpNic, staticNic, vmSpec } from "./specs.ts";

const resolve = (spec: VmSpec) => resolveVm(spec, builtInCatalogue(), noFacts).vm;

function changes(
  before: VmSpec | undefined,
  after: VmSpec,
  running: RunningVm | undefined = before && runningAs(before),
) {
  return planVm({
    before: before && storedAs(before),
    ...wantedAs(after),
    running,
    objects: [],
    released: [],
  });
}

const stopped = (before: VmSpec, after: VmSpec) =>
  planVm({ before: storedAs(before), ...wantedAs(after), running: undefined, objects: [], released: [] });

const one = (change: Partial<NetworkConfig>): VmSpec => vmSpec([{ ...staticNic, ...change }]);
const withSecond = (change: Partial<NetworkConfig>): VmSpec =>
  vmSpec([staticNic, { name: "eth1", ...change }]);

describe("the effect of a change on a running VM", () => {
  it.for([
    ["the link state", one({}), one({ linkState: "down" }), "networks[eth0].linkState", "live"],
    ["a VLAN of a bridge NIC", one({}), one({ vlanId: 5 }), "networks[eth0].vlanId", "live-migration"],
    [
      "a VLAN of a macvtap NIC",
      one({ type: "macvlan" }),
      one({ type: "macvlan", vlanId: 5 }),
      "networks[eth0].vlanId",
      "live-migration",
    ],
    [
      "the NAD of an SR-IOV NIC",
      one({ type: "sriov", nadName: "a" }),
      one({ type: "sriov", nadName: "b" }),
      "networks[eth0].attachment",
      "live-migration",
    ],
    [
      "the MAC",
      one({ macAddress: "02:00:5e:00:00:01" }),
      one({ macAddress: "02:00:5e:00:00:02" }),
      "networks[eth0].macAddress",
      "restart",
    ],
    ["the binding", one({}), one({ type: "sriov" }), "networks[eth0].type", "restart"],
    [
      "the network of a NIC whose binding changes",
      one({}),
      one({ type: "sriov" }),
      "networks[eth0].attachment",
      "live-migration",
    ],
    ["a type of the same binding", one({}), one({ type: "ovs" }), "networks[eth0].type", "none"],
    ["its network", one({}), one({ type: "ovs" }), "networks[eth0].attachment", "live-migration"],
    ["the pod network", one({}), one({ type: "pod" }), "networks[eth0].attachment", "restart"],
    ["the MTU in the guest", one({}), one({ mtu: 1400 }), "networks[eth0].mtu", "restart"],
    ["the MTU of the network", one({}), one({ mtu: 1400 }), "networks[eth0].attachment", "live-migration"],
    [
      "the link state of an SR-IOV NIC",
      one({ type: "sriov" }),
      one({ type: "sriov", linkState: "down" }),
      "networks[eth0].linkState",
      "impossible",
    ],
    [
      "an address",
      one({}),
      one({ ipConfig: { address: "192.0.2.11/24" } }),
      "networks[eth0].ipConfig.addresses",
      "restart",
    ],
    [
      "the gateway",
      one({}),
      one({ ipConfig: { address: "192.0.2.10/24", gateway: "192.0.2.1" } }),
      "networks[eth0].ipConfig.gateway",
      "restart",
    ],
    [
      "a route",
      one({}),
      one({ routes: [{ destination: "198.51.100.0/24", gateway: "192.0.2.1" }] }),
      "networks[eth0].routes",
      "restart",
    ],
    ["the mode", one({}), vmSpec([dhcpNic]), "networks[eth0].ipConfig.mode", "restart"],
    ["the primary NIC", withSecond({}), withSecond({ primary: true }), "networks[eth1].primary", "restart"],
    ["a bridge NIC added", one({}), withSecond({}), "networks[eth1]", "live-migration"],
    ["a macvtap NIC added", one({}), withSecond({ type: "macvlan" }), "networks[eth1]", "restart"],
    ["a pod NIC added", one({}), withSecond({ type: "pod" }), "networks[eth1]", "restart"],
    [
      "the addresses of an added NIC",
      one({}),
      withSecond({ ipConfig: { address: "198.51.100.1/24" } }),
      "networks[eth1].ipConfig",
      "restart",
    ],
    ["a NIC removed", withSecond({}), one({}), "networks[eth1]", "restart"],
    ["processors", one({}), vmSpec([staticNic], { cpu: 2 }), "cpu", "restart"],
    ["memory", one({}), vmSpec([staticNic], { memory: "2Gi" }), "memory", "restart"],
    ["the run strategy", one({}), vmSpec([staticNic], { runStrategy: "Halted" }), "runStrategy", "live"],
    ["the labels", one({}), vmSpec([staticNic], { labels: { app: "web" } }), "labels", "none"],
    ["a disk", one({}), vmSpec([staticNic], { disks: [{ dataVolume: "d" }] }), "disks", "restart"],
  ] as const)("of %s", ([, before, after, field, effect], { expect }) => {
    const change = changes(before, after).changes.find((candidate) => candidate.path === field);
    expect(change).toMatchObject({ effect });
    expect(change?.message).not.toBe("");
    expect(stopped(before, after).changes.every((other) => other.effect === "none")).toBe(true);
  });

  it("of NICs in another order is reported once", ({ expect }) => {
    const networks = [staticNic, { ...dhcpNic, name: "eth1" }];
    const plan = changes(
      vmSpec(networks),
      vmSpec(networks.toReversed().map((nic) => ({ ...nic, primary: nic.name === "eth0" }))),
    );
    expect(plan.changes.find(({ path }) => path === "networks")).toMatchObject({
      oldValue: "eth0, eth1",
      newValue: "eth1, eth0",
      effect: "restart",
    });
  });

  it("is none if nothing changes", ({ expect }) => {
    expect(changes(one({}), one({}))).toMatchObject({ changes: [], effect: "none" });
  });

  it("is the worst of all", ({ expect }) => {
    expect(worst(["live", "restart", "live-migration"])).toBe("restart");
    expect(worst([])).toBe("none");
  });
});

describe("the effect on the cluster at hand", () => {
  const moved = [one({}), one({ vlanId: 5 })] as const;
  const effectOf = (running: RunningVm) =>
    changes(...moved, running).changes.find(({ path }) => path === "networks[eth0].vlanId");

  it.for([
    ["v1.9.0", "live-migration"],
    ["v1.8.4", "restart"],
    ["v1.7.0", "restart"],
    ["v1.4.1", "restart"],
  ] as const)("follows KubeVirt %s", ([version, effect], { expect }) => {
    const change = effectOf(runningAs(one({}), { version }));
    expect(change).toMatchObject({ effect });
    expect(change?.message).not.toContain("this is what");
    expect(change?.versions).toEqual([
      { kubevirt: "1.9", effect: "live-migration", proven: true },
      { kubevirt: "1.8", effect: "restart", proven: true },
      { kubevirt: "1.6-1.7", effect: "restart", proven: false },
      { kubevirt: "1.4-1.5", effect: "restart", proven: false },
    ]);
  });

  it.for([
    [undefined, "KubeVirt's version is not known; this is what 1.9 does"],
    ["v1.10.0", "KubeVirt v1.10.0 has not been tested; this is what 1.9 does"],
    ["v2.0.0", "KubeVirt v2.0.0 has not been tested; this is what 1.9 does"],
    ["v1.2.0", "KubeVirt v1.2.0 has not been tested; this is what 1.4-1.5 does"],
  ] as const)(
    "is that of the nearest known version for version %s, and says so",
    ([version, words], { expect }) => {
      expect(effectOf(runningAs(one({}), { version }))?.message).toContain(words);
    },
  );

  it("follows KubeVirt 1.8's gate for other networks", ({ expect }) => {
    const change = effectOf(runningAs(one({}), { version: "v1.8.4", featureGates: ["LiveUpdateNADRef"] }));
    expect(change).toMatchObject({ effect: "live-migration" });
    expect(change?.versions[1]).toEqual({ kubevirt: "1.8", effect: "live-migration", proven: false });
  });

  it("is a restart if the VM cannot be migrated, with KubeVirt's reason", ({ expect }) => {
    const change = effectOf(runningAs(one({}), { notMigratable: "a disk is not shared" }));
    expect(change).toMatchObject({ effect: "restart" });
    expect(change?.message).toContain(
      "this VM cannot be migrated (a disk is not shared), so the change waits until the VM is restarted",
    );
    expect(change?.versions.every(({ effect }) => effect === "restart")).toBe(true);
  });

  it("needs a manual migration if KubeVirt migrates nothing by itself, and says so", ({ expect }) => {
    const change = effectOf(runningAs(one({}), { workloadUpdateMethods: ["Evict"] }));
    expect(change).toMatchObject({ effect: "live-migration" });
    expect(change?.message).toContain("waits until someone migrates or restarts the VM");
  });

  it("is none if a pending change is taken back", ({ expect }) => {
    const [a, b] = [one({ macAddress: "02:00:5e:00:00:01" }), one({ macAddress: "02:00:5e:00:00:02" })];
    expect(changes(b, a, runningAs(a)).changes).toMatchObject([
      { path: "networks[eth0].macAddress", effect: "none", silent: false },
    ]);
    const removedAndBack = changes(one({}), withSecond({}), runningAs(withSecond({})));
    expect(removedAndBack.changes.map(({ effect }) => effect)).toEqual(["none", "none"]);
    const addedAndGone = changes(withSecond({ type: "macvlan" }), one({}), runningAs(one({})));
    expect(addedAndGone.changes.map(({ effect }) => effect)).toEqual(["none"]);
  });

  it.for([
    ["2Gi", {}, "live-migration"],
    ["4Gi", {}, "live-migration"],
    ["8Gi", {}, "restart"],
    ["2049Mi", {}, "restart"],
    ["512Mi", {}, "restart"],
    ["2Gi", { notMigratable: "a disk is not shared" }, "restart"],
    ["2Gi", { maxGuest: undefined }, "restart"],
  ] as const)("of memory 1Gi changed to %s with %o is %s", ([memory, circumstances, effect], { expect }) => {
    const running = runningAs(one({}), { maxGuest: "4Gi", ...circumstances });
    expect(changes(one({}), vmSpec([staticNic], { memory }), running).changes).toMatchObject([
      { path: "memory", effect },
    ]);
  });

  it("shows which changes KubeVirt does not report", ({ expect }) => {
    const silent = changes(one({}), withSecond({ type: "macvlan" })).changes;
    expect(silent.map((change) => [change.path, change.silent])).toEqual([
      ["networks[eth1]", true],
      ["networks[eth1].ipConfig", true],
    ]);
  });

  it("starts from the networks and addresses of the VM's object, not from today's defaults", ({ expect }) => {
    const spec = one({});
    const { vm } = instanceOf(spec);
    const network = { name: "eth0", multus: { networkName: "multinic-bridge-older" } };
    const stored = asStored(resolve(spec), {
      ...vm,
      spec: {
        ...vm.spec,
        template: { ...vm.spec.template, spec: { ...vm.spec.template.spec, networks: [network] } },
      },
    });
    const plan = planVm({
      before: stored,
      ...wantedAs(spec),
      running: runningAs(spec, { networks: [network] }),
      objects: [],
      released: [],
    });
    expect(plan.changes).toMatchObject([
      {
        path: "networks[eth0].attachment",
        oldValue: "shop/multinic-bridge-older",
        effect: "live-migration",
      },
    ]);
  });
});

describe("the objects of a plan", () => {
  const object = (more: object = {}): KubernetesObject => ({
    ...storedVm(),
    ...more,
  });
  const plan = (objects: readonly DryRunObject[], running = true) =>
    planVm({
      before: storedAs(one({})),
      ...wantedAs(one({})),
      running: running ? runningAs(one({})) : undefined,
      objects,
      released: [
        { nad: nad("old", {}), isShared: false },
        { nad: nad("others", {}), isShared: true },
      ],
    });

  it("are created, changed, unchanged, removed", ({ expect }) => {
    const changed = object({ spec: { template: { spec: { domain: { devices: {} } } } } });
    expect(
      plan([
        { live: undefined, wanted: object() },
        { live: object(), wanted: changed },
        { live: object(), wanted: object() },
      ]).objects.map(({ action, name }) => [action, name]),
    ).toEqual([
      ["create", "web"],
      ["update", "web"],
      ["unchanged", "web"],
      ["delete", "old"],
      ["update", "others"],
    ]);
  });

  it("do not differ in fields that only the API server writes", ({ expect }) => {
    const bumped = object({
      metadata: { ...storedVm().metadata, resourceVersion: "8", generation: 3, managedFields: [{}] },
      status: { ready: true },
    });
    const same = planVm({
      before: undefined,
      ...wantedAs(one({})),
      running: undefined,
      objects: [{ live: object(), wanted: bumped }],
      released: [],
    });
    expect(isUnchanged(same)).toBe(true);
  });

  it("show that user-data changes, not how", ({ expect }) => {
    const secret = (userdata: string) => secretOf("multinic-web", { userdata });
    const objects = [{ live: secret("aHVudGVyMg=="), wanted: secret("aHVudGVyMw==") }];
    expect(plan(objects).changes).toMatchObject([{ path: "userData.text", effect: "restart" }]);
    expect(plan(objects, false).changes).toMatchObject([{ effect: "none" }]);
    expect(JSON.stringify(plan(objects))).not.toContain("aHVudGVy");
  });

  it.for([
    ["none", undefined],
    ["a cloud-config", "#cloud-config\nusers: []\n"],
    ["MIME", "MIME-Version: 1.0\nContent-Type: text/x-shellscript\n\n#!/bin/sh\n"],
  ] as const)(
    "do not treat NMState networks as the caller's user-data, beside %s",
    ([, theirs], { expect }) => {
      const secret = (networks: string, text: string | undefined = theirs): Secret => {
        const boothook = nmstateBoothook(networks);
        const userdata = text === undefined ? boothook : withBoothook(text, boothook);
        return secretOf("multinic-web", { userdata: Buffer.from(userdata).toString("base64") });
      };
      expect(plan([{ live: secret("a: 1"), wanted: secret("a: 2") }]).changes).toEqual([]);
      expect(
        plan([{ live: secret("a: 1"), wanted: secret("a: 1", "#!/bin/sh\nreboot\n") }]).changes,
      ).toMatchObject([{ path: "userData.text" }]);
    },
  );

  it("show another network-config that no field explains", ({ expect }) => {
    const secret = (networkdata: string) => secretOf("multinic-web", { networkdata });
    expect(plan([{ live: secret("YQ=="), wanted: secret("Yg==") }]).changes).toMatchObject([
      { path: "networks", effect: "restart", silent: true },
    ]);
  });

  it("change the fingerprint, and nothing else does", ({ expect }) => {
    const unchanged = plan([{ live: object(), wanted: object() }]).fingerprint;
    expect(plan([{ live: object(), wanted: object() }]).fingerprint).toBe(unchanged);
    expect(plan([{ live: undefined, wanted: object() }]).fingerprint).not.toBe(unchanged);
  });
});

describe("a generated NAD", () => {
  const owned = (name: string, ...uids: readonly string[]) => ({
    ...nad(name, {}),
    metadata: {
      name,
      namespace: "shop",
      labels: { "app.kubernetes.io/managed-by": "multinic" },
      ownerReferences: uids.map((uid) => ({
        apiVersion: "kubevirt.io/v1",
        kind: "VirtualMachine",
        name: uid,
        uid,
      })),
    },
  });

  it("is removed with the last VM that uses it, and only loses the other owners before", ({ expect }) => {
    const all = [owned("mine", "a"), owned("shared", "a", "b"), owned("unowned"), nad("theirs", {})];
    expect(releasesBy("a", all).map(({ nad: { metadata }, isShared }) => [metadata.name, isShared])).toEqual([
      ["mine", false],
      ["shared", true],
    ]);
  });
});
