// Lists and watches over HTTP: revisions, pages, selectors, bookmarks and expired revisions.
import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { describe, it } from "vitest";
import { configMap, configMaps, startServer } from "./server.ts";

describe("lists", () => {
  it("have pages of one snapshot while objects change", async ({ expect }) => {
    const server = await startServer();
    for (const name of ["a", "b", "c"]) await server.call("POST", configMaps, configMap(name));
    const first = (await server.call("GET", `${configMaps}?limit=2`)).body;
    expect(first.metadata).toMatchObject({ remainingItemCount: 1 });
    await server.call("DELETE", `${configMaps}/c`);
    const token = encodeURIComponent(first.metadata.continue);
    const second = (await server.call("GET", `${configMaps}?limit=2&continue=${token}`)).body;
    expect(second.items.map((item: { metadata: { name: string } }) => item.metadata.name)).toEqual(["c"]);
    expect(second.metadata).toEqual({ resourceVersion: first.metadata.resourceVersion });
  });

  it.for([
    ["a label", "labelSelector=app%3Dweb", ["a"]],
    ["a missing label", "labelSelector=!app", ["c"]],
    ["a set of values", "labelSelector=app in (web,db)", ["a", "b"]],
    ["another value", "labelSelector=app!%3Dweb", ["b", "c"]],
    ["a name", "fieldSelector=metadata.name%3Db", ["b"]],
  ] as const)("can be selected by %s", async ([, query, names], { expect }) => {
    const server = await startServer();
    await server.call("POST", configMaps, configMap("a", {}, { labels: { app: "web" } }));
    await server.call("POST", configMaps, configMap("b", {}, { labels: { app: "db" } }));
    await server.call("POST", configMaps, configMap("c"));
    const { body } = await server.call("GET", `${configMaps}?${query}`);
    expect(body.items.map((item: { metadata: { name: string } }) => item.metadata.name)).toEqual(names);
  });

  it("show the collection as it was at an exact version, page by page, until it is expired", async ({
    expect,
  }) => {
    const server = await startServer({ historyLimit: 8 });
    await server.call("POST", configMaps, configMap("a", { k: "1" }));
    await server.call("POST", configMaps, configMap("b"));
    const { resourceVersion } = (await server.call("GET", configMaps)).body.metadata;
    await server.call("PUT", `${configMaps}/a`, configMap("a", { k: "2" }));
    await server.call("DELETE", `${configMaps}/b`);
    await server.call("POST", configMaps, configMap("c"));
    const exact = `${configMaps}?resourceVersion=${resourceVersion}&resourceVersionMatch=Exact`;
    const first = (await server.call("GET", `${exact}&limit=1`)).body;
    expect(first).toMatchObject({
      metadata: { resourceVersion },
      items: [{ metadata: { name: "a" }, data: { k: "1" } }],
    });
    const token = encodeURIComponent(first.metadata.continue);
    const second = (await server.call("GET", `${configMaps}?limit=1&continue=${token}`)).body;
    expect(second).toMatchObject({ metadata: { resourceVersion }, items: [{ metadata: { name: "b" } }] });
    const one = (await server.call("GET", `${exact}&fieldSelector=metadata.name%3Db`)).body;
    expect(one.items).toHaveLength(1);
    const future = `${configMaps}?resourceVersion=${Number(resourceVersion) + 1_000}&resourceVersionMatch=Exact`;
    expect((await server.call("GET", future)).code).toBe(504);
    for (const n of ["d", "e", "f", "g", "h", "i", "j"]) await server.call("POST", configMaps, configMap(n));
    expect((await server.call("GET", exact)).body).toMatchObject({ code: 410, reason: "Expired" });
  });

  it("answer 410 for a page of an expired snapshot", async ({ expect }) => {
    const server = await startServer({ historyLimit: 4 });
    for (const name of ["a", "b", "c"]) await server.call("POST", configMaps, configMap(name));
    const first = (await server.call("GET", `${configMaps}?limit=1`)).body;
    for (const n of ["d", "e", "f", "g", "h", "i"]) await server.call("POST", configMaps, configMap(n));
    const token = encodeURIComponent(first.metadata.continue);
    const { body } = await server.call("GET", `${configMaps}?limit=1&continue=${token}`);
    expect(body).toMatchObject({ code: 410, reason: "Expired" });
  });
});

describe("a large list", () => {
  it("is compressed for clients that accept gzip", async ({ expect }) => {
    const server = await startServer();
    await server.call("POST", configMaps, configMap("a", { k: "x".repeat(500_000) }));
    const list = await server.call("GET", configMaps, undefined, { "accept-encoding": "gzip" });
    expect(list.headers.get("content-encoding")).toBe("gzip");
    expect(list.body.items[0].data.k).toHaveLength(500_000);
    const plain = await server.call("GET", configMaps, undefined, { "accept-encoding": "identity" });
    expect(plain.headers.get("content-encoding")).toBeNull();
  });
});

