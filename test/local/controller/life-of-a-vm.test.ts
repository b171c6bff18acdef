// From a VirtualMachine to a running guest and back, on the embedded API.
import { describe, it } from "vitest";
import { findCondition, isTrue } from "../../../src/domain/objects/conditions.ts";
import { vmis, vms } from "../../../src/local/kubevirt/controller/objects.ts";
import { annotations, finalizers, labels, pods } from "../../../src/local/kubevirt/resources.ts";
import { add, bridgeNic, editNic, machine, pluginNic, podNic } from "./machines.ts";
import { namespace, startStand, type Seen } from "./stand.ts";

const name = "vm";
const running = ({ vm }: Seen): boolean =>
  vm?.status?.printableStatus === "Running" && vm.status.ready === true;
const gone = ({ vm, vmi, pods: list }: Seen): boolean =>
  vm === undefined && vmi === undefined && list.length === 0;

describe("a VM with run strategy Always", () => {
  it("runs by means of a VMI and a virt-launcher pod", async ({ expect }) => {
    await using stand = await startStand();
    await stand.client.create(
      vms,
      machine([podNic(), bridgeNic("a", "net", { macAddress: "02:00:00:00:00:01" })]),
    );
    const { vm, vmi, pods: launchers } = await stand.until(running);
    expect(vm?.metadata.finalizers).toEqual([finalizers.vm]);
    expect(vm?.status).toMatchObject({ created: true, ready: true, printableStatus: "Running" });
    expect(findCondition(vm?.status?.conditions, "Ready")?.status).toBe("True");
    expect(vmi?.spec.domain.firmware?.uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab]/);
    expect(vm?.spec.template.spec.domain.firmware).toEqual(vmi?.spec.domain.firmware);
    expect(vmi?.metadata.finalizers?.toSorted()).toEqual([finalizers.vmi, finalizers.vm].toSorted());
    const [pod] = launchers;
    expect(launchers).toHaveLength(1);
    expect(pod?.metadata.name).toMatch(/^virt-launcher-vm-[0-9a-f]{5}$/);
    expect(pod?.metadata.labels).toMatchObject({
      [labels.app]: "virt-launcher",
      [labels.vmName]: "vm",
      [labels.createdBy]: vmi?.metadata.uid,
    });
    expect(pod?.metadata.annotations).toMatchObject({
      [annotations.domain]: "vm",
      [annotations.networks]:
        '[{"name":"net","namespace":"default","mac":"02:00:00:00:00:01","interface":"podca978112ca1"}]',
    });
    expect(vmi?.status?.activePods).toEqual({ [pod?.metadata.uid ?? ""]: pod?.spec.nodeName });
    expect(vmi?.metadata.labels?.[labels.nodeName]).toBe(pod?.spec.nodeName);
    expect(vmi?.status?.interfaces).toMatchObject([
      { name: "default", podInterfaceName: "eth0" },
      { name: "a", podInterfaceName: "podca978112ca1", infoSource: "domain, multus-status" },
    ]);
  });

  it("is removed after its VMI and its pod when it is deleted", async ({ expect }) => {
    await using stand = await startStand();
    await stand.client.create(vms, machine([podNic()]));
    await stand.until(running);
    await stand.client.delete(vms, { namespace, name });
    const seen = await stand.until(gone);
    expect(seen.pods).toEqual([]);
  });

  it("gets a new VMI when its pod is lost", async ({ expect }) => {
    await using stand = await startStand();
    await stand.client.create(vms, machine([podNic()]));
    const { vmi, pods: launchers } = await stand.until(running);
    const [pod] = launchers;
    await stand.client.delete(pods, { namespace, name: pod?.metadata.name ?? "" });
    const later = await stand.until((seen) => running(seen) && seen.vmi?.metadata.uid !== vmi?.metadata.uid);
    expect(later.pods.map(({ metadata }) => metadata.uid)).not.toContain(pod?.metadata.uid);
  });

  it("stops when it is halted, and starts with the same firmware UUID", async ({ expect }) => {
    await using stand = await startStand();
    await stand.client.create(vms, machine([podNic()]));
    const first = await stand.until(running);
    await stand.change((spec) => {
      spec.runStrategy = "Halted";
    });
    const off = await stand.until(({ vmi, pods: list }) => vmi === undefined && list.length === 0);
    await stand.until(({ vm }) => vm?.status?.created === false);
    expect(off.vm?.spec.runStrategy).toBe("Halted");
    expect((await stand.until(({ vm }) => vm?.status?.printableStatus === "Stopped")).vm?.status?.ready).toBe(
      false,
    );
    await stand.change((spec) => {
      spec.runStrategy = "Always";
    });
    const second = await stand.until(running);
    expect(second.vmi?.metadata.uid).not.toBe(first.vmi?.metadata.uid);
    expect(second.vmi?.spec.domain.firmware).toEqual(first.vmi?.spec.domain.firmware);
  });

  it("is continued by a restarted controller from the objects alone", async ({ expect }) => {
    await using stand = await startStand();
    await stand.client.create(vms, machine([podNic(), bridgeNic("a", "net")]));
    const before = await stand.until(running);
    await stand.without(async () => {
      await stand.change(add(bridgeNic("b", "net2")));
      await stand.change(
        editNic("a", (nic) => {
          nic.macAddress = "02:00:00:00:00:01";
        }),
      );
    });
    const after = await stand.until(
      ({ vm, vmi }) =>
        isTrue(vm?.status?.conditions, "RestartRequired") &&
        isTrue(vmi?.status?.conditions, "MigrationRequired"),
    );
    expect(after.vmi?.metadata.uid).toBe(before.vmi?.metadata.uid);
    expect(after.vmi?.spec.networks?.map((network) => network.name)).toEqual(["default", "a", "b"]);
    await stand.without(async () => {
      await stand.client.delete(vms, { namespace, name });
    });
    await stand.until(gone);
  });

  it("gets a NIC on the pod network when it has no NICs", async ({ expect }) => {
    await using stand = await startStand();
    await stand.client.create(vms, machine([]));
    const { vmi } = await stand.until(running);
    expect(vmi?.spec.domain.devices.interfaces).toEqual([{ name: "default", bridge: {} }]);
  });

  it("is Starting while its pod is not scheduled", async ({ expect }) => {
    await using stand = await startStand({ node: false });
    await stand.client.create(vms, machine([podNic()]));
    const { vm, vmi } = await stand.until(
      (seen) => seen.vmi?.status?.phase === "Scheduling" && seen.vm?.status?.created === true,
    );
    expect(vm?.status?.printableStatus).toBe("Starting");
    expect(findCondition(vmi?.status?.conditions, "Ready")?.reason).toBe("GuestNotRunning");
  });
});

