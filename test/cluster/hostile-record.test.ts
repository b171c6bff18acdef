// A VM's record overwritten by a user with edit rights: answers about other VMs do not change, the VM's own report the fault.
import { afterAll, beforeAll, describe, it } from "vitest";
import type { VirtualMachineView } from "../../gen/multinic/v1/virtual_machine_pb.ts";
import { VirtualMachineListView } from "../../gen/multinic/v1/virtual_machine_service_pb.ts";
import { specAnnotation } from "../../src/domain/objects/ownership.ts";
import type { VmSpec } from "../../src/domain/spec.ts";
import { virtualMachines } from "../../src/kube/resource.ts";
import { hostileRecords } from "../domain/hostile-records.ts";
import { machine, startStand, type Stand } from "./stand.ts";

describe("an unreadable record", () => {
  let stand: Stand;
  beforeAll(async () => {
    stand = await startStand();
  });
  afterAll(async () => await stand.stop());

  /** Numbers of MAC and IP addresses that no other test of this file uses. */
  const specOf = (namespace: string, name: string, index: number, host: number): VmSpec => ({
    ...machine(namespace, name, [
      {
        name: "eth0",
        vlanId: 900 + index,
        macAddress: `02:00:5e:c0:0${host}:${String(index).padStart(2, "0")}`,
        ipConfig: { address: `198.51.100.${host}/24`, gateway: "198.51.100.254" },
      },
    ]),
    runStrategy: "Halted",
  });
  const write = async ({ namespace, name }: VmSpec, record: string): Promise<void> => {
    const metadata = { annotations: { [specAnnotation]: record } };
    await stand.target.client.mergePatch(virtualMachines, { namespace, name }, { metadata });
  };
  const view = async ({ namespace, name }: VmSpec): Promise<VirtualMachineView | undefined> =>
    (await stand.vms.getVM({ namespace, name })).virtualMachine;
  const listed = async (namespace: string): Promise<ReadonlyMap<string, VirtualMachineView>> => {
    const { virtualMachines: views } = await stand.vms.listVMs({
      namespaces: [namespace],
      view: VirtualMachineListView.FULL,
    });
    return new Map(views.map((found) => [found.spec?.name ?? "", found]));
  };
  const linesOf = async ({ namespace, name }: VmSpec): Promise<readonly string[]> => {
    const text = await (await fetch(`${stand.url}/metrics`)).text();
    return text.split("\n").filter((line) => line.includes(`namespace="${namespace}",vm="${name}"`));
  };
  /** The NICs of the stream's snapshot. */
  const streamed = async (namespace: string): Promise<readonly string[]> => {
    const nics: string[] = [];
    for await (const { event } of stand.statuses.watchInterfaceStatus({ namespaces: [namespace] })) {
      if (event.case === "synced") break;
      if (event.case === "snapshot")
        nics.push(...event.value.interfaces.map(({ vm, nic }) => `${vm}/${nic}`));
    }
    return nics;
  };
  const findings = async (spec: VmSpec): Promise<readonly string[]> =>
    (await stand.apply(spec, { validateOnly: true })).findings.map(({ code, field }) => `${code} ${field}`);

  it.for(hostileRecords.map((record, index) => ({ ...record, index })))(
    "affects only its own VM: $name",
    async ({ text, says, index }, { expect }) => {
      const namespace = await stand.namespace();
      const victim = specOf(namespace, "victim", index, 1);
      const other = specOf(namespace, "other", index, 2);
      await stand.apply(victim);
      await stand.apply(other);
      const third = (of: VmSpec): VmSpec => ({ ...of, name: "third" });
      const inUse = ["MAC_IN_USE networks[0].macAddress", "ADDRESS_IN_USE networks[0].ipConfig.address"];
      await expect.poll(async () => await findings(third(other))).toEqual(inUse);
      const stopped = async () => (await listed(namespace)).get("other")?.printableStatus;
      await expect.poll(stopped).toBe("Stopped");
      const before = (await listed(namespace)).get("other");
      const lines = await linesOf(other);
      expect(before?.interfaces).toHaveLength(1);
      expect(lines.length).toBeGreaterThan(3);

      await write(victim, text(victim));

      await expect
        .poll(async () => (await listed(namespace)).get("victim")?.importNotes.join("; "))
        .toContain(says);
      const after = await listed(namespace);
      expect(after.get("other")).toEqual(before);
      expect(after.get("victim")).toMatchObject({ managed: true, interfaces: [{ nic: "eth0" }] });
      expect((await view(victim))?.importNotes.join("; ")).toContain(says);
      expect(await linesOf(other)).toEqual(lines);
      expect((await linesOf(victim)).length).toBeGreaterThan(3);
      expect(await streamed(namespace)).toEqual(["other/eth0", "victim/eth0"]);
      expect(await findings(third(other))).toEqual(inUse);
      expect(await findings(third(victim))).toEqual(["MAC_IN_USE networks[0].macAddress"]);

      const repaired = await stand.apply(victim);
      expect(repaired.findings.map(({ code }) => code)).toEqual(["RECORD_UNREADABLE"]);
      expect(repaired.plan?.changes).toEqual([]);
      expect(repaired.written).toBe(true);
      expect(await view(victim)).toMatchObject({ importNotes: [], drift: [] });
      expect(await findings(victim)).toEqual([]);
      expect(stand.faults()).toEqual([0, 0, 0]);
    },
  );

  it("is at most as long as the API server accepts", async ({ expect }) => {
    const spec = specOf(await stand.namespace(), "victim", 99, 1);
    await stand.apply(spec);
    await expect(write(spec, JSON.stringify("x".repeat(1_048_576)))).rejects.toMatchObject({
      reason: "Invalid",
    });
    expect((await view(spec))?.importNotes).toEqual([]);
  });
});