describe("watches", () => {
  it("send the changes since a revision, then new ones", async ({ expect }) => {
    const server = await startServer();
    const { resourceVersion } = (await server.call("GET", configMaps)).body.metadata;
    await server.call("POST", configMaps, configMap("a"));
    const watch = await server.watch(`${configMaps}?watch=1&resourceVersion=${resourceVersion}`);
    expect(await watch.next()).toMatchObject({ type: "ADDED", object: { metadata: { name: "a" } } });
    await server.call("DELETE", `${configMaps}/a`);
    expect(await watch.next()).toMatchObject({ type: "DELETED", object: { metadata: { name: "a" } } });
  });

  it("report DELETED and ADDED when an object leaves and enters their selector", async ({ expect }) => {
    const server = await startServer();
    const labelled = (app: string): object => configMap("a", {}, { labels: { app } });
    await server.call("POST", configMaps, labelled("web"));
    const watch = await server.watch(`${configMaps}?watch=1&labelSelector=app%3Dweb`);
    expect(await watch.next()).toMatchObject({ type: "ADDED" });
    await server.call("PUT", `${configMaps}/a`, labelled("db"));
    const left = await watch.next();
    expect(left).toMatchObject({ type: "DELETED", object: { metadata: { labels: { app: "web" } } } });
    const { body } = await server.call("GET", `${configMaps}/a`);
    expect(left.object.metadata.resourceVersion).toBe(body.metadata.resourceVersion);
    await server.call("PUT", `${configMaps}/a`, labelled("web"));
    expect(await watch.next()).toMatchObject({ type: "ADDED" });
  });

  it("mark the end of the initial events, and send a bookmark before they time out", async ({ expect }) => {
    const server = await startServer();
    await server.call("POST", configMaps, configMap("a"));
    const watch = await server.watch(
      `${configMaps}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=1`,
    );
    expect(await watch.next()).toMatchObject({ type: "ADDED" });
    const end = await watch.next();
    expect(end).toMatchObject({
      type: "BOOKMARK",
      object: { kind: "ConfigMap", metadata: { annotations: { "k8s.io/initial-events-end": "true" } } },
    });
    expect(await watch.next()).toMatchObject({ type: "BOOKMARK" });
    await watch.ended();
  });

  it("from an expired revision get one ERROR with a 410 Status", async ({ expect }) => {
    const server = await startServer({ historyLimit: 2 });
    for (const name of ["a", "b", "c", "d"]) await server.call("POST", configMaps, configMap(name));
    const watch = await server.watch(`${configMaps}?watch=1&resourceVersion=1`);
    expect(await watch.next()).toMatchObject({ type: "ERROR", object: { code: 410, reason: "Expired" } });
    await watch.ended();
  });

  it("and pages of a stopped server are expired for the next one", async ({ expect }) => {
    const first = await startServer({ clock: () => new Date("2026-03-01T10:00:00Z") });
    for (const name of ["a", "b"]) await first.call("POST", configMaps, configMap(name));
    const { metadata } = (await first.call("GET", `${configMaps}?limit=1`)).body;
    await first.close();
    const next = await startServer({ clock: () => new Date("2026-03-01T10:00:09Z") });
    const watch = await next.watch(`${configMaps}?watch=1&resourceVersion=${metadata.resourceVersion}`);
    expect(await watch.next()).toMatchObject({ type: "ERROR", object: { code: 410, reason: "Expired" } });
    const token = encodeURIComponent(metadata.continue);
    expect((await next.call("GET", `${configMaps}?continue=${token}`)).code).toBe(410);
  });

  it("can ask for a timeout that is longer than the longest timer", async ({ expect }) => {
    const server = await startServer();
    const watch = await server.watch(`${configMaps}?watch=1&timeoutSeconds=99999999`);
    await server.call("POST", configMaps, configMap("a"));
    expect(await watch.next()).toMatchObject({ type: "ADDED" });
  });

  it("end when the server closes", async ({ expect }) => {
    const server = await startServer();
    const watch = await server.watch(`${configMaps}?watch=1`);
    await server.close();
    await expect(watch.ended()).resolves.toBeUndefined();
  });

  it("that are not read are disconnected, and do not block writes", async ({ expect }) => {
    const server = await startServer();
    const [idle] = (await once(get(`${server.url}${configMaps}?watch=1`), "response")) as [IncomingMessage];
    idle.pause();
    const failed = new Promise<Error>((resolve) => idle.once("error", resolve));
    const large = { k: "x".repeat(1024 * 1024) };
    for (let count = 0; count < 60; count += 1) {
      const { code } = await server.call("POST", configMaps, configMap(`c${count}`, large));
      expect(code).toBe(201);
    }
    idle.resume();
    expect((await failed).message).toBe("aborted");
  });
});
