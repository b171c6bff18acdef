import { listAtVersion } from "../../src/kube/paging.ts";
import { getEventListeners } from "node:events";
import { afterEach, beforeEach, describe, it } from "vitest";
import type { NetworkAttachmentDefinition, Secret } from "../../src/domain/objects/kubernetes.ts";
import { connectKube } from "../../src/kube/connection/connect.ts";
import type { KubeConnection } from "../../src/kube/connection/connect.ts";
import { KubeError } from "../../src/kube/errors.ts";
import type { FullKubeClient } from "../../src/kube/kube-client.ts";
import {
  namespaces,
  networkAttachmentDefinitions,
  secrets,
  virtualMachines,
} from "../../src/kube/resource.ts";
import { startScriptedServer } from "./scripted-server.ts";
import type { ScriptedServer } from "./scripted-server.ts";
import { createTestTiming } from "./test-timing.ts";
import type { TestTiming } from "./test-timing.ts";

let server: ScriptedServer;
let timing: TestTiming;
let client: FullKubeClient;

function connect(options: Partial<KubeConnection> = {}): FullKubeClient {
  return connectKube({ server: server.url, timing, ...options });
}

beforeEach(async () => {
  server = await startScriptedServer();
  timing = createTestTiming();
  client = connect();
});

afterEach(async () => {
  await client.close();
  await server[Symbol.asyncDispose]();
});

const secret: Secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "s", namespace: "lab" } };
const nad: NetworkAttachmentDefinition = {
  apiVersion: "k8s.cni.cncf.io/v1",
  kind: "NetworkAttachmentDefinition",
  metadata: { name: "storage", namespace: "lab" },
};
const ref = { namespace: "lab", name: "s" };
const lab = "/api/v1/namespaces/lab/secrets";

async function failureOf(call: Promise<unknown>): Promise<KubeError> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof KubeError) return error;
  throw new Error("expected a KubeError", { cause: error });
}

