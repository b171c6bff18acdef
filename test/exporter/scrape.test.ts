// GET /metrics as Prometheus does it: a running service over the embedded cluster, with real counters of its nodes.
import { spawnSync } from "node:child_process";
import process from "node:process";
import { afterAll, beforeAll, describe, it } from "vitest";
import { allUp, machine, startStand, type Stand } from "../cluster/stand.ts";
import { parseExposition, type ParsedFamily } from "./parse-exposition.ts";

/** Debian's package prometheus brings it. In CI it must be there. */
const hasPromtool = spawnSync("promtool", ["--version"]).error === undefined;

describe("GET /metrics of a running service", () => {
  let stand: Stand;
  let namespace: string;
  beforeAll(async () => {
    stand = await startStand();
    namespace = await stand.namespace();
    const spec = machine(namespace, "web", [
      { name: "eth0", type: "bridge", ipConfig: { mode: "static", address: "192.0.2.10/24" } },
      { name: "fast", type: "sriov", ipConfig: { mode: "static", address: "198.51.100.10/24" } },
    ]);
    await stand.apply(spec);
    await using watch = stand.watch(spec);
    await watch.until(allUp(2));
  });
  afterAll(async () => await stand.stop());

  async function scrape(): Promise<ReadonlyMap<string, ParsedFamily>> {
    const response = await fetch(`${stand.url}/metrics`);
    return parseExposition(await response.text());
  }

  /** The values of one VM by NIC. */
  async function valuesOf(name: string, vm: string): Promise<Record<string, string>> {
    const samples = (await scrape()).get(name)?.samples ?? [];
    return Object.fromEntries(
      samples
        .filter(({ labels }) => labels.get("namespace") === namespace && labels.get("vm") === vm)
        .map(({ labels, value }) => [labels.get("nic"), labels.get("source") ?? value]),
    );
  }

  it("answers in the text format, with the metrics of the process at the end", async ({ expect }) => {
    const response = await fetch(`${stand.url}/metrics`);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    const families = parseExposition(await response.text());
    expect([...families.keys()]).toContain("multinic_interface_info");
    expect([...families.keys()]).toContain("multinic_rpc_duration_seconds");
    expect([...families.keys()]).toContain("process_cpu_seconds_total");
  });

  it(
    "has the counters of virt-handler, and source none for SR-IOV",
    { timeout: 40_000 },
    async ({ expect }) => {
      // Scrapes of virt-handler are 5 s apart.
      await expect
        .poll(() => valuesOf("multinic_interface_traffic_source", "web"), { timeout: 30_000, interval: 200 })
        .toEqual({ eth0: "virt-handler", fast: "none" });
      const before = await valuesOf("multinic_interface_receive_bytes_total", "web");
      expect(Object.keys(before)).toEqual(["eth0"]);
      await expect
        .poll(async () => Number((await valuesOf("multinic_interface_receive_bytes_total", "web"))["eth0"]), {
          timeout: 30_000,
          interval: 200,
        })
        .toBeGreaterThan(Number(before["eth0"]));
    },
  );

  it("loses the series of a VM that is deleted", async ({ expect }) => {
    const spec = machine(namespace, "gone", [{ name: "eth0", ipConfig: { mode: "dhcp" } }]);
    await stand.apply(spec);
    await expect.poll(() => valuesOf("multinic_interface_info", "gone")).toEqual({ eth0: "1" });
    await stand.vms.deleteVM({ namespace, name: "gone" });
    await expect.poll(() => valuesOf("multinic_interface_info", "gone")).toEqual({});
  });

  it.skipIf(!hasPromtool && process.env["CI"] !== "true")(
    hasPromtool ? "satisfies promtool check metrics" : "satisfies promtool (skipped: there is none in PATH)",
    async ({ expect }) => {
      const text = await (await fetch(`${stand.url}/metrics`)).text();
      const { status, stdout, stderr, error } = spawnSync("promtool", ["check", "metrics"], {
        input: text,
        encoding: "utf8",
      });
      expect({ status, output: stdout + stderr, error }).toEqual({ status: 0, output: "", error: undefined });
    },
  );
});
