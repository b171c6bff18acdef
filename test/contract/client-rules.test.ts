// A request that the rules in the protos call incomplete is refused by the service with the same field and code.
import { create, type DescMessage } from "@bufbuild/protobuf";
import { pathToString } from "@bufbuild/protobuf/reflect";
import { createValidator } from "@bufbuild/protovalidate";
import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, it } from "vitest";
import { BadRequestSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { ValidateNetworksRequestSchema } from "../../gen/multinic/v1/network_service_pb.ts";
import {
  ApplyVMRequestSchema,
  DeleteVMRequestSchema,
  GetVMRequestSchema,
} from "../../gen/multinic/v1/virtual_machine_service_pb.ts";
import { startRunningService, type RunningService } from "../serve/running-service.ts";
import { refusalOf } from "./refusal.ts";

const validator = createValidator();

describe("an empty request", () => {
  let running: RunningService;
  beforeAll(async () => {
    running = await startRunningService();
  });
  afterAll(async () => await running.stop());

  it.for<[string, DescMessage, () => Promise<unknown>, readonly string[]]>([
    ["ApplyVM", ApplyVMRequestSchema, () => running.vms.applyVM({}), ["virtualMachine"]],
    [
      "ValidateNetworks",
      ValidateNetworksRequestSchema,
      () => running.networks.validateNetworks({}),
      ["virtualMachine"],
    ],
    ["GetVM", GetVMRequestSchema, () => running.vms.getVM({}), ["namespace", "name"]],
    ["DeleteVM", DeleteVMRequestSchema, () => running.vms.deleteVM({}), ["namespace", "name"]],
  ])("of %s lacks its required fields", async ([, schema, call, fields], { expect }) => {
    const { violations = [] } = validator.validate(schema, create(schema));
    expect(violations.map(({ ruleId }) => ruleId)).toEqual(fields.map(() => "FIELD_REQUIRED"));
    // The rule for a VM is one of the whole request.
    const places = violations.map(({ field }) => pathToString(field));
    expect(places).toEqual(fields.map((field) => (field === "virtualMachine" ? "" : field)));
    const error = await refusalOf(call());
    expect(error.code).toBe(Code.InvalidArgument);
    expect(error.findDetails(BadRequestSchema)[0]?.fieldViolations).toMatchObject(
      fields.map((field) => ({ field, reason: "FIELD_REQUIRED" })),
    );
  });
});
