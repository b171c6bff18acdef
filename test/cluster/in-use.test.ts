// Addresses in use by another VM: refused on the same network, accepted elsewhere, and free after that VM is deleted.
import { afterAll, beforeAll, describe, it } from "vitest";
import type { NetworkConfig, VmSpec } from "../../src/domain/spec.ts";
import { allUp, machine, startStand, type Stand } from "./stand.ts";

describe.concurrent("an address of another VM", () => {
  let stand: Stand;
  beforeAll(async () => {
    stand = await startStand();
  });
  afterAll(async () => await stand.stop());

  const fixed = (address: string, vlanId: number): readonly NetworkConfig[] => [
    { name: "eth0", vlanId, ipConfig: { mode: "static", address } },
  ];
  /** The plan's findings as code and field. Callers poll, because the service sees other VMs a moment later. */
  const findings = async (spec: VmSpec): Promise<readonly string[]> =>
    (await stand.apply(spec, { validateOnly: true })).findings.map(({ code, field }) => `${code} ${field}`);
  const addressInUse = ["ADDRESS_IN_USE networks[0].ipConfig.address"];
  const macInUse = ["MAC_IN_USE networks[0].macAddress"];

  it("is refused on the same VLAN and accepted on another VLAN", async ({ expect }) => {
    const namespace = await stand.namespace();
    const first = machine(namespace, "first", fixed("198.51.100.10/24", 701));
    await stand.apply({ ...first, runStrategy: "Halted" });
    const second = machine(namespace, "second", fixed("198.51.100.10/25", 701));

    await expect.poll(async () => await findings(second)).toEqual(addressInUse);
    expect(await findings({ ...second, networks: fixed("198.51.100.10/25", 702) })).toEqual([]);
    expect(await findings({ ...second, networks: fixed("198.51.100.11/25", 701) })).toEqual([]);
  });

  it("is only a warning when that VM is in another namespace", async ({ expect }) => {
    await stand.apply(machine(await stand.namespace(), "first", fixed("198.51.100.15/24", 708)));
    const second = machine(await stand.namespace(), "second", fixed("198.51.100.15/24", 708));

    await expect
      .poll(async () => await findings(second))
      .toEqual(["ADDRESS_IN_USE_ELSEWHERE networks[0].ipConfig.address"]);
    expect((await stand.apply(second)).written).toBe(true);
  });

  it("is found by NAD and by bridge", async ({ expect }) => {
    const namespace = await stand.namespace();
    await stand.makeNad(namespace, "office", { type: "bridge", bridge: "br0", vlan: 703 });
    await stand.apply(
      machine(namespace, "first", [
        { name: "eth0", nadName: "office", ipConfig: { address: "198.51.100.20/24" } },
      ]),
    );

    const second = machine(namespace, "second", fixed("198.51.100.20/24", 703));
    await expect.poll(async () => await findings(second)).toEqual(addressInUse);
  });

  it("is found when the guest got it by DHCP", async ({ expect }) => {
    const namespace = await stand.namespace();
    const first = machine(namespace, "first", [{ name: "eth0", vlanId: 704 }]);
    await using watch = stand.watch(first);
    await stand.apply(first);
    const nics = await watch.until(allUp(1));
    const leased = nics.get("eth0")?.addresses.find(({ address }) => address.includes("."))?.address;
    expect(leased).toBeDefined();

    const second = machine(namespace, "second", fixed(`${leased}/24`, 704));
    await expect.poll(async () => await findings(second)).toEqual(addressInUse);
  });

  it("is found for a MAC address in another letter case; the fix chooses a new one", async ({ expect }) => {
    const namespace = await stand.namespace();
    const nic = (macAddress: string): readonly NetworkConfig[] => [{ name: "eth0", vlanId: 705, macAddress }];
    await stand.apply({ ...machine(namespace, "first", nic("02:00:5e:aa:bb:01")), runStrategy: "Halted" });

    const second = machine(namespace, "second", nic("02-00-5E-AA-BB-01"));
    await expect.poll(async () => await findings(second)).toEqual(macInUse);
    expect(await findings({ ...second, networks: [{ name: "eth0", vlanId: 705 }] })).toEqual([]);
  });

  it("is free after that VM is deleted", async ({ expect }) => {
    const namespace = await stand.namespace();
    const first = machine(namespace, "first", fixed("198.51.100.50/24", 706));
    await stand.apply(first);
    const second = machine(namespace, "second", fixed("198.51.100.50/24", 706));
    await expect.poll(async () => await findings(second)).toEqual(addressInUse);

    await stand.vms.deleteVM({ namespace, name: "first" });
    await expect.poll(async () => await findings(second)).toEqual([]);
    expect((await stand.apply(second)).written).toBe(true);
  });

  it("is not reported for the VM that has it", async ({ expect }) => {
    const spec = machine(await stand.namespace(), "vm", fixed("198.51.100.60/24", 707));
    await using watch = stand.watch(spec);
    await stand.apply(spec);
    await watch.until(allUp(1));
    expect(await findings(spec)).toEqual([]);
    expect((await stand.apply(spec)).written).toBe(false);
  });
});
