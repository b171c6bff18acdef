// The bound that pages and messages are cut by: never below the length of the message, and close to it.
import { create, toBinary } from "@bufbuild/protobuf";
import * as fc from "fast-check";
import { describe, it } from "vitest";
import { InterfaceStatusSchema, VirtualMachineSchema } from "../../../gen/multinic/v1/virtual_machine_pb.ts";
import type { VmiInterfaceStatus } from "../../../src/domain/objects/kubernetes.ts";
import { interfaceStatuses } from "../../../src/domain/status/interface-status.ts";
import { maxBytesOf } from "../../../src/wire/message-size.ts";
import { specToProto } from "../../../src/wire/spec-to-proto.ts";
import { statusToProto } from "../../../src/wire/status-to-proto.ts";
import { arbitrarySpec } from "../../domain/arbitrary-spec.ts";
import { instanceOfWeb, storedVm } from "../../support/objects.ts";

/** Also lone surrogates and characters of four bytes. */
const text = fc.string({ unit: "binary", maxLength: 80 });

/** A message cannot have those of some wrong specs. */
function numbersIn(value: unknown): readonly number[] {
  if (typeof value === "number") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(numbersIn) : [];
}

describe("the bound of a message's length", () => {
  it("holds for the status of any NIC", ({ expect }) => {
    const reports: fc.Arbitrary<VmiInterfaceStatus> = fc.record({
      name: fc.constant("eth0"),
      mac: text,
      ipAddresses: fc.array(text),
      interfaceName: text,
      infoSource: fc.constantFrom("domain", "domain, guest-agent", "multus-status"),
      linkState: text,
    });
    fc.assert(
      fc.property(reports, text, (reported, nodeName) => {
        const vm = storedVm([{ name: "eth0", bridge: {} }]);
        const [status] = interfaceStatuses(
          vm,
          instanceOfWeb({ nodeName, interfaces: [reported] }),
          undefined,
        );
        if (status === undefined) throw new Error("no NIC");
        const dated = { ...status, stateSince: "2026-07-01T12:00:00.123Z" };
        const message = create(InterfaceStatusSchema, statusToProto(dated));
        expect(maxBytesOf(dated)).toBeGreaterThanOrEqual(toBinary(InterfaceStatusSchema, message).length);
      }),
    );
  });

  it("holds for any spec", ({ expect }) => {
    fc.assert(
      fc.property(arbitrarySpec, (spec) => {
        fc.pre(numbersIn(spec).every((number) => number >= 0 && number < 2 ** 31));
        const bytes = toBinary(VirtualMachineSchema, specToProto(spec)).length;
        expect(maxBytesOf(spec)).toBeGreaterThanOrEqual(bytes);
      }),
    );
  });

  it("is less than twice the length for a usual NIC", ({ expect }) => {
    const reported = {
      name: "eth0",
      mac: "02:00:5e:00:00:01",
      ipAddresses: ["192.0.2.10", "2001:db8::10"],
      interfaceName: "enp1s0",
      infoSource: "domain, guest-agent, multus-status",
      linkState: "up",
    };
    const vm = storedVm([{ name: "eth0", bridge: {} }]);
    for (const status of interfaceStatuses(vm, instanceOfWeb({ interfaces: [reported] }), undefined)) {
      const bytes = toBinary(InterfaceStatusSchema, create(InterfaceStatusSchema, statusToProto(status)));
      expect(maxBytesOf(status)).toBeLessThan(2 * bytes.length);
    }
  });
});
