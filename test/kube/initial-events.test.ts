// Watches that begin with the present objects (sendInitialEvents) instead of a list.
import { afterEach, beforeEach, describe, it } from "vitest";
import { connectKube } from "../../src/kube/connection/connect.ts";
import type { FullKubeClient } from "../../src/kube/kube-client.ts";
import {
  added,
  bookmark,
  deleted,
  errorEvent,
  follow,
  initialEnd,
  type Followed,
  isInitialWatch,
  isLook,
  listOf,
  modified,
  textOf,
  vmi,
} from "./collection.ts";
import {
  type Handler,
  type OpenStream,
  type ScriptedServer,
  startScriptedServer,
} from "./scripted-server.ts";
import { silentLog } from "../support/log.ts";
import { createTestTiming } from "./test-timing.ts";

let server: ScriptedServer;
let client: FullKubeClient;
let followed: Followed;
const timing = createTestTiming();

beforeEach(async () => {
  server = await startScriptedServer();
  client = connectKube({ server: server.url, timing });
});

afterEach(async () => {
  await followed.cache.stop();
  await client.close();
  await server[Symbol.asyncDispose]();
});

const start = (): Followed => (followed = follow(client, { timing, log: silentLog }));

/** Initial watches are answered by these handlers in turn; the rest as by an API server that has nothing more to say. */
function play(initial: Handler[], others: { readonly list?: Handler; readonly watch?: Handler } = {}): void {
  const next = initial.values();
  server.play(async (request, reply) => {
    const handler = isLook(request)
      ? listOf(1_000_000)
      : isInitialWatch(request)
        ? next.next().value
        : request.query.has("watch")
          ? others.watch
          : others.list;
    await (handler ?? ((_, quiet) => void quiet.stream()))(request, reply);
  });
}

const stream =
  (...events: object[]): Handler =>
  async (_, reply) =>
    await reply.stream().send(...events);

const kinds = (): string[] =>
  server.requests
    .filter((request) => !isLook(request))
    .map((request) => (isInitialWatch(request) ? "initial" : request.query.has("watch") ? "watch" : "list"));

describe("a watch with initial events", () => {
  it("shows the present objects together at the end mark, and goes on with the changes", async ({
    expect,
  }) => {
    const { promise, resolve } = Promise.withResolvers<OpenStream>();
    play([(_, reply) => resolve(reply.stream())]);
    const at = start();
    const open = await promise;
    await open.send(added(vmi("a", 3, "n1")), added(vmi("b", 4, "n1")), bookmark(5));
    await open.send(modified(vmi("a", 8, "n8")), deleted(vmi("b", 9, "n1")), added(vmi("c", 7, "n7")));
    expect([at.cache.synced, at.state()]).toEqual([false, []]);
    await open.send(initialEnd(9));
    await at.cache.whenSynced();
    expect(at.state()).toEqual(["a@n8", "c@n7"]);
    await open.send(modified(vmi("c", 10, "n10")));
    await expect.poll(at.state).toEqual(["a@n8", "c@n10"]);
    expect(at.changes.map(textOf)).toEqual(["set a@n8", "set c@n7", "set c@n10 was c@n7"]);
    expect(Object.fromEntries(server.requests[0]?.query ?? [])).toMatchObject({
      watch: "true",
      sendInitialEvents: "true",
      resourceVersionMatch: "NotOlderThan",
      allowWatchBookmarks: "true",
    });
    expect(server.requests[0]?.query.has("resourceVersion")).toBe(false);
    expect(kinds()).toEqual(["initial"]);
  });

  it("F1: resumes as an ordinary watch from the last version", async ({ expect }) => {
    const broken: Handler = async (_, reply) => {
      const open = reply.stream();
      await open.send(added(vmi("a", 3, "n1")), initialEnd(9), bookmark(12));
      open.reset();
    };
    play([broken], { watch: stream(added(vmi("b", 13, "n1"))) });
    const at = start();
    await expect.poll(at.state).toEqual(["a@n1", "b@n1"]);
    expect(kinds()).toEqual(["initial", "watch"]);
    expect(server.requests[1]?.query.get("resourceVersion")).toBe("12");
    expect(at.cache.health().relists).toBe(0);
  });

  it("F2: begins with all objects again after 410, and reports what is gone", async ({ expect }) => {
    play(
      [
        stream(added(vmi("a", 3, "n1")), initialEnd(9), errorEvent(410, "Expired")),
        stream(added(vmi("b", 20, "n2")), initialEnd(30)),
      ],
      {},
    );
    const at = start();
    await expect.poll(at.state).toEqual(["b@n2"]);
    expect(at.changes.map(textOf)).toEqual(["set a@n1", "delete a@n1", "set b@n2"]);
    expect(at.cache.health()).toMatchObject({ relists: 1, reconnects: { expired: 1 } });
    expect(kinds()).toEqual(["initial", "initial"]);
  });

  it("F3: that breaks before the end mark shows nothing, and is tried again", async ({ expect }) => {
    const broken: Handler = async (_, reply) => {
      const open = reply.stream();
      await open.send(added(vmi("half", 3, "n1")));
      open.reset();
    };
    play([broken, stream(added(vmi("a", 20, "n2")), initialEnd(30))]);
    const at = start();
    await expect.poll(at.state).toEqual(["a@n2"]);
    expect(at.changes.map(textOf)).toEqual(["set a@n2"]);
    expect(kinds()).toEqual(["initial", "initial"]);
  });

  it.for<[string, Handler]>([
    ["refuses it (422)", (_, reply) => reply.refuse(422, "Invalid")],
    ["does not know it (400)", (_, reply) => reply.refuse(400, "BadRequest")],
    ["forbids it in a proxy (405)", (_, reply) => reply.refuse(405, "MethodNotAllowed")],
    [
      "ends it before the end mark",
      async (_, reply) => {
        const open = reply.stream();
        await open.send(added(vmi("half", 3, "n1")));
        open.end();
      },
    ],
  ])("is replaced by a list if the API server %s, without a pause", async ([, initial], { expect }) => {
    const before = timing.pauses.length;
    play([initial], { list: listOf(9, vmi("a", 3, "n1")), watch: stream(added(vmi("b", 10, "n2"))) });
    const at = start();
    await expect.poll(at.state).toEqual(["a@n1", "b@n2"]);
    expect(kinds()).toEqual(["initial", "list", "watch"]);
    expect(at.cache.health()).toMatchObject({ relists: 0, reconnects: {} });
    expect(timing.pauses.length).toBe(before);
  });

  it.for([401, 403, 404, 429, 500, 503])(
    "is tried again after %i, which says nothing about it",
    async (code, { expect }) => {
      play([(_, reply) => reply.refuse(code, "Refused"), stream(added(vmi("a", 3, "n1")), initialEnd(9))]);
      const at = start();
      await expect.poll(at.state).toEqual(["a@n1"]);
      expect(kinds().filter((kind) => kind === "list")).toEqual([]);
    },
  );
});
