// Scraping virt-handler: a failure keeps the last values and is counted, and no node waits for another.
import { describe, it } from "vitest";
import type { InterfaceKey } from "../../src/app/status-model.ts";
import { createTrafficSums } from "../../src/exporter/traffic-sums.ts";
import { startVirtHandlerTraffic } from "../../src/exporter/virt-handler-traffic.ts";
import { createManualTime, settled } from "../app/manual-time.ts";
import { recordLog } from "../support/log.ts";

const eth0 = { namespace: "shop", vm: "web", nic: "eth0" };
const text = (node: string, bytes: number, vm = "web"): string =>
  `kubevirt_vmi_network_receive_bytes_total{interface="eth0",name="${vm}",namespace="shop",node="${node}"} ${bytes}\n`;

/** What each URL answers at the moment: a text, an Error, or undefined for nothing at all. */
type Answers = Record<string, string | Error | undefined>;

function start(
  answers: Answers,
  isKnown: (nic: InterfaceKey) => boolean = () => true,
  discovered: () => Promise<void> = () => Promise.resolve(),
) {
  const sums = createTrafficSums();
  const time = createManualTime();
  const log = recordLog();
  const updates: string[][] = [];
  const ready = Promise.withResolvers<void>();
  const asked: string[] = [];
  const released = Promise.withResolvers<void>();
  async function read(url: string, signal: AbortSignal): Promise<string> {
    asked.push(url);
    if (answers[url] === undefined) {
      const aborted = new Promise<never>((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
      });
      await Promise.race([aborted, released.promise]);
    }
    const answer = answers[url];
    if (answer instanceof Error) throw answer;
    return answer ?? "";
  }
  const traffic = startVirtHandlerTraffic({
    async findTargets() {
      await discovered();
      return Object.keys(answers).map((url) => ({ url, read: (signal) => read(url, signal) }));
    },
    sums,
    sleepOrAborted: time.sleepOrAborted,
    now: () => time.now(),
    log,
    whenReady: () => ready.promise,
    isKnown,
    onUpdate: (vms) => updates.push(vms.map(({ vm }) => vm)),
  });
  const nextRound = async (): Promise<void> => await time.advance(5_000);
  return { traffic, sums, asked, release: released.resolve, time, log, updates, ready, nextRound };
}

/** As start, after the first scrape of every URL that answers. */
async function started(...args: Parameters<typeof start>) {
  const all = start(...args);
  all.ready.resolve();
  await settled();
  return all;
}

