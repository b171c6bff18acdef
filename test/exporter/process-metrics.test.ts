// The metrics of the process: calls by their result, open streams, caches and scrapes.
import { Code, ConnectError, createClient, createRouterTransport } from "@connectrpc/connect";
import { describe, it } from "vitest";
import { InterfaceStatusService } from "../../gen/multinic/v1/interface_status_service_pb.ts";
import { createProcessMetrics, type Election } from "../../src/exporter/process-metrics.ts";
import { settled } from "../app/manual-time.ts";
import { createMemoryCache } from "../app/memory-cluster.ts";
import { parseExposition } from "./parse-exposition.ts";

function startMetrics(election?: Election) {
  const vms = createMemoryCache();
  vms.set({ namespace: "shop", name: "web" }, {});
  const metrics = createProcessMetrics({
    version: "1.2.3",
    caches: { vms },
    election: () => election,
    traffic: {
      errors: new Map([["http://node-1/metrics", 3]]),
      unreadableLines: 2,
      stop: () => undefined,
    },
  });
  /** Value of a series by its name and one of its labels. */
  const value = async (name: string, label?: readonly [string, string]): Promise<string | undefined> => {
    const families = parseExposition(await metrics.render());
    const samples = [...families.values()].flatMap(({ samples }) => samples);
    return samples.find(
      (sample) => sample.name === name && (label === undefined || sample.labels.get(label[0]) === label[1]),
    )?.value;
  };
  return { metrics, vms, value };
}

function startService(metrics: ReturnType<typeof startMetrics>["metrics"]) {
  const transport = createRouterTransport(
    (router) => {
      router.service(InterfaceStatusService, {
        listInterfaceStatus({ namespaces: [namespace] }) {
          if (namespace !== undefined) throw new ConnectError("no such page", Code.InvalidArgument);
          return {};
        },
        async *watchInterfaceStatus({ namespaces: [namespace] }, { signal }) {
          yield {};
          if (namespace === "broken") throw new ConnectError("gone", Code.Unavailable);
          if (namespace === "endless") {
            await new Promise<void>((resolve) => {
              signal.addEventListener("abort", () => resolve(), { once: true });
            });
            signal.throwIfAborted();
          }
        },
      });
    },
    { router: { interceptors: [metrics.interceptor] } },
  );
  return createClient(InterfaceStatusService, transport);
}

const lease = "leader_election_master_status";
const count = "multinic_rpc_duration_seconds_count";
const open = "multinic_rpc_streams";

describe("metrics of the process", () => {
  it.for([
    ["1", { name: "multinic-controller", isActive: true }],
    ["0", { name: "multinic-controller", isActive: false }],
    [undefined, undefined],
  ] as const)(
    "have %s for the active replica if the controller is %o",
    async ([shown, election], { expect }) => {
      const { value } = startMetrics(election);
      expect(await value(lease, ["name", "multinic-controller"])).toBe(shown);
    },
  );

  it("contain version, caches and scrapes", async ({ expect }) => {
    const { vms, value } = startMetrics();
    expect(await value("multinic_build_info", ["version", "1.2.3"])).toBe("1");
    expect(await value("multinic_cache_synced", ["resource", "vms"])).toBe("0");
    vms.sync();
    expect(await value("multinic_cache_synced", ["resource", "vms"])).toBe("1");
    const currentAsOf = "multinic_cache_current_timestamp_seconds";
    expect(await value(currentAsOf, ["resource", "vms"])).toBeUndefined();
    vms.heard({ at: 5, time: new Date("2026-07-01T12:00:00.5Z") });
    expect(await value(currentAsOf, ["resource", "vms"])).toBe("1782907200.5");
    expect(await value("multinic_cache_objects", ["resource", "vms"])).toBe("1");
    expect(await value("multinic_cache_reconnects_total", ["reason", "expired"])).toBe("2");
    expect(await value("multinic_virt_handler_scrape_errors_total", ["url", "http://node-1/metrics"])).toBe(
      "3",
    );
    expect(await value("multinic_virt_handler_unreadable_lines_total")).toBe("2");
  });

  it("set absolute counters at each scrape instead of adding to them", async ({ expect }) => {
    const { value } = startMetrics();
    await value("multinic_cache_reconnects_total");
    expect(await value("multinic_cache_reconnects_total", ["reason", "expired"])).toBe("2");
  });

  it("count calls by their code", async ({ expect }) => {
    const { metrics, value } = startMetrics();
    const service = startService(metrics);
    await service.listInterfaceStatus({});
    await service.listInterfaceStatus({});
    await expect(service.listInterfaceStatus({ namespaces: ["shop"] })).rejects.toThrow("no such page");
    expect(await value(count, ["code", "ok"])).toBe("2");
    expect(await value(count, ["code", "invalid_argument"])).toBe("1");
  });

  it.for([
    ["ends", "short", "ok"],
    ["fails", "broken", "unavailable"],
  ] as const)("count a stream that %s when it has ended", async ([, namespace, code], { expect }) => {
    const { metrics, value } = startMetrics();
    const messages = startService(metrics).watchInterfaceStatus({ namespaces: [namespace] });
    const stream = messages[Symbol.asyncIterator]();
    await stream.next();
    expect(await value(open)).toBe("1");
    expect(await value(count, ["code", code])).toBeUndefined();
    await stream.next().catch(() => undefined);
    expect(await value(open)).toBe("0");
    expect(await value(count, ["code", code])).toBe("1");
  });

  it("F17: count a stream whose reader has disconnected as cancelled", async ({ expect }) => {
    const { metrics, value } = startMetrics();
    const leaving = new AbortController();
    const options = { signal: leaving.signal };
    const messages = startService(metrics).watchInterfaceStatus({ namespaces: ["endless"] }, options);
    const stream = messages[Symbol.asyncIterator]();
    await stream.next();
    expect(await value(open)).toBe("1");
    leaving.abort();
    await stream.next().catch(() => undefined);
    await settled();
    expect(await value(open)).toBe("0");
    expect(await value(count, ["code", "canceled"])).toBe("1");
  });

  it("count a stream that is aborted before it is read", async ({ expect }) => {
    const { metrics, value } = startMetrics();
    const aborting = new AbortController();
    const call = metrics.interceptor(async (request) => {
      const message = (async function* messages() {})();
      return {
        stream: true,
        service: request.service,
        method: InterfaceStatusService.method.watchInterfaceStatus,
        header: new Headers(),
        trailer: new Headers(),
        message,
      };
    });
    await call({
      stream: true,
      service: InterfaceStatusService,
      method: InterfaceStatusService.method.watchInterfaceStatus,
      requestMethod: "POST",
      url: "http://localhost",
      signal: aborting.signal,
      header: new Headers(),
      contextValues: {
        get: () => undefined as never,
        set: () => undefined as never,
        delete: () => undefined as never,
      },
      message: (async function* messages() {})(),
    });
    expect(await value(open)).toBe("1");
    aborting.abort(new ConnectError("left", Code.Canceled));
    expect(await value(open)).toBe("0");
    expect(await value(count, ["code", "canceled"])).toBe("1");
  });
});
