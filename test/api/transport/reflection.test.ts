// grpc.reflection: each question of the protocol, in both versions.

import { fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Code, createClient, createRouterTransport } from "@connectrpc/connect";
import { describe, type ExpectStatic, it } from "vitest";
import { Health } from "../../../gen/grpc/health/v1/health_pb.ts";
import { file_google_rpc_error_details } from "../../../gen/google/rpc/error_details_pb.ts";
import {
  ServerReflection,
  type ServerReflectionRequest,
} from "../../../gen/grpc/reflection/v1/reflection_pb.ts";
import { ServerReflection as Alpha } from "../../../gen/grpc/reflection/v1alpha/reflection_pb.ts";
import { createReflection } from "../../../src/api/transport/reflection.ts";

type Question = ServerReflectionRequest["messageRequest"];

async function ask(expect: ExpectStatic, messageRequest: Question) {
  const transport = createRouterTransport(createReflection([Health]));
  const request = { host: "here", messageRequest } as ServerReflectionRequest;
  const answers = await collect(
    createClient(ServerReflection, transport).serverReflectionInfo(once(request)),
  );
  expect(answers).toMatchObject([{ validHost: "here" }]);
  return answers[0]!.messageResponse;
}

async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const value of values) collected.push(value);
  return collected;
}

async function* once<T>(value: T): AsyncGenerator<T> {
  yield value;
}

describe("reflection", () => {
  it.for<[string, Question]>([
    ["its name", { case: "fileByFilename", value: "grpc/health/v1/health.proto" }],
    ["a service in it", { case: "fileContainingSymbol", value: "grpc.health.v1.Health" }],
    ["a method in it", { case: "fileContainingSymbol", value: "grpc.health.v1.Health.Check" }],
    ["a message in it", { case: "fileContainingSymbol", value: "grpc.health.v1.HealthCheckRequest" }],
    ["a field in it", { case: "fileContainingSymbol", value: "grpc.health.v1.HealthCheckRequest.service" }],
    [
      "an enum in it",
      { case: "fileContainingSymbol", value: "grpc.health.v1.HealthCheckResponse.ServingStatus" },
    ],
  ])("finds a file by %s", async ([, question], { expect }) => {
    const answer = await ask(expect, question);
    if (answer.case !== "fileDescriptorResponse") throw new Error(`unexpected ${answer.case}`);
    const names = answer.value.fileDescriptorProto.map(
      (bytes) => fromBinary(FileDescriptorProtoSchema, bytes).name,
    );
    expect(names).toEqual(["grpc/health/v1/health.proto"]);
  });

  it.for<[string, Question, Code]>([
    ["a file", { case: "fileByFilename", value: file_google_rpc_error_details.proto.name }, Code.NotFound],
    ["a symbol", { case: "fileContainingSymbol", value: "no.Such" }, Code.NotFound],
    ["a method", { case: "fileContainingSymbol", value: "grpc.health.v1.Health.NoSuch" }, Code.NotFound],
    ["a type with extensions", { case: "allExtensionNumbersOfType", value: "no.Such" }, Code.NotFound],
    ["nothing at all", { case: undefined }, Code.InvalidArgument],
  ])(
    "answers a question about %s that it does not know with an error in the stream",
    async ([, question, errorCode], { expect }) => {
      expect(await ask(expect, question)).toMatchObject({ case: "errorResponse", value: { errorCode } });
    },
  );

  it("lists no extensions for a type that has none", async ({ expect }) => {
    const asked = { case: "allExtensionNumbersOfType", value: "grpc.health.v1.HealthCheckRequest" } as const;
    expect(await ask(expect, asked)).toMatchObject({
      case: "allExtensionNumbersResponse",
      value: { extensionNumber: [] },
    });
  });

  it("answers several questions on one v1alpha stream in order", async ({ expect }) => {
    const client = createClient(Alpha, createRouterTransport(createReflection([Health])));
    async function* questions() {
      yield { messageRequest: { case: "listServices" as const, value: "" } };
      yield { messageRequest: { case: "fileByFilename" as const, value: "no.proto" } };
    }
    const answers = await collect(client.serverReflectionInfo(questions()));
    expect(answers.map(({ messageResponse }) => messageResponse.case)).toEqual([
      "listServicesResponse",
      "errorResponse",
    ]);
  });
});
