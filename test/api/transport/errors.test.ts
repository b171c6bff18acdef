// Errors as a foreign client reads them off the wire.

import { durationMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import * as grpc from "@grpc/grpc-js";
import { describe, it } from "vitest";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  PreconditionFailureSchema,
  ResourceInfoSchema,
  RetryInfoSchema,
} from "../../../gen/google/rpc/error_details_pb.ts";
import { Health } from "../../../gen/grpc/health/v1/health_pb.ts";
import {
  failedPrecondition,
  invalidArgument,
  resourceError,
  rpcError,
  unavailable,
} from "../../../src/api/transport/errors.ts";
import { grpcJs, grpcJsCheck, serve, transports } from "./serving.ts";

/** What a Connect client over gRPC gets when a service throws. */
async function received(thrown: ConnectError): Promise<ConnectError> {
  const { url } = await failing(thrown);
  const answer = createClient(Health, transports["gRPC over HTTP/2"]!(url)).check({});
  return answer.then(
    () => Promise.reject(new Error("the call succeeded")),
    (reason: unknown) => ConnectError.from(reason),
  );
}

function failing(thrown: unknown) {
  return serve({
    routes: (router) =>
      router.service(Health, {
        check() {
          throw thrown;
        },
      }),
  });
}

describe("errors on the wire", () => {
  const vm = { kind: "VirtualMachine", namespace: "shop", name: "web" };
  const absent = resourceError(Code.NotFound, vm, "does not exist");
  const present = resourceError(Code.AlreadyExists, vm, "exists already");
  const missing = {
    type: "NAD_MISSING",
    subject: "NetworkAttachmentDefinition shop/lan",
    description: "create it",
  };

  it.for<[string, ConnectError, Code, string]>([
    [
      "invalidArgument",
      invalidArgument([{ field: "a", description: "b" }]),
      Code.InvalidArgument,
      "INVALID_REQUEST",
    ],
    ["resourceError", absent, Code.NotFound, "NOT_FOUND"],
    ["resourceError", present, Code.AlreadyExists, "ALREADY_EXISTS"],
    [
      "failedPrecondition",
      failedPrecondition([missing], { reason: "NAD_MISSING", message: "not yet" }),
      Code.FailedPrecondition,
      "NAD_MISSING",
    ],
    ["unavailable", unavailable(1_500), Code.Unavailable, "UNAVAILABLE"],
    ["rpcError", rpcError(Code.Aborted, { reason: "ETAG", message: "changed" }), Code.Aborted, "ETAG"],
  ])(
    "%s carries its code and an ErrorInfo of multinic's domain",
    async ([, thrown, code, reason], { expect }) => {
      const error = await received(thrown);
      expect(error.code).toBe(code);
      expect(error.findDetails(ErrorInfoSchema)).toMatchObject([
        { reason, domain: "multinic.novasphere.dev" },
      ]);
    },
  );

  it("carries the standard detail of each kind", async ({ expect }) => {
    expect((await received(absent)).findDetails(ResourceInfoSchema)).toMatchObject([
      { resourceType: "VirtualMachine", resourceName: "shop/web" },
    ]);
    const [retry] = (await received(unavailable(1_500))).findDetails(RetryInfoSchema);
    expect(durationMs(retry!.retryDelay!)).toBe(1_500);
    const unmet = await received(failedPrecondition([missing], { reason: "R", message: "m" }));
    expect(unmet.findDetails(PreconditionFailureSchema)).toMatchObject([{ violations: [missing] }]);
  });

  it("lists all violations, and has the first in its message", async ({ expect }) => {
    const violations = [
      { field: "networks[0].mtu", description: "70000 is too large", reason: "MTU_TOO_LARGE" },
      { field: "networks[1].vlanId", description: "5000 is not in 1..4094", reason: "VLAN_RANGE" },
    ];
    const error = await received(invalidArgument(violations));
    expect(error.rawMessage).toBe("networks[0].mtu - 70000 is too large (and 1 more)");
    expect(error.findDetails(BadRequestSchema)).toMatchObject([{ fieldViolations: violations }]);
  });

  it("reaches grpc-js as readable text and details", async ({ expect }) => {
    const thrown = rpcError(Code.Aborted, {
      reason: "ETAG",
      message: "VM shop/web changed: read it again, then retry",
    });
    const client = grpcJs((await failing(thrown)).port);
    const error = await grpcJsCheck(client).catch((reason: grpc.ServiceError) => reason);
    expect(error).toMatchObject({ code: grpc.status.ABORTED });
    expect((error as grpc.ServiceError).details).not.toMatch(/%2C|%3A/);
    expect((error as grpc.ServiceError).metadata.get("grpc-status-details-bin")).toHaveLength(1);
  });

  it("reveals nothing about an unexpected failure", async ({ expect }) => {
    const { url } = await failing(new Error("password is hunter2"));
    const answer = createClient(Health, transports["Connect over HTTP/1.1"]!(url)).check({});
    await expect(answer).rejects.toMatchObject({ code: Code.Internal, rawMessage: "internal error" });
  });
});
