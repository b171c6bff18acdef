import { afterEach, beforeEach, describe, it } from "vitest";
import { type ApiServer, createApiServer } from "../../src/local/api/api-server.ts";
import { callOf } from "./api-call.ts";
import type { Fault } from "./fault.ts";
import { type FaultProxy, startFaultProxy } from "./fault-proxy.ts";
import { startTcpProxy } from "./tcp-proxy.ts";

const secrets = "/api/v1/namespaces/default/secrets";
const applyType = "application/apply-patch+yaml";

let api: ApiServer;
let apiUrl: string;
let proxy: FaultProxy;

beforeEach(async () => {
  api = createApiServer();
  ({ url: apiUrl } = await api.listen({ host: "127.0.0.1", port: 0 }));
  proxy = await startFaultProxy(apiUrl);
});

afterEach(async () => {
  await proxy[Symbol.asyncDispose]();
  await api.close();
});

interface Seen {
  readonly status: number;
  readonly text: string;
}

async function get(path: string, base = proxy.url): Promise<Seen> {
  const answer = await fetch(base + path);
  return { status: answer.status, text: await answer.text() };
}

async function apply(name: string, base = proxy.url): Promise<Seen> {
  const url = `${base}${secrets}/${name}?fieldManager=test`;
  const body = JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata: { name } });
  const answer = await fetch(url, { method: "PATCH", body, headers: { "content-type": applyType } });
  return { status: answer.status, text: await answer.text() };
}

const outcome = async (call: Promise<Seen>): Promise<string> => {
  try {
    const { status, text } = await call;
    return `${status} ${isJson(text) ? "JSON" : "not JSON"}`;
  } catch {
    return "no answer";
  }
};

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const stored = async (name: string): Promise<boolean> =>
  (await get(`${secrets}/${name}`, apiUrl)).status === 200;

describe("a call to the API server", () => {
  it.for<[string, string, string, string]>([
    ["GET", "/livez", "", "other///"],
    ["GET", "/api/v1/nodes", "", "list/nodes//"],
    ["GET", "/api/v1/namespaces", "", "list/namespaces//"],
    ["GET", "/api/v1/namespaces/lab", "", "get/namespaces//lab"],
    ["GET", "/apis/kubevirt.io/v1/virtualmachines?watch=true", "", "watch/virtualmachines//"],
    ["POST", "/api/v1/namespaces/lab/secrets", "", "create/secrets/lab/"],
    ["PATCH", "/api/v1/namespaces/lab/secrets/s", applyType, "apply/secrets/lab/s"],
    ["PATCH", "/api/v1/namespaces/lab/secrets/s", "application/merge-patch+json", "patch/secrets/lab/s"],
    [
      "PUT",
      "/apis/kubevirt.io/v1/namespaces/lab/virtualmachines/v/status",
      "",
      "update/virtualmachines/lab/v",
    ],
    ["DELETE", "/apis/kubevirt.io/v1/namespaces/lab/virtualmachines/v", "", "delete/virtualmachines/lab/v"],
  ])("%s %s is known by verb, resource, namespace and name", ([method, url, type, names], { expect }) => {
    const { verb, resource, namespace, name } = callOf(method, url, type, "");
    expect(`${verb}/${resource}/${namespace}/${name}`).toBe(names);
  });
});

