// What one call of at most 256 KiB costs the service, for the worst inputs of many shapes: CPU time of its thread, over
// the wire and with a cluster. node bench/largest-inputs.ts [PART OF A NAME]
import { fork } from "node:child_process";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { cpus, hostname } from "node:os";
import { builtInCatalogue } from "../src/domain/catalogue.ts";
import { connectKube } from "../src/kube/connection/connect.ts";
import { startLocalCluster } from "../src/local/local-cluster.ts";
import { startService } from "../src/serve/service.ts";
import { silentLog } from "../test/support/log.ts";
import {
  encodeWithin,
  largestMessage,
  type Shape,
  shapes,
  shapesAtLimits,
} from "../test/support/largest-inputs.ts";

const limitMs = 200;
/** The cheapest counts, which is the one that the machine disturbed least. */
const rounds = 3;

/** The service and its cluster have a process of their own. It answers each message with its CPU time so far, in ms. */
async function serve(): Promise<void> {
  const anyPort = { host: "127.0.0.1", port: 0 };
  const clock = (): Date => new Date();
  const cluster = await startLocalCluster({ apiListen: anyPort, delays: "fast", log: silentLog, clock });
  const service = await startService({
    client: connectKube({ server: cluster.url }),
    catalogue: builtInCatalogue(),
    listen: anyPort,
    virtHandlerMetrics: [],
    log: silentLog,
    version: "bench",
  });
  await service.whenReady();
  process.on("message", () => {
    const { user, system } = process.threadCpuUsage();
    process.send?.((user + system) / 1_000);
  });
  process.send?.(service.url);
}

/** The status of the answer. */
async function call(url: string, body: Uint8Array): Promise<number> {
  const sent = request(`${url}/multinic.v1.NetworkService/ValidateNetworks`, {
    method: "POST",
    headers: { "content-type": "application/proto" },
  });
  sent.end(body);
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  await response.resume().toArray();
  return response.statusCode ?? 0;
}

async function measure(): Promise<void> {
  const child = fork(import.meta.filename);
  const [url] = (await once(child, "message")) as [string];
  const cpuMs = async (): Promise<number> => {
    child.send("");
    const [ms] = (await once(child, "message")) as [number];
    return ms;
  };
  const costOf = async (shape: Shape): Promise<{ count: number; status: number; ms: number }> => {
    const { count, message } = encodeWithin(shape, largestMessage);
    let cheapest = Infinity;
    let status = 0;
    for (let round = 0; round < rounds; round += 1) {
      const before = await cpuMs();
      status = await call(url, message);
      cheapest = Math.min(cheapest, (await cpuMs()) - before);
    }
    return { count, status, ms: cheapest };
  };

  console.log(
    `${hostname()}: ${cpus().length} x ${cpus()[0]?.model ?? "unknown CPU"}, Node ${process.version}`,
  );
  console.log(`CPU time of one call of at most ${largestMessage} bytes, cheapest of ${rounds}`);
  const [, , part = ""] = process.argv;
  const chosen = [...shapes, ...shapesAtLimits].filter(({ name }) => name.includes(part));
  // The code is compiled by then.
  for (const shape of chosen) await call(url, encodeWithin(shape, largestMessage >> 3).message);
  const results: { readonly name: string; readonly ms: number }[] = [];
  for (const shape of chosen) {
    const { count, status, ms } = await costOf(shape);
    console.log(`${ms.toFixed(0).padStart(6)} ms  ${status}  ${shape.name} (${count})`);
    results.push({ name: shape.name, ms });
  }
  const [worst] = results.toSorted((a, b) => b.ms - a.ms);
  if (worst === undefined) throw new Error(`no shape has ${part} in its name`);
  console.log(
    `${results.length} shapes; worst time of the largest input: ${worst.ms.toFixed(0)} ms (${worst.name})`,
  );
  console.log(`limit ${limitMs} ms: ${worst.ms <= limitMs ? "held" : "broken"}`);
  if (worst.ms > limitMs) process.exitCode = 1;
  child.kill();
}

await (process.send === undefined ? measure() : serve());
