// Writes test/vectors/netstat/cases.jsonl: what virt-handler's own code answers to every case.
//   eval "$(test/real/run up DIR)" && node test/real/record-netstat.ts
import { writeFileSync } from "node:fs";
import type { VmiInterfaceStatus } from "../../src/domain/objects/kubernetes.ts";
import { startLineProcess } from "./line-process.ts";
import { sightings } from "./netstat-cases.ts";
import { kubeVirtProgram } from "./program-path.ts";
import { inReportedOrder } from "./sighting.ts";

const netstat = startLineProcess(kubeVirtProgram(), ["netstat"]);
const lines: string[] = [];
for (const sighting of sightings) {
  const { interfaces } = (await netstat.ask(sighting)) as { interfaces: VmiInterfaceStatus[] };
  lines.push(JSON.stringify({ ...sighting, expected: inReportedOrder(interfaces, sighting) }));
}
await netstat.stop();
writeFileSync(new URL("../vectors/netstat/cases.jsonl", import.meta.url), `${lines.join("\n")}\n`);