describe("the fault proxy", () => {
  it("passes calls on and records them", async ({ expect }) => {
    expect((await apply("a")).status).toBe(201);
    expect((await get(secrets)).text).toBe((await get(secrets, apiUrl)).text);
    const seen = proxy.calls.map(({ number, verb, resource, name, status }) => [
      number,
      verb,
      resource,
      name,
      status,
    ]);
    expect(seen).toEqual([
      [1, "apply", "secrets", "a", 201],
      [2, "list", "secrets", "", 200],
    ]);
  });

  it.for<[Fault, string, boolean]>([
    [{ kind: "reset", executed: false }, "no answer", false],
    [{ kind: "reset", executed: true }, "no answer", true],
    [{ kind: "crash", executed: false }, "no answer", false],
    [{ kind: "crash", executed: true }, "no answer", true],
    [{ kind: "refuse", code: 409, reason: "Conflict" }, "409 JSON", false],
    [{ kind: "page" }, "200 not JSON", false],
    [{ kind: "truncate" }, "201 not JSON", true],
    [{ kind: "cut" }, "no answer", true],
  ])("%o: the caller sees %s, and the object is stored: %s", async ([fault, seen, isStored], { expect }) => {
    const injection = proxy.inject({ verb: "apply", resource: "secrets" }, fault);
    expect(await outcome(apply("a"))).toBe(seen);
    expect([await stored("a"), injection.struck, proxy.crashed]).toEqual([
      isStored,
      1,
      fault.kind === "crash",
    ]);
  });

  it.for([false, true])("keeps a caller waiting, executed: %s", async (executed, { expect }) => {
    const { promise: until, resolve } = Promise.withResolvers<void>();
    proxy.inject({ verb: "apply" }, { kind: "wait", executed, until });
    const call = apply("a");
    await expect.poll(() => proxy.calls.length).toBe(1);
    await expect.poll(() => stored("a")).toBe(executed);
    resolve();
    expect((await call).status).toBe(201);
  });

  it.for([false, true])("never answers, executed: %s", async (executed, { expect }) => {
    proxy.inject({ verb: "apply" }, { kind: "silence", executed });
    const call = outcome(apply("a"));
    await expect.poll(() => stored("a")).toBe(executed);
    await expect.poll(() => proxy.calls.length).toBe(1);
    await proxy[Symbol.asyncDispose]();
    expect(await call).toBe("no answer");
    proxy = await startFaultProxy(apiUrl);
  });

  it("hits only the nth of the calls that match, and none after it was removed", async ({ expect }) => {
    const injection = proxy.inject(
      { verb: "apply", nth: 2 },
      { kind: "refuse", code: 500, reason: "InternalError" },
    );
    const statuses = [];
    for (const name of ["a", "b", "c"])
      statuses.push((await apply(name)).status, (await get(secrets)).status);
    expect(statuses).toEqual([201, 200, 500, 200, 201, 200]);
    injection.remove();
    expect([injection.struck, (await apply("b")).status]).toEqual([1, 201]);
  });

  it("lets nothing through after a crash until the restart", async ({ expect }) => {
    proxy.inject({ verb: "apply", nth: 1 }, { kind: "crash", executed: true });
    expect(await outcome(apply("a"))).toBe("no answer");
    expect(await outcome(apply("b"))).toBe("no answer");
    expect([await stored("a"), await stored("b")]).toEqual([true, false]);
    proxy.restart();
    expect((await apply("b")).status).toBe(201);
  });

  it.for<[Extract<Fault, { kind: "event" }>["how"], string]>([
    ["drop", "a c d, open"],
    ["duplicate", "a b b c d, open"],
    ["swap", "a c b d, open"],
    ["garble", "a ? c d, open"],
    ["end", "a, ended"],
    ["truncate", "a ?, ended"],
    ["reset", "a, reset"],
    ["cut", "a ?, reset"],
  ])("plays on the second event of a watch: %s", async ([how, seen], { expect }) => {
    proxy.inject({ verb: "watch" }, { kind: "event", how, nth: 2 });
    const now = (JSON.parse((await get(secrets)).text) as { metadata: { resourceVersion: string } }).metadata;
    const watching = watchNames(`${secrets}?watch=true&resourceVersion=${now.resourceVersion}`);
    await expect.poll(() => proxy.calls.at(-1)?.status).toBe(200);
    for (const name of ["a", "b", "c", "d"]) await apply(name, apiUrl);
    await expect.poll(() => watching.text()).toBe(seen);
    await watching.close();
  });
});

interface Watching {
  text(): string;
  close(): Promise<void>;
}

/** The names of the objects of the events so far, "?" for what is not an event, and how the watch stands. */
function watchNames(path: string): Watching {
  const stop = new AbortController();
  let received = "";
  let state = "open";
  const reading = (async () => {
    const answer = await fetch(proxy.url + path, { signal: stop.signal });
    for await (const chunk of answer.body ?? []) received += Buffer.from(chunk).toString();
    state = "ended";
  })().catch(() => {
    state = "reset";
  });
  const nameIn = (line: string): string =>
    isJson(line)
      ? (JSON.parse(line) as { object: { metadata: { name: string } } }).object.metadata.name
      : "?";
  return {
    text: () => `${received.split("\n").filter(Boolean).map(nameIn).join(" ")}, ${state}`,
    async close() {
      stop.abort();
      await reading;
    },
  };
}

describe("the TCP proxy", () => {
  it("passes everything on, also byte by byte", async ({ expect }) => {
    await using tcp = await startTcpProxy(apiUrl);
    const whole = await get(secrets, apiUrl);
    expect(await get(secrets, tcp.url)).toEqual(whole);
    tcp.trickle();
    expect(await get(secrets, tcp.url)).toEqual(whole);
    expect(await outcome(apply("a", tcp.url))).toBe("201 JSON");
  });

  it("resets, refuses and accepts again", async ({ expect }) => {
    await using tcp = await startTcpProxy(apiUrl);
    expect(await outcome(get(secrets, tcp.url))).toBe("200 JSON");
    expect(tcp.open).toBeGreaterThan(0);
    tcp.reset();
    expect(tcp.open).toBe(0);
    await tcp.cut();
    expect(await outcome(get(secrets, tcp.url))).toBe("no answer");
    await tcp.mend();
    expect(await outcome(get(secrets, tcp.url))).toBe("200 JSON");
  });

  it("swallows everything as a black hole, and new connections work after it is mended", async ({
    expect,
  }) => {
    await using tcp = await startTcpProxy(apiUrl);
    tcp.blackHole();
    const lost = outcome(apply("a", tcp.url));
    await expect.poll(() => tcp.accepted).toBe(1);
    await tcp.mend();
    expect(await outcome(apply("b", tcp.url))).toBe("201 JSON");
    expect([tcp.open > 0, await stored("a")]).toEqual([true, false]);
    tcp.reset();
    expect(await lost).toBe("no answer");
  });

  it("ends the way from the API server alone", async ({ expect }) => {
    await using tcp = await startTcpProxy(apiUrl);
    const answer = await fetch(`${tcp.url}${secrets}?watch=true&resourceVersion=0`);
    tcp.halfClose();
    await expect(answer.text()).rejects.toThrow("terminated");
  });
});
