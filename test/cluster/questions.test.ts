// The networks that a VM can attach to and the cluster's capabilities, as the service reports them on both clusters.
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, it } from "vitest";
import { NetworkType } from "../../gen/multinic/v1/network_pb.ts";
import { CapabilityState, NetworkService } from "../../gen/multinic/v1/network_service_pb.ts";
import { machine, startStand, type Stand } from "./stand.ts";

describe("the network service", () => {
  let stand: Stand;
  beforeAll(async () => {
    stand = await startStand();
  });
  afterAll(async () => await stand.stop());
  const client = () => createClient(NetworkService, createGrpcTransport({ baseUrl: stand.url }));

  it("lists physical networks, then the namespace's NADs with the VMs that use them, page by page", async ({
    expect,
  }) => {
    const namespace = await stand.namespace();
    await stand.makeNad(namespace, "their-net", { type: "bridge", bridge: "br7", vlan: 7, mtu: 1400 });
    await stand.apply(machine(namespace, "web", [{ name: "eth0", nadName: "their-net" }]));
    const listed = async () => {
      const { networks } = await client().listNetworks({ namespace });
      return networks.find(({ reference }) => reference.value === `${namespace}/their-net`);
    };
    // The service's caches follow the cluster.
    await expect.poll(async () => (await listed())?.usedBy).toEqual([`${namespace}/web`]);
    expect(await listed()).toMatchObject({
      type: NetworkType.BRIDGE,
      vlans: [{ first: 7, last: 7 }],
      mtu: 1400,
      cniType: "bridge",
      problem: "",
    });

    const names: (string | undefined)[] = [];
    let pageToken = "";
    do {
      const page = await client().listNetworks({ namespace, pageSize: 2, pageToken });
      names.push(...page.networks.map(({ reference }) => reference.value));
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    expect(names).toEqual(["bridge", "macvlan", "sriov", "ovs", `${namespace}/their-net`]);
  });

  it("reports the cluster's capabilities, each with its evidence", async ({ expect }) => {
    const { capabilities, serviceVersion } = await client().getCapabilities({});
    expect(serviceVersion).toBe("test");
    const states = new Map(capabilities.map(({ name, state }) => [name, state]));
    expect(states.get("type-macvlan")).toBe(CapabilityState.AVAILABLE);
    expect(states.get("migration-on-change")).toBe(CapabilityState.AVAILABLE);
    expect(capabilities.find(({ name }) => name === "nad-live-update")?.evidence).toMatchObject([
      {
        source: "kubevirt.status.observedKubeVirtVersion",
        value: expect.stringMatching(/^(?:v1\.|absent$)/),
      },
    ]);
    expect(capabilities.filter(({ message }) => message === "")).toEqual([]);
  });
});
