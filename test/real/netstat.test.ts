// The recorded interface statuses are still virt-handler's: its own code computes every case again.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, it } from "vitest";
import type { VmiInterfaceStatus } from "../../src/domain/objects/kubernetes.ts";
import { startLineProcess, type LineProcess } from "./line-process.ts";
import { describeWithKubeVirt } from "./describe-with-kubevirt.ts";
import { inReportedOrder, type Sighting } from "./sighting.ts";

interface Case extends Sighting {
  readonly expected: readonly VmiInterfaceStatus[];
}

describeWithKubeVirt("recorded interface statuses", (program) => {
  const cases = readFileSync(new URL("../vectors/netstat/cases.jsonl", import.meta.url), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Case);

  let netstat: LineProcess;
  beforeAll(async () => {
    netstat = startLineProcess(program, ["netstat"]);
    await netstat.ask({}); // the program needs seconds to start
  });
  afterAll(() => netstat.stop());

  it.for(cases)("$id: $description", async ({ expected, ...sighting }, { expect }) => {
    const { interfaces } = (await netstat.ask(sighting)) as { interfaces: VmiInterfaceStatus[] };
    expect(inReportedOrder(interfaces, sighting)).toEqual(expected);
  });
});
