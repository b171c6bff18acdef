// Plain HTTP beside the RPCs, cross-origin access, and the answer on unknown paths.

import { once } from "node:events";
import * as http2 from "node:http2";
import { describe, it, onTestFinished } from "vitest";
import { HealthCheckResponse_ServingStatus as Status } from "../../../gen/grpc/health/v1/health_pb.ts";
import { sendText, type HttpRequest, type HttpResponse } from "../../../src/api/transport/http-types.ts";
import { grpcJs, grpcJsCheck, serve } from "./serving.ts";

const CHECK = "/grpc.health.v1.Health/Check";
const preflight = (origin: string): RequestInit => ({
  method: "OPTIONS",
  headers: { origin, "access-control-request-method": "POST" },
});

describe("plain HTTP", () => {
  it("answers its own paths, and lists them on all others", async ({ expect }) => {
    const { url } = await serve({
      httpPaths: ["/livez"],
      http(request, response) {
        if (request.url !== "/livez") return false;
        sendText(response, 200, "ok");
        return true;
      },
    });
    expect(await (await fetch(`${url}/livez`)).text()).toBe("ok\n");
    const missing = await fetch(`${url}/nowhere`);
    expect(missing.status).toBe(404);
    expect(await missing.text()).toMatch(/\/grpc\.health\.v1\.Health\/<method>.*\/livez/s);
  });

  it.for<[string, () => never | Promise<never>]>([
    [
      "throws",
      () => {
        throw new Error("secret");
      },
    ],
    ["rejects", () => Promise.reject(new Error("secret"))],
  ])("answers 500 without the reason when a path %s", async ([, http], { expect }) => {
    const { url, log } = await serve({ http });
    const response = await fetch(`${url}/metrics`);
    expect(response.status).toBe(500);
    expect(await response.text()).toBe("internal error\n");
    expect(log.lines).toContainEqual(expect.objectContaining({ level: "error", message: "request failed" }));
  });

  it.for<[string, (request: HttpRequest, response: HttpResponse) => boolean]>([
    ["finds nothing", () => false],
    ["answers", (_request, response) => (sendText(response, 200, "late"), true)],
    [
      "throws",
      () => {
        throw new Error("late");
      },
    ],
  ])("keeps serving when a path %s after its client has disconnected", async ([, http], { expect }) => {
    const entered = Promise.withResolvers<void>();
    const left = Promise.withResolvers<void>();
    const done = Promise.withResolvers<void>();
    const { url, port } = await serve({
      async http(request, response) {
        response.once("close", () => left.resolve());
        entered.resolve();
        await left.promise;
        setImmediate(() => done.resolve());
        return http(request, response);
      },
    });
    const session = http2.connect(url);
    const stream = session.request({ ":path": "/slow" });
    await entered.promise;
    stream.close(http2.constants.NGHTTP2_CANCEL);
    await done.promise;
    session.destroy();
    expect(await grpcJsCheck(grpcJs(port))).toMatchObject({ status: Status.SERVING });
  });

  it.for(["/1.1", "/2"])(
    "does not let a truncated response look complete over HTTP%s",
    async (version, { expect }) => {
      const { url } = await serve({
        http(_request, response) {
          response.writeHead(200);
          response.write("half");
          throw new Error("broken");
        },
      });
      if (version === "/1.1") {
        await expect(fetch(`${url}/metrics`).then((response) => response.text())).rejects.toThrow();
        return;
      }
      const session = http2.connect(url);
      onTestFinished(() => session.destroy());
      await expect(once(session.request({ ":path": "/metrics" }).resume(), "end")).rejects.toThrow(
        /INTERNAL_ERROR/,
      );
    },
  );
});

describe("cross-origin access", () => {
  const allowedOrigins = ["https://console.example"];

  it("is granted to a listed origin", async ({ expect }) => {
    const { url } = await serve({ allowedOrigins });
    const asked = await fetch(url + CHECK, preflight("https://console.example"));
    expect(asked.status).toBe(204);
    expect(asked.headers.get("access-control-allow-origin")).toBe("https://console.example");
    expect(asked.headers.get("access-control-allow-headers")).toMatch(
      /Connect-Protocol-Version.*Authorization.*x-request-id/i,
    );
    const called = await fetch(url + CHECK, {
      method: "POST",
      body: "{}",
      headers: { origin: "https://console.example", "content-type": "application/json" },
    });
    expect(called.headers.get("access-control-allow-origin")).toBe("https://console.example");
    expect(called.headers.get("access-control-expose-headers")).toMatch(/Grpc-Status.*x-request-id/i);
    expect(called.headers.get("vary")).toMatch(/Origin/);
  });

  it.for<[string, string[]]>([
    ["an origin that is not listed", allowedOrigins],
    ["any origin when none is listed", []],
  ])("is refused to %s", async ([, origins], { expect }) => {
    const { url } = await serve({ allowedOrigins: origins });
    const asked = await fetch(url + CHECK, preflight("https://evil.example"));
    expect(asked.status).toBe(403);
    expect(asked.headers.get("access-control-allow-origin")).toBeNull();
  });
});
