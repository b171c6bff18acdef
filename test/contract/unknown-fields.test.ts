// A client that is newer than the service sends fields that the service does not know: refused in every protocol.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, it } from "vitest";
import { NetworkConfigSchema } from "../../gen/multinic/v1/network_pb.ts";
import { NetworkService } from "../../gen/multinic/v1/network_service_pb.ts";
import { VirtualMachineService } from "../../gen/multinic/v1/virtual_machine_service_pb.ts";
import { virtualMachines } from "../../src/kube/resource.ts";
import { transports } from "../api/transport/serving.ts";
import { startRunningService, type RunningService } from "../serve/running-service.ts";

const namespace = "newer";

/** A NIC with field 99, which no version has yet. */
const newerNic = fromBinary(
  NetworkConfigSchema,
  new BinaryWriter()
    .raw(toBinary(NetworkConfigSchema, create(NetworkConfigSchema, { name: "eth0" })))
    .tag(99, WireType.LengthDelimited)
    .string("guest link")
    .finish(),
);
const virtualMachine = { namespace, name: "web", networks: [newerNic] };
const unknownField = { code: "UNKNOWN_FIELD", field: "networks[0].99" };

describe("a field that only a newer client knows", () => {
  let running: RunningService;
  beforeAll(async () => {
    running = await startRunningService();
    await running.namespace(namespace);
  });
  afterAll(async () => await running.stop());

  const binary = Object.entries(transports).filter(([name]) => !name.includes("JSON"));

  it.for(binary)("is a finding of ValidateNetworks: %s", async ([, transport], { expect }) => {
    const networks = createClient(NetworkService, transport(running.url));
    expect((await networks.validateNetworks({ virtualMachine })).findings).toMatchObject([unknownField]);
  });

  it.for(binary)("keeps ApplyVM from writing: %s", async ([, transport], { expect }) => {
    const vms = createClient(VirtualMachineService, transport(running.url));
    expect(await vms.applyVM({ virtualMachine, validateOnly: true })).toMatchObject({
      findings: [unknownField],
      written: false,
    });
    const error = await vms.applyVM({ virtualMachine }).then(
      () => undefined,
      (reason: unknown) => ConnectError.from(reason),
    );
    expect(error?.code).toBe(Code.InvalidArgument);
    expect(await running.cluster.list(virtualMachines, { namespace })).toMatchObject({ items: [] });
  });
});