describe("the other run strategies", () => {
  it.for([
    ["RerunOnFailure", "Succeeded", false],
    ["RerunOnFailure", "Failed", true],
    ["Always", "Succeeded", true],
  ] as const)("%s after a guest that %s: runs again %s", async ([runStrategy, phase, again], { expect }) => {
    await using stand = await startStand();
    await stand.client.create(vms, machine([podNic()], { runStrategy }));
    const { vmi } = await stand.until(running);
    await stand.client.mergePatch(vmis, { namespace, name }, { status: { phase } });
    const later = await stand.until(
      (seen) =>
        seen.vmi?.metadata.uid !== vmi?.metadata.uid && (again ? running(seen) : seen.pods.length === 0),
    );
    expect(later.vmi !== undefined).toBe(again);
  });

  it("Once does not restart a guest that ended", async ({ expect }) => {
    await using stand = await startStand();
    await stand.client.create(vms, machine([podNic()], { runStrategy: "Once" }));
    const { vmi } = await stand.until(running);
    await stand.client.mergePatch(vmis, { namespace, name }, { status: { phase: "Succeeded" } });
    const later = await stand.until(({ vm }) => vm?.status?.printableStatus === "Stopped");
    expect(later.vmi?.metadata.uid).toBe(vmi?.metadata.uid);
  });
});

describe("a VM that cannot get a pod", () => {
  it.for([
    [
      "uses an unregistered binding plugin",
      pluginNic("a", "nowhere", "net"),
      {},
      "failed to render launch manifest: couldn't find configuration for network binding: nowhere",
    ],
    [
      "uses a missing NAD while KubeVirt reads NADs",
      bridgeNic("a", "nowhere"),
      {
        configuration: { developerConfiguration: { disabledFeatureGates: ["ExternalNetResourceInjection"] } },
      },
      "failed to render launch manifest: failed to locate network attachment definition default/nowhere",
    ],
  ] as const)("tells when it %s", async ([, nic, configuration, message], { expect }) => {
    await using stand = await startStand({ configuration });
    await stand.client.create(vms, machine([podNic(), nic]));
    const { vmi, pods: launchers } = await stand.until(
      (seen) => seen.vmi?.status?.conditions?.some(({ type }) => type === "Synchronized") === true,
    );
    expect(findCondition(vmi?.status?.conditions, "Synchronized")).toMatchObject({
      status: "False",
      reason: "FailedCreate",
      message,
    });
    expect(vmi?.status?.phase).toBe("Pending");
    expect(launchers).toEqual([]);
  });
});
