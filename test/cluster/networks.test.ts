// Every type of NIC, with and without VLAN: attached, Up, and with the requested name.
import { afterAll, beforeAll, describe, it } from "vitest";
import type { NetworkConfig } from "../../src/domain/spec.ts";
import { ownedObjects } from "./owned-objects.ts";
import { allUp, machine, nicOf, startStand, type Stand } from "./stand.ts";

describe.concurrent("a NIC", () => {
  let stand: Stand;
  beforeAll(async () => {
    stand = await startStand();
  });
  afterAll(async () => await stand.stop());

  const ipConfig = { mode: "static", address: "192.0.2.10/24" } as const;
  /** The NIC and its CNI plugin. Since KubeVirt 1.9 an external injector, not KubeVirt, requests devices for pods. */
  const types: readonly (readonly [string, NetworkConfig, string])[] = [
    ["bridge", { name: "lan", vlanId: 4094, mtu: 1400, ipConfig }, "bridge"],
    ["macvlan", { name: "lan", type: "macvlan", vlanId: 2500, ipConfig }, "macvtap"],
    ["sriov", { name: "lan", type: "sriov", vlanId: 300, ipConfig }, "sriov"],
    ["ovs", { name: "lan", type: "ovs", vlanId: 301, ipConfig }, "ovs"],
  ];

  it.for(types)("of type %s is Up with its address", async ([, network, plugin], { expect }) => {
    const spec = machine(await stand.namespace(), "vm", [network]);
    await using watch = stand.watch(spec);
    await stand.apply(spec);

    const nic = nicOf(await watch.until(allUp(1)), "lan");

    expect(nic.guestInterface).toBe("lan");
    expect(nic.addresses[0]).toMatchObject({ address: "192.0.2.10", prefixLength: 24 });
    expect(nic.vlanId).toBe(network.vlanId);
    const { nads } = await ownedObjects(stand.target.client, spec);
    expect(nads.map(({ spec: nad }) => JSON.parse(nad?.config ?? "{}"))).toMatchObject([{ type: plugin }]);
  });

  it("of type pod is Up with the pod's address next to other NICs", async ({ expect }) => {
    const spec = machine(await stand.namespace(), "vm", [
      { name: "cluster", type: "pod" },
      { name: "lan", ipConfig },
    ]);
    await using watch = stand.watch(spec);
    await stand.apply(spec);

    const nics = await watch.until(allUp(2));

    expect(nicOf(nics, "cluster").attachment).toBe("");
    expect(nicOf(nics, "cluster").addresses).not.toEqual([]);
    expect(nicOf(nics, "cluster").vlanId).toBeUndefined();
    expect(nicOf(nics, "lan").addresses[0]).toMatchObject({ address: "192.0.2.10", prefixLength: 24 });
    expect(nicOf(nics, "lan").vlanId).toBe(0);
  });
});