describe("an operation is one request", () => {
  const strict = "fieldValidation=Strict";
  it.for<[string, (client: FullKubeClient) => Promise<unknown>, string, string?]>([
    ["get", (c) => c.get(secrets, ref), `GET ${lab}/s`],
    ["get, cluster-scoped", (c) => c.get(namespaces, ref), "GET /api/v1/namespaces/s"],
    ["create", (c) => c.create(secrets, secret), `POST ${lab}?${strict}`, "application/json"],
    [
      "create, as a dry run",
      (c) => c.create(secrets, secret, { dryRun: true, fieldManager: "m" }),
      `POST ${lab}?${strict}&fieldManager=m&dryRun=All`,
      "application/json",
    ],
    ["replace", (c) => c.replace(secrets, secret), `PUT ${lab}/s?${strict}`, "application/json"],
    [
      "replaceStatus",
      (c) => c.replaceStatus(secrets, secret),
      `PUT ${lab}/s/status?${strict}`,
      "application/json",
    ],
    [
      "apply",
      (c) => c.apply(networkAttachmentDefinitions, nad, { fieldManager: "multinic" }),
      `PATCH /apis/k8s.cni.cncf.io/v1/namespaces/lab/network-attachment-definitions/storage?${strict}&fieldManager=multinic`,
      "application/apply-patch+yaml",
    ],
    [
      "apply by force",
      (c) => c.apply(secrets, secret, { fieldManager: "m", force: true }),
      `PATCH ${lab}/s?${strict}&fieldManager=m&force=true`,
      "application/apply-patch+yaml",
    ],
    [
      "mergePatch of the status",
      (c) => c.mergePatch(virtualMachines, ref, { status: {} }, { subresource: "status" }),
      `PATCH /apis/kubevirt.io/v1/namespaces/lab/virtualmachines/s/status?${strict}`,
      "application/merge-patch+json",
    ],
    ["delete", (c) => c.delete(secrets, ref), `DELETE ${lab}/s`, "application/json"],
    [
      "post",
      (c) => c.post("/apis/x/v1/reviews", {}),
      `POST /apis/x/v1/reviews?${strict}`,
      "application/json",
    ],
    ["getText", (c) => c.getText("/version"), "GET /version"],
  ])("%s", async ([, operate, line, contentType], { expect }) => {
    server.play((_, reply) => reply.json(secret));
    await operate(client);
    const [request] = server.requests;
    const query = request?.query.toString();
    expect(`${request?.method} ${request?.path}${query ? `?${query}` : ""}`).toBe(line);
    expect(request?.headers["content-type"]).toBe(contentType);
    expect(request?.headers["user-agent"]).toBe("multinic");
  });

  it("keeps the base path of the server's URL", async ({ expect }) => {
    server.play((_, reply) => reply.json(secret));
    client = connect({ server: `${server.url}/k8s/clusters/one/` });
    await client.get(secrets, ref);
    expect(server.requests[0]?.path).toBe(`/k8s/clusters/one${lab}/s`);
  });

  it("has the preconditions of a deletion in its body", async ({ expect }) => {
    server.play((_, reply) => reply.json({ kind: "Status", status: "Success" }));
    await client.delete(secrets, ref, {
      uid: "u",
      resourceVersion: "7",
      propagation: "Foreground",
      dryRun: true,
    });
    expect(JSON.parse(server.requests[0]?.body ?? "")).toEqual({
      apiVersion: "v1",
      kind: "DeleteOptions",
      preconditions: { uid: "u", resourceVersion: "7" },
      propagationPolicy: "Foreground",
      dryRun: ["All"],
    });
  });

  it("carries the headers of the connection, such as those of an impersonation", async ({ expect }) => {
    server.play((_, reply) => reply.json(secret));
    client = connect({
      headers: {
        "impersonate-user": "ann",
        "impersonate-group": ["dev", "ops"],
        "impersonate-extra-example.org%2Fteam": ["a"],
      },
    });
    await client.get(secrets, ref);
    const headers = server.requests[0]?.rawHeaders.join(" ") ?? "";
    expect(headers).toContain("impersonate-user ann");
    expect(headers).toContain("impersonate-group dev impersonate-group ops");
    expect(headers).toContain("impersonate-extra-example.org%2Fteam a");
  });

  it.for([
    ["an empty name", { namespace: "lab", name: "" }],
    ["a name that is a step in a path", { namespace: "lab", name: ".." }],
    ["no namespace", { name: "s" }],
    ["an empty namespace", { namespace: "", name: "s" }],
  ] as const)("is refused before it is sent for %s", async ([, where], { expect }) => {
    expect(await failureOf(client.delete(secrets, where))).toMatchObject({ reason: "BadRequest", status: 0 });
    expect(server.requests).toEqual([]);
  });
});

describe("a list", () => {
  it("is read page by page and returned whole, each object with its kind", async ({ expect }) => {
    server.play(({ query }, reply) => {
      const from = Number(query.get("continue") ?? 0);
      const metadata = { resourceVersion: "40", continue: from < 2 ? String(from + 1) : "" };
      reply.json({ kind: "SecretList", metadata, items: [{ metadata: { name: `s${from}` } }] });
    });
    const list = await client.list(secrets, { namespace: "lab", labelSelector: "a=b" });
    expect(list.resourceVersion).toBe("40");
    expect(list.items.map(({ kind, apiVersion, metadata }) => [apiVersion, kind, metadata.name])).toEqual([
      ["v1", "Secret", "s0"],
      ["v1", "Secret", "s1"],
      ["v1", "Secret", "s2"],
    ]);
    expect(server.requests.map(({ query }) => query.get("limit"))).toEqual(["500", "500", "500"]);
    expect(server.requests.map(({ query }) => query.get("labelSelector"))).toEqual(["a=b", "a=b", "a=b"]);
  });

  it("is requested in one piece if its next page has expired", async ({ expect }) => {
    server.play(({ query }, reply) => {
      if (query.has("continue")) reply.refuse(410, "Expired");
      else if (query.has("limit")) {
        reply.json({
          metadata: { resourceVersion: "1", continue: "t" },
          items: [{ metadata: { name: "a" } }],
        });
      } else {
        const items = [{ metadata: { name: "a" } }, { metadata: { name: "b" } }];
        reply.json({ metadata: { resourceVersion: "9" }, items });
      }
    });
    const list = await client.list(secrets);
    expect(list.resourceVersion).toBe("9");
    expect(list.items.map(({ metadata }) => metadata.name)).toEqual(["a", "b"]);
  });

  it("of 200000 objects does not overflow the stack", async ({ expect }) => {
    const items = Array.from({ length: 200_000 }, (_, index) => ({ metadata: { name: `s${index}` } }));
    server.play((_, reply) => reply.json({ metadata: { resourceVersion: "1" }, items }));
    expect((await client.list(secrets)).items.length).toBe(200_000);
  });
});

