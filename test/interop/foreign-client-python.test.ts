// foreign/client.py knows only the comments of the protos: it waits for a change that needs a restart, loses no NIC when
// the service restarts, and notices that the API server is away.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, type TestContext } from "vitest";
import type { VirtualMachine } from "../../src/domain/objects/kubernetes.ts";
import { connectKube } from "../../src/kube/connection/connect.ts";
import type { FullKubeClient } from "../../src/kube/kube-client.ts";
import { namespaces, virtualMachineInstances, virtualMachines } from "../../src/kube/resource.ts";
import { startLocalCluster } from "../../src/local/local-cluster.ts";
import type { Service } from "../../src/serve/service.ts";
import { startTcpProxy } from "../faults/tcp-proxy.ts";
import { startServiceOver } from "../serve/running-service.ts";
import { silentLog } from "../support/log.ts";
import { namespaceOf } from "../support/objects.ts";
import { generatePython, isBuilt, itWithLanguage, python } from "./languages.ts";

const namespace = "shop";
const pins = ["requirements.txt"];

let generated: string;
beforeAll(async () => {
  generated = await mkdtemp(join(tmpdir(), "multinic-foreign-"));
  if (isBuilt("python", pins)) await generatePython(generated);
});
afterAll(() => rm(generated, { recursive: true }));

interface Line {
  readonly saw: string;
  readonly [fact: string]: unknown;
}

interface Client {
  /** The next line that says this. Lines before it are passed over. @throws if the client ends first. */
  until(saw: string): Promise<Line>;
  /** All lines read so far. */
  readonly lines: readonly Line[];
}

function startClient({ onTestFinished }: TestContext, url: string, ...args: readonly string[]): Client {
  const program = join(import.meta.dirname, "foreign/client.py");
  const child = spawn(python, [program, new URL(url).host, ...args], {
    env: { ...process.env, PYTHONPATH: generated, PYTHONDONTWRITEBYTECODE: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const closed = once(child, "close");
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await closed;
  });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const output = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const lines: Line[] = [];
  return {
    lines,
    async until(saw) {
      for (;;) {
        const { done, value } = await output.next();
        if (done === true) throw new Error(`it ended before ${saw}: ${JSON.stringify(lines)}\n${stderr}`);
        const line = JSON.parse(value) as Line;
        lines.push(line);
        if (line.saw === saw) return line;
      }
    },
  };
}

interface Stand {
  readonly cluster: FullKubeClient;
  readonly stopCluster: () => Promise<void>;
  /** Until the test ends. */
  readonly startService: (port?: number) => Promise<Service>;
}

async function startStand({ onTestFinished }: TestContext): Promise<Stand> {
  const apiListen = { host: "127.0.0.1", port: 0 };
  const clock = (): Date => new Date();
  const local = await startLocalCluster({ apiListen, delays: "fast", log: silentLog, clock });
  onTestFinished(() => local.stop());
  const cluster = connectKube({ server: local.url });
  onTestFinished(() => cluster.close());
  await cluster.create(namespaces, namespaceOf(namespace));
  return {
    cluster,
    stopCluster: () => local.stop(),
    startService: async (port) => {
      const service = await startServiceOver(cluster, undefined, port);
      onTestFinished(() => service.stop());
      return service;
    },
  };
}

const web = { namespace, name: "web" };

const eth0 = { name: "eth0" };
const eth1At = (address: string) => ({ name: "eth1", ip_config: { mode: "IP_MODE_STATIC", address } });
const webWith = (...networks: readonly object[]): string => JSON.stringify({ ...web, networks });

/** A VM that does not run, with four NICs. */
function haltedVm(name: string): VirtualMachine {
  const nics = ["eth0", "eth1", "eth2", "eth3"];
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachine",
    metadata: { namespace, name },
    spec: {
      runStrategy: "Halted",
      template: {
        spec: {
          domain: { devices: { interfaces: nics.map((nic) => ({ name: nic, bridge: {} })) } },
          networks: nics.map((nic) => ({ name: nic, multus: { networkName: `net-${nic}` } })),
        },
      },
    },
  };
}

const itFollows = (title: string, test: (context: TestContext) => Promise<void>): void =>
  itWithLanguage("python", pins, title, { timeout: 90_000 }, test);

describe("a client written from the comments of the protos", () => {
  itFollows("knows when every NIC is as asked after changes that need a restart", async (test) => {
    const { expect } = test;
    const { cluster, startService } = await startStand(test);
    const { url } = await startService();
    const instance = () => cluster.get(virtualMachineInstances, web);
    await startClient(test, url, "apply", webWith(eth0, eth1At("192.0.2.10/24"))).until("done");

    for (const [document, field, address] of [
      [webWith(eth0, eth1At("192.0.2.11/24")), "networks[eth1].ipConfig.addresses", "192.0.2.11"],
      [webWith(eth0), "networks[eth1]", undefined],
    ] as const) {
      const before = await instance();
      const client = startClient(test, url, "apply", document);
      expect(await client.until("applied")).toMatchObject({ effect: "EFFECT_RESTART" });
      expect(await client.until("needs restart")).toMatchObject({ fields: [field] });
      // It is not done, although every NIC is up: a client that is done has ended.
      await client.until("heartbeat");
      await cluster.delete(virtualMachineInstances, web);
      await client.until("done");

      const after = await instance();
      expect(after.metadata.uid).not.toBe(before.metadata.uid);
      const eth1 = after.status?.interfaces?.find(({ name }) => name === "eth1");
      expect(eth1?.ipAddress).toBe(address);
    }
  });

  itFollows("sees no NIC of 1,200 vanish when the service restarts", async (test) => {
    const { expect, onTestFinished } = test;
    const { cluster, startService } = await startStand(test);
    const names = Array.from({ length: 300 }, (_, index) => `vm-${index}`);
    await Promise.all(names.map((name) => cluster.create(virtualMachines, haltedVm(name))));
    const service = await startService();
    const network = await startTcpProxy(service.url);
    onTestFinished(() => network[Symbol.asyncDispose]());
    const client = startClient(test, network.url, "follow");
    const all = { known: 1_200, vanished: 0 };
    expect(await client.until("synced")).toMatchObject(all);

    await network.cut();
    await client.until("disconnected");
    await network.mend();
    expect(await client.until("synced")).toMatchObject(all);
    expect(client.lines.map(({ saw }) => saw)).not.toContain("reset");

    await service.stop();
    expect(await client.until("disconnected")).toMatchObject({ known: 1_200 });
    await startService(Number(new URL(service.url).port));
    expect(await client.until("synced")).toMatchObject(all);
    expect(client.lines.map(({ saw }) => saw)).not.toContain("reset");

    await cluster.delete(virtualMachines, { namespace, name: "vm-7" });
    for (const vanished of [1, 2, 3, 4])
      expect(await client.until("removed")).toMatchObject({ known: 1_200 - vanished, vanished });
  });

  itFollows("knows within 20 s that the API server is away", async (test) => {
    const { cluster, stopCluster, startService } = await startStand(test);
    await cluster.create(virtualMachines, haltedVm("web"));
    const { url } = await startService();
    const client = startClient(test, url, "follow");
    test.expect(await client.until("heartbeat")).toMatchObject({ known: 4 });
    const stoppedAt = performance.now();
    await stopCluster();

    await client.until("api server away");

    test.expect(performance.now() - stoppedAt).toBeLessThan(20_000);
  });
});
