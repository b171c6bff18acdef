// Plain HTTP beside the RPCs, cross-origin access, and what is told to those who ask for something else.

import { describe, expect, it } from "vitest";
import { sendText } from "../../../src/api/transport/http-types.ts";
import { serve } from "./serving.ts";

const CHECK = "/grpc.health.v1.Health/Check";
const preflight = (origin: string): RequestInit => ({
  method: "OPTIONS",
  headers: { origin, "access-control-request-method": "POST" },
});

describe("plain HTTP", () => {
  it("answers its own paths and names what is served under all others", async () => {
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
  ])("answers 500 without the reason when a path %s", async ([, http]) => {
    const { url, log } = await serve({ http });
    const response = await fetch(`${url}/metrics`);
    expect(response.status).toBe(500);
    expect(await response.text()).toBe("internal error\n");
    expect(log.lines).toContainEqual(expect.objectContaining({ level: "error", message: "request failed" }));
  });
});

describe("cross-origin access", () => {
  const allowedOrigins = ["https://console.example"];

  it("is given to a listed origin", async () => {
    const { url } = await serve({ allowedOrigins });
    const asked = await fetch(url + CHECK, preflight("https://console.example"));
    expect(asked.status).toBe(204);
    expect(asked.headers.get("access-control-allow-origin")).toBe("https://console.example");
    expect(asked.headers.get("access-control-allow-headers")).toMatch(
      /Connect-Protocol-Version.*Authorization/i,
    );
    const called = await fetch(url + CHECK, {
      method: "POST",
      body: "{}",
      headers: { origin: "https://console.example", "content-type": "application/json" },
    });
    expect(called.headers.get("access-control-allow-origin")).toBe("https://console.example");
    expect(called.headers.get("access-control-expose-headers")).toMatch(/Grpc-Status/i);
    expect(called.headers.get("vary")).toMatch(/Origin/);
  });

  it.for<[string, string[]]>([
    ["an origin that is not listed", allowedOrigins],
    ["any origin when none is listed", []],
  ])("is refused to %s", async ([, origins]) => {
    const { url } = await serve({ allowedOrigins: origins });
    const asked = await fetch(url + CHECK, preflight("https://evil.example"));
    expect(asked.status).toBe(403);
    expect(asked.headers.get("access-control-allow-origin")).toBeNull();
  });
});
