// pods/proxy: requests that the API server forwards to a pod's server.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it, onTestFinished } from "vitest";
import { startServer } from "./server.ts";

const pods = "/api/v1/namespaces/default/pods";

/** A server that answers with the path of the request. */
async function startEcho(): Promise<string> {
  const server = createServer((request, response) => {
    response.writeHead(request.url === "/teapot" ? 418 : 200, { "content-type": "text/plain" });
    response.end(request.url);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function startWithPod() {
  const echo = await startEcho();
  const api = await startServer({ podServer: (address) => (address === "10.0.0.1:8443" ? echo : undefined) });
  const containers = [{ name: "c", image: "c", ports: [{ name: "metrics", containerPort: 8443 }] }];
  for (const name of ["here", "new"]) {
    const body = { apiVersion: "v1", kind: "Pod", metadata: { name }, spec: { containers } };
    await api.call("POST", pods, body);
  }
  await api.call(
    "PATCH",
    `${pods}/here/status`,
    { status: { podIP: "10.0.0.1" } },
    {
      "content-type": "application/merge-patch+json",
    },
  );
  return api;
}

describe("pods/proxy", () => {
  it.for([
    ["https:here:8443/proxy/metrics", 200, "/metrics"],
    ["https%3Ahere%3A8443/proxy/metrics", 200, "/metrics"],
    ["here:8443/proxy/a/b?c=d", 200, "/a/b?c=d"],
    ["here/proxy", 200, "/"],
    ["here/proxy/teapot", 418, "/teapot"],
  ] as const)("forwards %s to the pod's server", async ([path, code, text], { expect }) => {
    const api = await startWithPod();
    expect(await api.call("GET", `${pods}/${path}`)).toMatchObject({ code, body: text });
  });

  it.for([
    [
      "GET",
      "https:here:8444/proxy/metrics",
      503,
      /^error trying to reach service: dial tcp 10\.0\.0\.1:8444/,
    ],
    ["GET", "here:8443:x:y/proxy/", 400, /^invalid pod request/],
    ["GET", "gone:8443/proxy/", 404, /^pods "gone" not found$/],
    ["GET", "new:8443/proxy/", 400, /^address not allowed$/],
    ["POST", "here:8443/proxy/", 405, /does not allow this method/],
  ] as const)("refuses %s %s", async ([method, path, code, message], { expect }) => {
    const api = await startWithPod();
    const answer = await api.call(method, `${pods}/${path}`);
    expect(answer).toMatchObject({ code, body: { kind: "Status", message: expect.stringMatching(message) } });
  });
});
