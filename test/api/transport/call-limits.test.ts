// Calls whose message never arrives: they are ended, and do not keep others from being served.
import { once } from "node:events";
import * as http2 from "node:http2";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { describe, it, onTestFinished, vi } from "vitest";
import { ErrorInfoSchema, RetryInfoSchema } from "../../../gen/google/rpc/error_details_pb.ts";
import {
  Health,
  HealthCheckResponse_ServingStatus as Status,
} from "../../../gen/grpc/health/v1/health_pb.ts";
import { oneByOne, rawSocket, serve, transports } from "./serving.ts";

type Server = Awaited<ReturnType<typeof serve>>;

interface UnfinishedCall {
  /** grpc-status of the answer; undefined before it. */
  status: string | undefined;
  isClosed: boolean;
}

/** A connection with calls that send the beginning of a message and nothing more. */
async function unfinishedCalls({ url }: Server, count: number): Promise<readonly UnfinishedCall[]> {
  const session = http2.connect(url);
  session.on("error", () => undefined);
  onTestFinished(() => session.destroy());
  await once(session, "remoteSettings");
  return Array.from({ length: count }, () => {
    const call: UnfinishedCall = { status: undefined, isClosed: false };
    const stream = session.request({
      ":method": "POST",
      ":path": "/grpc.health.v1.Health/Check",
      "content-type": "application/grpc",
    });
    const read = (headers: http2.IncomingHttpHeaders): void => {
      const status = headers["grpc-status"];
      if (typeof status === "string") call.status = status;
    };
    stream.on("response", read).on("trailers", read);
    stream.on("error", () => undefined).on("close", () => (call.isClosed = true));
    stream.resume().write(Buffer.from([0, 0, 0, 0, 9]));
    return call;
  });
}

const check = async (url: string) =>
  await createClient(Health, transports["gRPC over HTTP/2"]!(url)).check({});
const statuses = (calls: readonly UnfinishedCall[]) => calls.filter(({ status }) => status !== undefined);
const exhausted = String(Code.ResourceExhausted);

describe("calls in flight", () => {
  it("are ended when their message does not arrive in time", async ({ expect }) => {
    const server = await serve({ callLimits: { messageTimeoutMs: 50 } });
    const [call] = await unfinishedCalls(server, 1);
    await vi.waitUntil(() => call?.isClosed);
    expect(call?.status).toBe(String(Code.Unavailable));
    expect(await check(server.url)).toMatchObject({ status: Status.SERVING });
  });

  it("are ended over HTTP/1.1 too, with the reason and the time to wait", async ({ expect }) => {
    const server = await serve({ callLimits: { messageTimeoutMs: 50 } });
    const socket = rawSocket(server);
    const closed = once(socket, "close");
    socket.write(
      "POST /grpc.health.v1.Health/Check HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{",
    );
    await closed;
    expect(socket.received()).toMatch(/^HTTP\/1\.1 503 /);
    expect(socket.received()).toContain("MESSAGE_TIMEOUT");
    expect(socket.received()).toContain("google.rpc.RetryInfo");
  });

  it("beyond the maximum are taken at the cost of the connection that has the most unfinished ones", async ({
    expect,
  }) => {
    const server = await serve({ callLimits: { maxCalls: 10, messageTimeoutMs: 60_000 } });
    const few = await unfinishedCalls(server, 3);
    const many = await unfinishedCalls(server, 40);
    await vi.waitUntil(() => statuses(many).length >= 33);
    for (let round = 0; round < 3; round += 1)
      expect(await check(server.url)).toMatchObject({ status: Status.SERVING });
    expect(statuses(few)).toEqual([]);
    expect(new Set(statuses(many).map(({ status }) => status))).toEqual(new Set([exhausted]));
    await vi.waitUntil(() => many.filter(({ isClosed }) => isClosed).length >= 33);
  });

  it("beyond the maximum are refused before their body is read if the others are being answered", async ({
    expect,
  }) => {
    const server = await serve({ callLimits: { maxCalls: 2 } });
    const client = createClient(Health, transports["gRPC over HTTP/2"]!(server.url));
    const left = new AbortController();
    const streams = [oneByOne(client.watch({}, { signal: left.signal })), oneByOne(client.watch({}))];
    for (const stream of streams) await stream.next();
    // Twice, because the first answer is recorded for those that follow.
    for (let call = 0; call < 2; call += 1) {
      const error: unknown = await client.check({}).catch((reason: unknown) => reason);
      const refused = ConnectError.from(error);
      expect(refused.code).toBe(Code.ResourceExhausted);
      expect(refused.findDetails(ErrorInfoSchema)).toMatchObject([
        { reason: "TOO_MANY_CALLS", metadata: { max: "2" } },
      ]);
      expect(refused.findDetails(RetryInfoSchema)).toMatchObject([{ retryDelay: { seconds: 1n } }]);
    }
    left.abort();
    await vi.waitUntil(async () => (await client.check({}).catch(() => undefined)) !== undefined);
  });

  it("leave no trace when they end", async ({ expect }) => {
    const server = await serve({ callLimits: { maxCalls: 2 } });
    for (const transport of Object.values(transports)) {
      const client = createClient(Health, transport(server.url));
      for (let call = 0; call < 5; call += 1)
        expect(await client.check({})).toMatchObject({ status: Status.SERVING });
      await expect(client.check({ service: "none" })).rejects.toMatchObject({ code: Code.NotFound });
    }
  });
});
