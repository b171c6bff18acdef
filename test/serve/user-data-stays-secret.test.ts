// A canary in user-data: however an apply ends, it is in the Secret and nowhere else.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Code, ConnectError } from "@connectrpc/connect";
import { stringify } from "yaml";
import { describe, it, onTestFinished } from "vitest";
import { connectKube } from "../../src/kube/connection/connect.ts";
import { namespaces, secrets } from "../../src/kube/resource.ts";
import { startLocalCluster } from "../../src/local/local-cluster.ts";
import { startFaultyProxy, statusBody, type Refusal } from "./faulty-proxy.ts";
import { startServe, temporaryFolder } from "./main-process.ts";
import { silentLog } from "../support/log.ts";
import { clientsOf } from "./running-service.ts";
import { namespaceOf } from "../support/objects.ts";

const canary = "canary-3b1f-keep-secret";
const text = `#cloud-config\nupdates: {network: {when: [boot]}}\npassword: ${canary}\n`;
/** Pieces of it in every form in which an object carries it; a base64 text is the same from any multiple of 3 on. */
const traces = [canary, Buffer.from(text).toString("base64").slice(4, -8)];

const strict = 'strict decoding error: unknown field "spec.flavour"';
const goMap = (body: string): string =>
  `map[${Object.entries(JSON.parse(body) as object)
    .map(([key, value]) => `${key}:${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(" ")}]`;

/** How an apply may end at an API server, the code that it has, and words that are left of the reason. */
const endings: readonly (readonly [string, Refusal, Code, RegExp])[] = [
  [
    "refused by strict decoding",
    (body) => {
      const message = `Invalid value: ${JSON.stringify(body)}: ${strict}`;
      return { status: 422, body: statusBody(422, "Invalid", ` "" is invalid: patch: ${message}`, "patch") };
    },
    Code.InvalidArgument,
    /unknown field "spec\.flavour"/,
  ],
  [
    "refused by strict decoding that prints a Go map",
    (body) => {
      const message = `Invalid value: ${JSON.stringify(goMap(body))}: ${strict}`;
      return { status: 422, body: statusBody(422, "Invalid", ` "" is invalid: patch: ${message}`, "patch") };
    },
    Code.InvalidArgument,
    /unknown field "spec\.flavour"/,
  ],
  [
    "refused by admission that quotes the object",
    (body) => {
      const message = `admission webhook "audit.example" denied the request: ${body} is not wanted`;
      return { status: 403, body: statusBody(403, "Forbidden", message) };
    },
    Code.InvalidArgument,
    /audit\.example.* is not wanted/,
  ],
  [
    "failed inside the API server",
    (body) => ({ status: 500, body: statusBody(500, "InternalError", `cannot store ${body}`) }),
    Code.Unavailable,
    /cannot store/,
  ],
  [
    "failed at a proxy that quotes the request",
    (body) => ({ status: 400, body: `bad request: ${body}` }),
    Code.InvalidArgument,
    /bad request/,
  ],
  [
    "answered with half an object",
    (body) => ({ status: 200, body: body.slice(0, -10) }),
    Code.Unavailable,
    /not a JSON object/,
  ],
];

describe("user-data", { timeout: 60_000 }, () => {
  it("never appears in output, errors or metrics", async ({ expect }) => {
    const anyPort = { host: "127.0.0.1", port: 0 };
    const clock = (): Date => new Date();
    const local = await startLocalCluster({ apiListen: anyPort, delays: "fast", log: silentLog, clock });
    onTestFinished(() => local.stop());
    const cluster = connectKube({ server: local.url });
    onTestFinished(() => cluster.close());
    const proxy = await startFaultyProxy(local.url);
    onTestFinished(() => proxy.close());
    const kubeconfig = join(await temporaryFolder(), "kubeconfig");
    await writeFile(
      kubeconfig,
      stringify({
        "current-context": "it",
        clusters: [{ name: "it", cluster: { server: proxy.url } }],
        contexts: [{ name: "it", context: { cluster: "it", user: "it" } }],
        users: [{ name: "it", user: {} }],
      }),
    );
    const serving = await startServe(["--kubeconfig", kubeconfig, "--log-level", "debug"]);
    onTestFinished(() => serving.stop());
    const { vms, networks } = clientsOf(serving.url);
    const name = "shop";
    await cluster.create(namespaces, namespaceOf(name));

    const machine = (vm: string, nics: readonly string[] = ["eth0"]) => ({
      namespace: name,
      name: vm,
      userData: { source: { case: "text" as const, value: text } },
      networks: nics.map((nic) => ({ name: nic })),
    });
    const seen: string[] = [];
    const failing = async (call: Promise<unknown>): Promise<ConnectError> => {
      const error = ConnectError.from(
        await call.then(
          () => new Error("it was accepted"),
          (reason: unknown) => reason,
        ),
      );
      const details = error.details.map((detail) =>
        detail.value instanceof Uint8Array
          ? Buffer.from(detail.value).toString("latin1")
          : JSON.stringify(detail),
      );
      seen.push(
        `${error.message}\n${[...error.metadata.entries()].flat().join("\n")}\n${details.join("\n")}`,
      );
      return error;
    };

    await vms.applyVM({ virtualMachine: machine("accepted") });
    const stored = await cluster.get(secrets, { namespace: name, name: "multinic-accepted" });
    expect(stored.data?.["userdata"]).toContain(traces[1]);
    seen.push(
      JSON.stringify((await vms.getVM({ namespace: name, name: "accepted" })).virtualMachine?.interfaces),
    );

    for (const [what, refusal, code, words] of endings) {
      proxy.refuse("/secrets/", refusal);
      const error = await failing(vms.applyVM({ virtualMachine: machine("refused") }));
      expect(error.code, what).toBe(code);
      expect(seen.at(-1), what).toMatch(words);
    }
    proxy.refuse("", undefined);

    // A finding about a spec with user-data.
    const twice = machine("refused", ["eth0", "eth0"]);
    await failing(vms.applyVM({ virtualMachine: twice }));
    seen.push(JSON.stringify((await networks.validateNetworks({ virtualMachine: twice })).findings));

    // A request that cannot be read, and one that is too large.
    for (const userData of [text, { text: [text] }, { [text]: "" }, { text: text.repeat(10_000) }]) {
      const answer = await fetch(`${serving.url}/multinic.v1.VirtualMachineService/ApplyVM`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ virtualMachine: { namespace: name, name: "unread", userData } }),
      });
      expect([400, 429]).toContain(answer.status);
    }

    // Another manager takes over the network-config, and the next apply conflicts with it.
    const { metadata } = stored;
    await cluster.apply(
      secrets,
      {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: metadata.name, namespace: name },
        data: { networkdata: Buffer.from("version: 2\n").toString("base64") },
      },
      { fieldManager: "argo", force: true },
    );
    const conflict = await failing(vms.applyVM({ virtualMachine: machine("accepted", ["eth0", "eth1"]) }));
    expect(conflict.code).toBe(Code.FailedPrecondition);
    expect(conflict.rawMessage).toContain("argo");

    const scraped = await (await fetch(`${serving.url}/metrics`)).text();
    serving.signal("SIGTERM");
    const { code, stdout, stderr } = await serving.ended;
    expect(code).toBe(0);
    expect(stderr).toContain('"method":"ApplyVM"');
    for (const trace of traces) {
      for (const place of [stdout, stderr, scraped, ...seen]) expect(place).not.toContain(trace);
    }
  });
});
