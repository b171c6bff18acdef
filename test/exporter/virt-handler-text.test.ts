// What is read from virt-handler's metrics, and what is not.
import { describe, it } from "vitest";
import { readNicCounters } from "../../src/exporter/virt-handler-text.ts";
import { exposition } from "../../src/local/kubevirt/node/exposition.ts";

const line = (value: string, metric = "kubevirt_vmi_network_receive_bytes_total"): string =>
  `${metric}{interface="eth0",name="web",namespace="shop",node="node-1"} ${value}`;
const bytesOf = (text: string) => readNicCounters(text).readings[0]?.counters.get("receive_bytes");

describe("the reader of virt-handler's metrics", () => {
  it.for([
    ["a whole number", "42", 42n],
    ["more than a double holds", "18446744073709551615", 18_446_744_073_709_551_615n],
    ["a double", "1.234567e+09", 1_234_567_000n],
    ["a double with a fraction", "41.9", 41n],
    ["a value with a timestamp, as Prometheus federates", "7 1700000000000", 7n],
    ["a line that ends like Windows", "7\r", 7n],
  ] as const)("takes %s", ([, value, bytes], { expect }) => {
    expect(bytesOf(line(value))).toBe(bytes);
  });

  it.for([
    ["NaN", line("NaN")],
    ["infinity", line("+Inf")],
    ["a negative number", line("-1")],
    ["hexadecimal", line("0x10")],
    ["no value", line("")],
    ["a line that breaks off", 'kubevirt_vmi_network_receive_bytes_total{interface="eth0",name="we'],
    ["no namespace", 'kubevirt_vmi_network_receive_bytes_total{interface="eth0",name="web"} 1'],
    ["no labels", "kubevirt_vmi_network_receive_bytes_total 1"],
  ] as const)("counts %s as unreadable and continues", ([, bad], { expect }) => {
    const { readings, unreadable } = readNicCounters(
      `${bad}\n${line("5", "kubevirt_vmi_network_transmit_bytes_total")}\n`,
    );
    expect(unreadable).toBe(1);
    expect(readings.map(({ counters }) => [...counters])).toEqual([[["transmit_bytes", 5n]]]);
  });

  it.for([
    ["other metrics", line("1", "kubevirt_vmi_memory_used_bytes")],
    ["the deprecated total", line("1", "kubevirt_vmi_network_traffic_bytes_total")],
    ["heads", "# TYPE kubevirt_vmi_network_receive_bytes_total counter"],
    ["empty lines", "\n\n"],
    ["a page of something else", "<html>kubevirt_vmi_network_receive_bytes_total</html>"],
  ] as const)("skips %s", ([, text], { expect }) => {
    expect(readNicCounters(text)).toEqual({ readings: [], unreadable: 0 });
  });

  it("reads all eight counters that the embedded cluster writes, whatever other labels they have", ({
    expect,
  }) => {
    const counters = {
      receiveBytes: 1,
      transmitBytes: 2,
      receivePackets: 3,
      transmitPackets: 4,
      receiveErrors: 5,
      transmitErrors: 6,
      receivePacketsDropped: 7,
      transmitPacketsDropped: 8,
    };
    const nic = { namespace: "shop", name: "web", node: "node-1", vmiLabels: { "a.b/c": '{"x"}' }, counters };
    const { readings } = readNicCounters(
      exposition([
        { ...nic, interface: "eth0" },
        { ...nic, interface: "eth1" },
      ]),
    );
    expect(readings.map(({ nic }) => nic)).toEqual(["eth0", "eth1"]);
    expect(Object.fromEntries(readings[0]?.counters ?? [])).toEqual({
      receive_bytes: 1n,
      transmit_bytes: 2n,
      receive_packets: 3n,
      transmit_packets: 4n,
      receive_errors: 5n,
      transmit_errors: 6n,
      receive_packets_dropped: 7n,
      transmit_packets_dropped: 8n,
    });
  });
});
