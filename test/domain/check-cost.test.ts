// Twice the input is about twice the work at most. Work is the number of blocks of code that V8 counts, not time.
import { Session } from "node:inspector/promises";
import { create, toBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, it } from "vitest";
import { VirtualMachineSchema } from "../../gen/multinic/v1/virtual_machine_pb.ts";
import { builtInCatalogue } from "../../src/domain/catalogue.ts";
import { noFacts } from "../../src/domain/facts.ts";
import { checkVm } from "../../src/domain/validate/check-vm.ts";
import { specFromProto } from "../../src/wire/spec-from-proto.ts";
import { type Shape, shapes } from "../support/largest-inputs.ts";

/** Below every limit. */
const count = 250;
/** Work may grow this much more than the input: for sorting, and for trees that become deeper. */
const tolerance = 1.15;

/** Their rules are a product of addresses and subnets, which has a limit of its own. */
const isProduct = ({ name }: Shape): boolean => name.includes("with rules") || name.includes("and rules");

describe("the work of a check", () => {
  const session = new Session();
  const catalogue = builtInCatalogue();
  beforeAll(async () => {
    session.connect();
    await session.post("Profiler.enable");
    await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  });
  afterAll(async () => {
    await session.post("Profiler.disable");
    session.disconnect();
  });

  /** Blocks of this project's code and of the YAML reader that ran. */
  const workOf = async (work: () => unknown): Promise<number> => {
    await session.post("Profiler.takePreciseCoverage");
    work();
    const { result } = await session.post("Profiler.takePreciseCoverage");
    return result
      .filter(({ url }) => /\/src\/domain\/|\/node_modules\/(?:yaml|ipaddr\.js)\//.test(url))
      .flatMap(({ functions }) => functions.flatMap(({ ranges }) => ranges))
      .reduce((sum, range) => sum + range.count, 0);
  };
  const measure = async ({ build }: Shape, size: number): Promise<{ bytes: number; work: number }> => {
    const vm = create(VirtualMachineSchema, build(size).virtualMachine ?? {});
    const { spec } = specFromProto(vm);
    checkVm(spec, catalogue, noFacts);
    const work = await workOf(() => checkVm(spec, catalogue, noFacts));
    return { bytes: toBinary(VirtualMachineSchema, vm).length, work };
  };

  it.for(shapes.filter((shape) => !isProduct(shape)))("is linear: $name", async (shape, { expect }) => {
    const once = await measure(shape, count);
    const twice = await measure(shape, 2 * count);
    expect(once.work).toBeGreaterThan(100);
    const growth = Math.max(2, twice.bytes / once.bytes);
    expect(twice.work / once.work).toBeLessThan(growth * tolerance);
  });
});
