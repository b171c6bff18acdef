import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, it } from "vitest";
import { readDocument } from "../../src/domain/document/read-document.ts";
import { specToProto } from "../../src/wire/spec-to-proto.ts";
import { startRunningService, type RunningService } from "./running-service.ts";

describe("plain HTTP on the port of the API", () => {
  let running: RunningService;
  beforeAll(async () => {
    running = await startRunningService();
  });
  afterAll(async () => await running.stop());

  const get = async (path: string) => {
    const answer = await fetch(running.url + path);
    return { status: answer.status, type: answer.headers.get("content-type"), text: await answer.text() };
  };

  it.for(["/livez", "/readyz"])("%s is ok", async (path, { expect }) => {
    expect(await get(path)).toMatchObject({ status: 200, text: "ok\n" });
  });

  it("an unknown path is 404 and lists the known ones", async ({ expect }) => {
    const { status, text } = await get("/metric");
    expect(status).toBe(404);
    for (const served of [
      "/multinic.v1.NetworkService/<method>",
      "/multinic.v1.VirtualMachineService/<method>",
      "/multinic.v1.InterfaceStatusService/<method>",
      "/grpc.health.v1.Health/<method>",
      "/metrics",
      "/livez",
      "/readyz",
    ]) {
      expect(text).toContain(served);
    }
  });

  it("/metrics has NICs and the process, each family once, with help and type", async ({ expect }) => {
    await running.namespace("metrics");
    const text = await readFile("examples/6.1-basic.yaml", "utf8");
    const { spec } = readDocument(text, { namespace: "metrics" });
    if (spec === undefined) throw new Error("the example is not readable");
    await running.vms.applyVM({ virtualMachine: specToProto(spec) });
    const up = `multinic_interface_state{namespace="metrics",vm="${spec.name}",nic="eth1",state="Up"} 1`;
    await expect.poll(async () => (await get("/metrics")).text.split("\n")).toContain(up);

    const scraped = await get("/metrics");
    expect(scraped).toMatchObject({ status: 200, type: "text/plain; version=0.0.4; charset=utf-8" });
    const lines = scraped.text.split("\n");
    expect(lines.at(-1)).toBe("");
    const typed = lines.flatMap((line) => /^# TYPE (\S+) (\S+)$/.exec(line)?.[1] ?? []);
    expect(new Set(typed).size).toBe(typed.length);
    const helped = lines.flatMap((line) => /^# HELP (\S+) \S/.exec(line)?.[1] ?? []);
    expect(helped.toSorted()).toEqual(typed.toSorted());
    const samples = lines.filter((line) => line !== "" && !line.startsWith("#"));
    for (const sample of samples) {
      const [, name = "", , value = ""] = /^(\w+)(\{.*\})? (\S+)$/.exec(sample) ?? [];
      expect(typed, sample).toContain(
        typed.includes(name) ? name : name.replace(/_(bucket|sum|count|total)$/, ""),
      );
      expect(Number.isFinite(Number(value)) || /^(?:[+-]Inf|NaN)$/i.test(value), sample).toBe(true);
    }
    const keys = samples.map((sample) => sample.slice(0, sample.lastIndexOf(" ")));
    expect(new Set(keys).size).toBe(keys.length);
    for (const family of [
      "multinic_interface_info",
      "multinic_interface_state",
      "process_cpu_seconds_total",
    ]) {
      expect(typed).toContain(family);
    }
  });
});
