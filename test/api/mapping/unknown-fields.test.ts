// Fields that only a newer client knows: hand-written protobuf bytes.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { describe, it } from "vitest";
import { IpConfigSchema, NetworkConfigSchema } from "../../../gen/multinic/v1/network_pb.ts";
import { VirtualMachineSchema } from "../../../gen/multinic/v1/virtual_machine_pb.ts";
import { ApplyVMRequestSchema } from "../../../gen/multinic/v1/virtual_machine_service_pb.ts";
import { unknownFields } from "../../../src/wire/unknown-fields.ts";

/** The message's bytes followed by a field of that number. */
const withField = (message: Uint8Array, number: number): Uint8Array =>
  new BinaryWriter().raw(message).tag(number, WireType.LengthDelimited).string("new").finish();

/** A request with an unknown field in the request, the VM, the second NIC and its IP configuration. */
function newerRequest() {
  const ipConfig = fromBinary(IpConfigSchema, withField(new Uint8Array(), 50));
  const nic = fromBinary(
    NetworkConfigSchema,
    withField(
      withField(toBinary(NetworkConfigSchema, create(NetworkConfigSchema, { name: "eth1", ipConfig })), 99),
      99,
    ),
  );
  const vm = create(VirtualMachineSchema, { name: "web", networks: [{ name: "eth0" }, nic] });
  const request = create(ApplyVMRequestSchema, {
    virtualMachine: fromBinary(VirtualMachineSchema, withField(toBinary(VirtualMachineSchema, vm), 77)),
  });
  return fromBinary(ApplyVMRequestSchema, withField(toBinary(ApplyVMRequestSchema, request), 88));
}

describe("fields of a newer client", () => {
  it("are findings at every depth", ({ expect }) => {
    const findings = unknownFields(ApplyVMRequestSchema, newerRequest());
    expect(findings.map(({ code, severity, field }) => [code, severity, field])).toEqual([
      ["UNKNOWN_FIELD", "error", "88"],
      ["UNKNOWN_FIELD", "error", "77"],
      ["UNKNOWN_FIELD", "error", "networks[1].99"],
      ["UNKNOWN_FIELD", "error", "networks[1].ipConfig.50"],
    ]);
    expect(findings[2]?.message).toBe("unknown field number 99: the client is newer than this service");
  });

  it("are absent from a request that this version knows", ({ expect }) => {
    const request = create(ApplyVMRequestSchema, {
      virtualMachine: { name: "web", networks: [{ name: "eth0" }] },
    });
    expect(unknownFields(ApplyVMRequestSchema, request)).toEqual([]);
  });
});
