// vmiInterfaces() compared with the output of virt-handler's own code on recorded cases.
import { readFileSync } from "node:fs";
import { describe, it } from "vitest";
import type { VirtualMachineInstance, VmiInterfaceStatus } from "../../../src/domain/objects/kubernetes.ts";
import type { Domain } from "../../../src/local/kubevirt/node/domain.ts";
import {
  vmiInterfaces,
  type AgentInterface,
  type PodCache,
} from "../../../src/local/kubevirt/node/vmi-interfaces.ts";

interface RecordedCase {
  readonly id: string;
  readonly description: string;
  readonly vmi: VirtualMachineInstance;
  readonly domain: Domain | null;
  readonly agent: readonly AgentInterface[];
  readonly podCache: PodCache;
  readonly expected: readonly VmiInterfaceStatus[];
}

const cases = readFileSync(new URL("../../vectors/netstat/cases.jsonl", import.meta.url), "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => JSON.parse(line) as RecordedCase);

describe("vmiInterfaces() equals virt-handler", () => {
  it.for(cases)("$id: $description", ({ vmi, domain, agent, podCache, expected }, { expect }) => {
    const status = vmiInterfaces({ vmi, domain: domain ?? undefined, agent, podCache });
    expect(status).toStrictEqual(expected);
  });
});
