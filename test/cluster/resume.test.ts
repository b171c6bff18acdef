// Resume tokens between two processes of the service: the cluster's history has what the reader missed.
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, it, vi } from "vitest";
import { InterfaceStatusService } from "../../gen/multinic/v1/interface_status_service_pb.ts";
import { builtInCatalogue } from "../../src/domain/catalogue.ts";
import { startService, type Service } from "../../src/serve/service.ts";
import { silentLog } from "../support/log.ts";
import { allUp, machine, nicOf, startStand, type Stand } from "./stand.ts";

describe("a stream that is resumed at another process of the service", () => {
  let stand: Stand;
  let other: Service;
  beforeAll(async () => {
    stand = await startStand();
    other = await startService({
      client: stand.target.client,
      catalogue: builtInCatalogue(),
      listen: { host: "127.0.0.1", port: 0 },
      virtHandlerMetrics: [],
      log: silentLog,
      version: "test",
    });
    await other.whenReady();
  });
  afterAll(async () => {
    await other.stop();
    await stand.stop();
  });

  /** What changed since the token, until `synced`; the token after it. */
  async function missed(url: string, namespace: string, resumeToken = "") {
    const client = createClient(InterfaceStatusService, createGrpcTransport({ baseUrl: url }));
    const stopping = new AbortController();
    const events: string[] = [];
    const request = { namespaces: [namespace], resumeToken };
    for await (const message of client.watchInterfaceStatus(request, { signal: stopping.signal })) {
      const { event } = message;
      events.push(event.case ?? "");
      if (event.case === "changes") {
        events.push(...event.value.updated.map(({ vm, nic }) => `${vm}/${nic}`));
        events.push(...event.value.removed.map(({ vm, nic }) => `${vm}/${nic} removed`));
      }
      if (event.case === "synced") return { events, token: message.resumeToken };
    }
    throw new Error("the stream ended");
  }

  it("gets what it missed and no snapshot", { timeout: 120_000 }, async ({ expect }) => {
    const namespace = await stand.namespace();
    const vm = (name: string, linkState: "up" | "down") =>
      machine(namespace, name, [{ name: "eth0", vlanId: 100, linkState }, { name: "eth1" }]);
    await stand.apply(vm("web", "up"));
    await using nics = stand.watch({ namespace, name: "web" });
    await nics.until(allUp(2));
    // Nothing is left to happen, so the other process reaches the same states.
    const states = (service: Pick<Service, "model">) =>
      service.model.list({ namespaces: new Set([namespace]), vmNames: new Set() }).map(({ state }) => state);
    await vi.waitUntil(() => states(other).join() === "Up,Up", { timeout: 30_000 });
    const first = await missed(stand.url, namespace);
    expect(first.events).toEqual(["snapshot", "synced"]);
    const { events: atOnce } = await missed(other.url, namespace, first.token);
    expect(atOnce).not.toContain("reset");

    await stand.apply(vm("web", "down"));
    await nics.until((all) => nicOf(all, "eth0").reason === "LINK_DOWN");
    const second = await missed(other.url, namespace, first.token);
    expect(second.events[0]).toBe("changes");
    expect(second.events).toContain("web/eth0");
    expect(second.events.at(-1)).toBe("synced");

    await stand.vms.deleteVM({ namespace, name: "web" });
    await nics.until((all) => all.size === 0);
    await vi.waitUntil(() => states(other).length === 0, { timeout: 30_000 });
    const third = await missed(other.url, namespace, first.token);
    expect(third.events).toEqual(["changes", "web/eth0 removed", "web/eth1 removed", "synced"]);
  });
});