describe("a failure", () => {
  it("carries the API server's text, reason and causes", async ({ expect }) => {
    const causes = [
      { field: ".spec.template", reason: "FieldManagerConflict", message: 'conflict with "kubectl"' },
    ];
    server.play((_, reply) => reply.refuse(409, "Conflict", { details: { causes } }));
    const error = await failureOf(client.apply(secrets, secret, { fieldManager: "m" }));
    expect(error).toMatchObject({ reason: "Conflict", status: 409, message: "refused: Conflict", causes });
    expect(server.requests.length).toBe(1);
  });

  it.for([
    [404, "NotFound"],
    [409, "Conflict"],
    [413, "RequestEntityTooLarge"],
    [418, "Unknown"],
    [422, "Invalid"],
  ] as const)(
    "of HTTP %i without a Status object is %s and quotes the answer",
    async ([status, reason], { expect }) => {
      server.play((_, reply) => reply.text("<h1>the proxy says no</h1>", status));
      const error = await failureOf(client.create(secrets, secret));
      expect(error).toMatchObject({ reason, status });
      expect(error.message).toBe(`POST ${lab}: HTTP ${status}: <h1>the proxy says no</h1>`);
    },
  );

  it.for([
    "404 page not found\n",
    '{"kind":"Status","message":"the server could not find the requested resource","code":404}',
  ])("is NotServed, also for find, if the API server has no such kind: %s", async (body, { expect }) => {
    server.play((_, reply) => reply.text(body, 404));
    const error = await failureOf(client.find(secrets, ref));
    expect(error).toMatchObject({ reason: "NotServed", status: 404 });
    expect(error.message).toBe(`GET ${lab}/s: the API server does not serve this kind of object`);
  });

  it("is undefined for find if the object does not exist", async ({ expect }) => {
    expect(await client.find(secrets, ref)).toBeUndefined();
  });

  it("includes redirects, which are not followed", async ({ expect }) => {
    server.play((_, reply) => reply.text("", 302, { location: `${server.url}/elsewhere` }));
    expect((await failureOf(client.get(secrets, ref))).message).toContain("HTTP 302, a redirect");
    expect(server.requests.length).toBe(1);
  });

  it.for(["<html>", "null", "7", ""])("is Undecodable if a success is %j", async (body, { expect }) => {
    server.play((_, reply) => reply.text(body, 200));
    expect(await failureOf(client.get(secrets, ref))).toMatchObject({ reason: "Undecodable" });
  });

  it.for([{}, { items: [] }, { metadata: { resourceVersion: "1" } }])(
    "is Undecodable if a list is %j, and never an empty list",
    async (body, { expect }) => {
      server.play((_, reply) => reply.json(body));
      expect(await failureOf(client.list(secrets))).toMatchObject({ reason: "Undecodable" });
    },
  );

  it("is Unreachable if nothing listens, and says where", async ({ expect }) => {
    client = connect({ server: "http://127.0.0.1:1" });
    const error = await failureOf(client.get(secrets, ref));
    expect(error).toMatchObject({ reason: "Unreachable", status: 0 });
    expect(error.message).toContain("http://127.0.0.1:1");
  });

  it("is Unreachable if the deadline passes without an answer", async ({ expect }) => {
    server.play(() => undefined);
    client = connect({ requestTimeoutMs: 30 });
    const error = await failureOf(client.get(secrets, ref));
    expect(error).toMatchObject({ reason: "Unreachable", message: `GET ${lab}/s: no answer within 30 ms` });
  });

  it("is Cancelled if the caller aborts", async ({ expect }) => {
    const caller = new AbortController();
    server.play(() => caller.abort(new Error("enough")));
    const error = await failureOf(client.get(secrets, ref, { signal: caller.signal }));
    expect(error).toMatchObject({ reason: "Cancelled", status: 0 });
    const early = await failureOf(client.get(secrets, ref, { signal: AbortSignal.abort() }));
    expect(early).toMatchObject({ reason: "Cancelled" });
    expect(server.requests.length).toBe(1);
  });

  it("is Cancelled after the client has been closed", async ({ expect }) => {
    await client.close();
    expect(await failureOf(client.get(secrets, ref))).toMatchObject({ reason: "Cancelled" });
  });
});

