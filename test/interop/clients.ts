// The clients of the story: none of their code is of this product.
import type { DescMethod, JsonObject } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import {
  CallFailed,
  decode,
  encode,
  failureFromJson,
  failureFromStatus,
  frame,
  frames,
  methodPath,
  type ForeignClient,
} from "./foreign-client.ts";
import { buf, output, run } from "./programs.ts";

/** buf curl, which knows the API by reflection alone. */
export function bufCurl(url: string, protocol: "grpc" | "grpcweb" | "connect"): ForeignClient {
  const args = (method: DescMethod): readonly string[] => [
    "curl",
    "--http2-prior-knowledge",
    `--protocol=${protocol}`,
    "--data=@-",
    `${url}/${methodPath(method)}`,
  ];
  return {
    async call(method, request) {
      const { code, stdout, stderr } = await run(buf, args(method), JSON.stringify(request));
      if (code !== 0) throw failureFromJson(stderr);
      return JSON.parse(stdout) as JsonObject;
    },
    stream: (method, request) => jsonValues(output(buf, args(method), JSON.stringify(request))),
  };
}

/** JSON objects printed one after the other, each with its last brace at the start of a line or alone on one. */
async function* jsonValues(chunks: AsyncIterable<Buffer>): AsyncGenerator<JsonObject> {
  let rest = "";
  for await (const chunk of chunks) {
    rest += chunk.toString();
    for (;;) {
      const end = /^\}|^\{.*\}$/m.exec(rest);
      if (end === null) break;
      const length = end.index + end[0].length;
      yield JSON.parse(rest.slice(0, length)) as JsonObject;
      rest = rest.slice(length);
    }
  }
}

/** @grpc/grpc-js, the gRPC of Node. */
export function grpcJs(url: string): ForeignClient {
  const Client = grpc.makeGenericClientConstructor({}, "");
  const client = new Client(new URL(url).host, grpc.credentials.createInsecure());
  const path = (method: DescMethod): string => `/${methodPath(method)}`;
  const failureOf = (error: grpc.ServiceError): Error => {
    const [status] = error.metadata.get("grpc-status-details-bin");
    if (!Buffer.isBuffer(status)) return new CallFailed(error.code, error.details, []);
    const failed = failureFromStatus(status);
    const code: number = error.code;
    if (failed.code !== code) throw new Error(`grpc-status ${code}, in the details ${failed.code}`);
    return failed;
  };
  return {
    call: (method, request) =>
      new Promise((resolve, reject) => {
        client.makeUnaryRequest(
          path(method),
          (json: JsonObject) => encode(method, json),
          (bytes) => decode(method, bytes),
          request,
          (error, answer) => (answer === undefined ? reject(error && failureOf(error)) : resolve(answer)),
        );
      }),
    async *stream(method, request) {
      const call = client.makeServerStreamRequest(
        path(method),
        (json: JsonObject) => encode(method, json),
        (bytes) => decode(method, bytes),
        request,
      );
      try {
        for await (const message of call) yield message as JsonObject;
      } finally {
        call.cancel();
      }
    },
  };
}

/** curl with Connect's JSON over HTTP/1.1. */
export function connectByCurl(url: string): ForeignClient {
  const args = (method: DescMethod, type: string): readonly string[] => [
    "-sSN",
    `-Hcontent-type: ${type}`,
    "--data-binary",
    "@-",
    `${url}/${methodPath(method)}`,
  ];
  return {
    async call(method, request) {
      const withStatus = ["-w", "\n%{http_code}", ...args(method, "application/json")];
      const { stdout } = await run("curl", withStatus, JSON.stringify(request));
      const [body = "", status = ""] = stdout.split(/\n(?=\d+$)/);
      if (status !== "200") throw failureFromJson(body);
      return JSON.parse(body) as JsonObject;
    },
    async *stream(method, request) {
      const input = frame(Buffer.from(JSON.stringify(request)));
      for await (const { flags, data } of frames(
        output("curl", args(method, "application/connect+json"), input),
      )) {
        const message = JSON.parse(data.toString()) as JsonObject;
        if ((flags & 2) === 0) yield message;
        else if (message["error"] !== undefined) throw failureFromJson(JSON.stringify(message["error"]));
      }
    },
  };
}

/** gRPC-Web over HTTP/1.1, as a browser speaks it: fetch, binary frames, trailers in the last one. */
export function grpcWebByFetch(url: string): ForeignClient {
  async function* answers(method: DescMethod, request: JsonObject): AsyncGenerator<JsonObject> {
    const left = new AbortController();
    try {
      const response = await fetch(`${url}/${methodPath(method)}`, {
        method: "POST",
        headers: { "content-type": "application/grpc-web+proto", "x-grpc-web": "1" },
        body: Uint8Array.from(frame(encode(method, request))),
        signal: left.signal,
      });
      if (response.status !== 200) throw new Error(`HTTP ${response.status}`);
      if (response.headers.has("grpc-status")) throwFailure(response.headers);
      if (response.body === null) throw new Error("an answer without body");
      for await (const { flags, data } of frames(response.body)) {
        if ((flags & 0x80) === 0) yield decode(method, data);
        else throwFailure(trailersOf(data.toString()));
      }
    } finally {
      left.abort();
    }
  }
  return {
    async call(method, request) {
      for await (const answer of answers(method, request)) return answer;
      throw new Error("an answer without message");
    },
    stream: answers,
  };
}

function trailersOf(text: string): Headers {
  const lines = text.split("\r\n").filter((line) => line !== "");
  return new Headers(lines.map((line) => line.split(/:\s*(.*)/s).slice(0, 2) as [string, string]));
}

function throwFailure(trailers: Headers): void {
  const code = Number(trailers.get("grpc-status"));
  if (code === 0) return;
  const details = trailers.get("grpc-status-details-bin");
  if (details !== null) throw failureFromStatus(Buffer.from(details, "base64"));
  throw new CallFailed(code, decodeURIComponent(trailers.get("grpc-message") ?? ""), []);
}
