import { describe, expect, it } from "vitest";
import { exposition } from "../../../src/local/kubevirt/node/exposition.ts";
import { countersAt, trackUptimes } from "../../../src/local/kubevirt/node/traffic.ts";

const up = {
  interfaces: [{ alias: "red", mac: "02:00:00:00:00:0a" }],
  hostDevices: [{ alias: "sriov-fast" }],
};
const down = { ...up, interfaces: [{ alias: "red", mac: "02:00:00:00:00:0a", linkState: "down" as const }] };

function received(uptimes: ReturnType<typeof trackUptimes>, nowMs: number): number {
  const uptime = uptimes.get("red");
  if (uptime === undefined) throw new Error("no NIC red");
  return countersAt(uptime, nowMs).receiveBytes;
}

describe("counters", () => {
  it("start at zero, increase while the link is up, and stop while it is down", () => {
    const started = trackUptimes(new Map(), up, 1_000);
    expect(received(started, 1_000)).toBe(0);
    const afterTen = received(started, 11_000);
    expect(afterTen).toBeGreaterThan(0);
    const stopped = trackUptimes(started, down, 11_000);
    expect(received(stopped, 60_000)).toBe(afterTen);
    const resumed = trackUptimes(stopped, up, 60_000);
    expect(received(resumed, 70_000)).toBe(received(started, 21_000));
  });

  it("do not exist for SR-IOV devices", () => {
    expect([...trackUptimes(new Map(), up, 0).keys()]).toEqual(["red"]);
  });
});

describe("exposition()", () => {
  it("is empty without samples", () => {
    expect(exposition([])).toBe("");
  });

  it("has one series per metric and NIC with KubeVirt's labels", () => {
    const text = exposition([
      {
        node: "node1",
        namespace: "default",
        name: "vm1",
        interface: "red",
        vmiLabels: { "vm.kubevirt.io/name": 'a"b' },
        counters: {
          receiveBytes: 12,
          transmitBytes: 0,
          receivePackets: 1,
          transmitPackets: 0,
          receiveErrors: 0,
          transmitErrors: 0,
          receivePacketsDropped: 0,
          transmitPacketsDropped: 0,
        },
      },
    ]);
    expect(text.split("\n").slice(0, 3)).toEqual([
      "# HELP kubevirt_vmi_network_receive_bytes_total Total network traffic received in bytes.",
      "# TYPE kubevirt_vmi_network_receive_bytes_total counter",
      'kubevirt_vmi_network_receive_bytes_total{interface="red",kubernetes_vmi_label_vm_kubevirt_io_name="a\\"b",name="vm1",namespace="default",node="node1"} 12',
    ]);
    expect(text.match(/^# TYPE /gm)).toHaveLength(8);
    expect(text.endsWith("\n")).toBe(true);
  });
});