describe("a failed request", () => {
  const withUid = { uid: "u" };
  const versioned: Secret = { ...secret, metadata: { ...secret.metadata, resourceVersion: "3" } };
  const calls = {
    get: (c: FullKubeClient) => c.get(secrets, ref),
    list: (c: FullKubeClient) => c.list(secrets),
    apply: (c: FullKubeClient) => c.apply(secrets, secret, { fieldManager: "m" }),
    "delete with a uid": (c: FullKubeClient) => c.delete(secrets, ref, withUid),
    "create as a dry run": (c: FullKubeClient) => c.create(secrets, secret, { dryRun: true }),
    create: (c: FullKubeClient) => c.create(secrets, secret),
    replace: (c: FullKubeClient) => c.replace(secrets, secret),
    mergePatch: (c: FullKubeClient) => c.mergePatch(secrets, ref, {}),
    "delete without a uid": (c: FullKubeClient) => c.delete(secrets, ref),
    "apply with a resourceVersion": (c: FullKubeClient) => c.apply(secrets, versioned, { fieldManager: "m" }),
    listPage: (c: FullKubeClient) => c.listPage(secrets, {}),
  };
  type Call = keyof typeof calls;
  const repeatable: Call[] = ["get", "list", "apply", "delete with a uid", "create as a dry run"];
  const others = Object.keys(calls).filter((name): name is Call => !repeatable.includes(name as Call));

  it.for(repeatable.flatMap((name) => [500, 502, 503, 504, "reset"].map((fault) => [name, fault] as const)))(
    "F6: is sent again: %s after %s",
    async ([name, fault], { expect }) => {
      server.play((_, reply) => {
        if (server.requests.length > 2)
          reply.json({ ...secret, metadata: { resourceVersion: "1" }, items: [] });
        else if (typeof fault === "number") reply.text("", fault);
        else reply.reset();
      });
      await calls[name](client);
      expect(server.requests.length).toBe(3);
      expect(timing.pauses).toEqual([50, 100]);
    },
  );

  const decoded = repeatable.filter((name) => name !== "delete with a uid");

  it.for(decoded.flatMap((name) => ['{"kind":"Sec', "<html>"].map((half) => [name, half] as const)))(
    "F3, F22: is sent again: %s after a 200 with the body %s",
    async ([name, half], { expect }) => {
      server.play((_, reply) => {
        if (server.requests.length > 2)
          reply.json({ ...secret, metadata: { resourceVersion: "1" }, items: [] });
        else reply.text(half, 200);
      });
      await calls[name](client);
      expect(server.requests.length).toBe(3);
    },
  );

  it("F3: is not sent again: a create after a 201 with half a body, because it was executed", async ({
    expect,
  }) => {
    server.play((_, reply) => reply.text('{"kind":"Sec', 201));
    expect(await failureOf(calls.create(client))).toMatchObject({ reason: "Undecodable" });
    expect(server.requests.length).toBe(1);
  });

  it("lists an earlier version exactly, page by page, with the version only in the request of the first page", async ({
    expect,
  }) => {
    server.play(({ query }, reply) => {
      const more = query.has("continue") ? {} : { continue: "c" };
      reply.json({ metadata: { resourceVersion: "7", ...more }, items: [secret] });
    });
    const query = { namespace: "shop", exactVersion: "7", fieldSelector: "metadata.name=web" };
    const pages: number[] = [];
    for await (const items of listAtVersion((at) => client.listPage(secrets, { ...query, ...at }))) {
      pages.push(items.length);
    }
    expect(pages).toEqual([1, 1]);
    expect(server.requests.map(({ query }) => Object.fromEntries(query))).toEqual([
      {
        fieldSelector: "metadata.name=web",
        resourceVersion: "7",
        resourceVersionMatch: "Exact",
        limit: "500",
      },
      { fieldSelector: "metadata.name=web", limit: "500", continue: "c" },
    ]);
  });

  it("asks for metadata only, in JSON, and takes whole objects as well", async ({ expect }) => {
    server.play((_, reply) => reply.json({ metadata: { resourceVersion: "9" }, items: [secret] }));
    const page = await client.listMetadataPage(secrets, { limit: 1 });
    expect(server.requests[0]?.headers.accept).toBe(
      "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1, application/json;q=0.5",
    );
    expect([page.resourceVersion, page.items[0]?.metadata.name]).toEqual(["9", secret.metadata.name]);
  });

  it("F4: uses new connections after they were renewed, and ends what is in flight on the old ones", async ({
    expect,
  }) => {
    const slow = Promise.withResolvers<void>();
    server.play(async ({ path }, reply) => {
      if (path.endsWith("slow")) await slow.promise;
      reply.json(secret);
    });
    await client.get(secrets, ref);
    const pending = client.get(secrets, { namespace: "lab", name: "slow" });
    await expect.poll(() => server.requests.length).toBe(2);
    const before = server.connections;
    client.renewConnections();
    await client.get(secrets, ref);
    expect(server.connections).toBe(before + 1);
    slow.resolve();
    await pending;
    await expect.poll(() => server.openConnections).toBe(1);
  });

  it.for(others.flatMap((name) => [503, "reset"].map((fault) => [name, fault] as const)))(
    "F6: is not sent again: %s after %s",
    async ([name, fault], { expect }) => {
      server.play((_, reply) => (typeof fault === "number" ? reply.text("", fault) : reply.reset()));
      await failureOf(calls[name](client));
      expect(server.requests.length).toBe(1);
    },
  );

  it("F5: waits as long as a 429 asks, even for a create", async ({ expect }) => {
    server.play((_, reply) =>
      server.requests.length === 1
        ? reply.refuse(429, "TooManyRequests", {}, { "retry-after": "2" })
        : reply.json(secret),
    );
    await client.create(secrets, secret);
    expect(timing.pauses).toEqual([2_000]);
  });

  it("F5: fails at once if it would have to wait beyond the deadline", async ({ expect }) => {
    server.play((_, reply) => reply.refuse(429, "TooManyRequests", { details: { retryAfterSeconds: 31 } }));
    const error = await failureOf(client.get(secrets, ref));
    expect(error).toMatchObject({ reason: "TooManyRequests", retryAfterSeconds: 31 });
    expect(timing.pauses).toEqual([]);
  });

  it("fails after five attempts", async ({ expect }) => {
    server.play((_, reply) => reply.text("", 503));
    expect(await failureOf(client.get(secrets, ref))).toMatchObject({ reason: "ServiceUnavailable" });
    expect(server.requests.length).toBe(5);
  });

  it("counts as a deletion if only its answer was lost", async ({ expect }) => {
    server.play((_, reply) => (server.requests.length === 1 ? reply.reset() : reply.refuse(404, "NotFound")));
    await client.delete(secrets, ref, withUid);
    expect(server.requests.length).toBe(2);
  });

  it("does not count as a deletion if the object did not exist from the start", async ({ expect }) => {
    server.play((_, reply) => reply.refuse(404, "NotFound"));
    expect(await failureOf(client.delete(secrets, ref, withUid))).toMatchObject({ reason: "NotFound" });
  });
});

