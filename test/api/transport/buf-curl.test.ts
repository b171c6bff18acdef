// A foreign client that knows the API by reflection alone: buf curl, with each protocol.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, it } from "vitest";
import { serve } from "./serving.ts";

const run = promisify(execFile);
const BUF = fileURLToPath(new URL("../../../node_modules/.bin/buf", import.meta.url));

async function bufCurl(...args: string[]): Promise<string> {
  const { stdout } = await run(BUF, ["curl", "--http2-prior-knowledge", ...args]);
  return stdout;
}

describe("buf curl", () => {
  it.for(["grpc-v1", "grpc-v1alpha"])("lists services by reflection %s", async (version, { expect }) => {
    const { url } = await serve();
    expect((await bufCurl("--reflect-protocol", version, "--list-services", url)).trim().split("\n")).toEqual(
      [
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
      ],
    );
  });

  it.for(["grpc", "grpcweb", "connect"])(
    "calls what reflection describes by %s",
    async (protocol, { expect }) => {
      const { url } = await serve();
      const answer = await bufCurl("--protocol", protocol, "-d", "{}", `${url}/grpc.health.v1.Health/Check`);
      expect(JSON.parse(answer)).toEqual({ status: "SERVING" });
    },
  );
});