describe("counters from virt-handler", () => {
  it("are requested only when the VMs are known", async ({ expect }) => {
    const { traffic, sums, ready } = start({ a: text("a", 10) });
    await settled();
    expect(sums.get(eth0)).toBeUndefined();
    ready.resolve();
    await settled();
    expect(sums.get(eth0)).toEqual({ receive_bytes: 10n });
    traffic.stop();
  });

  it("are requested every 5 s, and only VMs whose counters changed are reported", async ({ expect }) => {
    const answers = { a: text("a", 10) + text("a", 1, "db") };
    const { traffic, sums, updates, time, nextRound } = await started(answers);
    answers.a = text("a", 30) + text("a", 1, "db");
    await time.advance(4_999);
    expect(sums.get(eth0)).toEqual({ receive_bytes: 10n });
    await time.advance(1);
    expect(sums.get(eth0)).toEqual({ receive_bytes: 30n });
    await nextRound();
    expect(updates).toEqual([["web", "db"], ["web"]]);
    traffic.stop();
  });

  it("stay if a scrape fails, which is counted each time and logged once", async ({ expect }) => {
    const answers: Answers = { a: text("a", 10) };
    const { traffic, sums, log, nextRound } = await started(answers);
    expect(traffic.errors).toEqual(new Map([["a", 0]]));
    answers["a"] = new Error("connection refused");
    await nextRound();
    await nextRound();
    expect(sums.get(eth0)).toEqual({ receive_bytes: 10n });
    expect(traffic.errors).toEqual(new Map([["a", 2]]));
    answers["a"] = text("a", 15);
    await nextRound();
    expect(sums.get(eth0)).toEqual({ receive_bytes: 15n });
    expect(log.lines.map(({ level }) => level)).toEqual(["warn", "info"]);
    traffic.stop();
  });

  it("of one node keep coming while another node does not answer", async ({ expect }) => {
    const answers: Answers = { silent: undefined, a: text("a", 10) };
    const { traffic, sums, nextRound } = await started(answers);
    answers["a"] = text("a", 20);
    await nextRound();
    expect(sums.get(eth0)).toEqual({ receive_bytes: 20n });
    traffic.stop();
  });

  it("F23: continue across a migration that both nodes report for a while", async ({ expect }) => {
    const answers: Answers = { a: text("a", 100), b: "" };
    const { traffic, sums, nextRound } = await started(answers);
    answers["b"] = text("b", 5);
    await nextRound();
    await nextRound();
    answers["a"] = "";
    answers["b"] = text("b", 25);
    await nextRound();
    expect(sums.get(eth0)).toEqual({ receive_bytes: 125n });
    traffic.stop();
  });

  it("of NICs that no VM has or had removed are not kept", async ({ expect }) => {
    const known = new Set(["web", "db"]);
    const answers = { a: text("a", 10) + text("a", 1, "stranger") + text("a", 1, "db") };
    const { traffic, sums, nextRound } = await started(answers, ({ vm }) => known.has(vm));
    expect(sums.get({ ...eth0, vm: "stranger" })).toBeUndefined();
    known.delete("db");
    sums.forget({ ...eth0, vm: "db" });
    // Its domain may be reported for a while yet.
    await nextRound();
    expect(sums.get({ ...eth0, vm: "db" })).toBeUndefined();
    expect(sums.get(eth0)).toEqual({ receive_bytes: 10n });
    traffic.stop();
  });

  it("that cannot be read are counted per line", async ({ expect }) => {
    const { traffic, sums } = await started({ a: text("a", 10).replace(" 10", " ten") });
    expect(traffic.unreadableLines).toBe(1);
    expect(sums.get(eth0)).toBeUndefined();
    traffic.stop();
  });

  it("F23: follow virt-handlers that appear and disappear, looked up every 30 s", async ({ expect }) => {
    const answers: Answers = { a: text("a", 10) };
    const { traffic, sums, time } = await started(answers);
    delete answers["a"];
    answers["b"] = text("b", 1);
    await time.advance(30_000);
    expect([...traffic.errors.keys()]).toEqual(["b"]);
    expect(sums.get(eth0)).toEqual({ receive_bytes: 11n });
    traffic.stop();
    await settled();
    expect(time.pending).toBe(0);
  });

  it("keep coming from the known virt-handlers while a look-up fails, which is logged once", async ({
    expect,
  }) => {
    const answers: Answers = { a: text("a", 10) };
    let fault: Error | undefined;
    const { traffic, sums, log, time } = await started(
      answers,
      () => true,
      () => (fault === undefined ? Promise.resolve() : Promise.reject(fault)),
    );
    fault = new Error("pods is forbidden");
    await time.advance(30_000);
    answers["a"] = text("a", 20);
    await time.advance(30_000);
    expect(sums.get(eth0)).toEqual({ receive_bytes: 20n });
    expect(traffic.errors).toEqual(new Map([["a", 0]]));
    fault = undefined;
    await time.advance(30_000);
    expect(log.lines.map(({ level }) => level)).toEqual(["warn", "info"]);
    traffic.stop();
  });

  it("are requested from at most eight virt-handlers at a time", async ({ expect }) => {
    const urls = Array.from({ length: 20 }, (_, index) => `node-${index}`);
    const answers: Answers = Object.fromEntries(urls.map((url) => [url, undefined]));
    const { traffic, sums, asked, release } = await started(answers);
    expect(asked).toEqual(urls.slice(0, 8));
    for (const url of urls) answers[url] = text(url, 1);
    release();
    await settled();
    expect(asked).toEqual(urls);
    expect(sums.get(eth0)).toEqual({ receive_bytes: 20n });
    traffic.stop();
  });

  it("are no longer requested when stopped, and a running scrape ends without an error", async ({
    expect,
  }) => {
    const { traffic, time, log } = await started({ silent: undefined, a: text("a", 10) });
    traffic.stop();
    await settled();
    expect(time.pending).toBe(0);
    expect(traffic.errors).toEqual(
      new Map([
        ["silent", 0],
        ["a", 0],
      ]),
    );
    expect(log.lines).toEqual([]);
  });
});