describe("connections", () => {
  it("are reused: 50 requests in a row open at most two", async ({ expect }) => {
    server.play((_, reply) => reply.json(secret));
    for (let n = 0; n < 50; n++) await client.get(secrets, ref);
    expect(server.requests.length).toBe(50);
    expect(server.connections).toBeLessThanOrEqual(2);
  });

  it("are limited: 200 requests at once open as many as configured", async ({ expect }) => {
    server.play((_, reply) => reply.json(secret));
    client = connect({ connections: 4 });
    await Promise.all(Array.from({ length: 200 }, async () => await client.get(secrets, ref)));
    expect(server.connections).toBeLessThanOrEqual(4);
  });

  it("and calls leave no listener on a signal that outlives them", async ({ expect }) => {
    server.play((_, reply) => reply.json(secret));
    const { signal } = new AbortController();
    await Promise.all(Array.from({ length: 50 }, async () => await client.get(secrets, ref, { signal })));
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("of streams do not count against those of requests", async ({ expect }) => {
    server.play(async ({ path }, reply) => {
      if (path === "/watch") await reply.stream().send({ n: 1 });
      else reply.json(secret);
    });
    client = connect({ connections: 1 });
    const stop = new AbortController();
    const streams = await Promise.all(
      [1, 2, 3].map(async () => {
        const lines = client.stream("/watch", { signal: stop.signal })[Symbol.asyncIterator]();
        expect((await lines.next()).value).toBe('{"n":1}');
        return lines;
      }),
    );
    await client.get(secrets, ref);
    expect(server.connections).toBe(4);
    for (const lines of streams) await lines.return?.();
    await expect.poll(() => server.openConnections).toBe(1);
  });
});

describe("a stream", () => {
  async function readAll(idleTimeoutMs?: number): Promise<string[]> {
    const seen: string[] = [];
    for await (const line of client.stream("/w", idleTimeoutMs === undefined ? {} : { idleTimeoutMs })) {
      seen.push(line);
    }
    return seen;
  }

  it("gives the same lines however their bytes are split", async ({ expect }) => {
    server.play(async (_, reply) => {
      const stream = reply.stream();
      for (const byte of Buffer.from("één\n\nzwei\n")) await stream.write(Uint8Array.of(byte));
      stream.end();
    });
    expect(await readAll()).toEqual(["één", "zwei"]);
  });

  it.for<
    [string, (stream: { write(text: string): Promise<void>; end(): void; reset(): void }) => Promise<void>]
  >([
    [
      "a reset",
      async (stream) => {
        await stream.write("a\n");
        stream.reset();
      },
    ],
    [
      "an end in the middle of a line",
      async (stream) => {
        await stream.write("a\nb");
        stream.end();
      },
    ],
    ["silence beyond the limit", async (stream) => await stream.write("a\n")],
  ])("is Unreachable after %s", async ([, play], { expect }) => {
    server.play(async (_, reply) => await play(reply.stream()));
    expect(await failureOf(readAll(40))).toMatchObject({ reason: "Unreachable" });
  });

  it("is Unreachable if its answer does not begin within the deadline", async ({ expect }) => {
    server.play(() => undefined);
    client = connect({ requestTimeoutMs: 30 });
    expect(await failureOf(readAll())).toMatchObject({
      reason: "Unreachable",
      message: "GET /w: no answer within 30 ms",
    });
  });

  it("is Cancelled if the caller aborts, before and after it began", async ({ expect }) => {
    const caller = new AbortController();
    server.play(async (_, reply) => await reply.stream().send({}));
    const lines = client.stream("/w", { signal: caller.signal })[Symbol.asyncIterator]();
    await lines.next();
    const next = lines.next();
    caller.abort();
    expect(await failureOf(next)).toMatchObject({ reason: "Cancelled" });
    const late = client.stream("/w", { signal: caller.signal })[Symbol.asyncIterator]();
    expect(await failureOf(late.next())).toMatchObject({ reason: "Cancelled" });
  });

  it("is Undecodable with a line over 4 MiB", async ({ expect }) => {
    server.play(async (_, reply) => await reply.stream().write("x".repeat(4 * 1024 * 1024 + 1)));
    expect(await failureOf(readAll())).toMatchObject({ reason: "Undecodable" });
  });

  it("lives longer than the deadline of a request", async ({ expect }) => {
    const open = Promise.withResolvers<() => void>();
    server.play(async (_, reply) => {
      const stream = reply.stream();
      await stream.send({});
      open.resolve(() => stream.end());
    });
    client = connect({ requestTimeoutMs: 300 });
    const lines = client.stream("/w", {})[Symbol.asyncIterator]();
    await lines.next();
    const next = lines.next();
    server.play(() => undefined);
    await failureOf(client.getText("/never")); // As long as a deadline lasts.
    (await open.promise)();
    expect(await next).toEqual({ done: true, value: undefined });
  });
});
