import { execFile } from "node:child_process";
import { once } from "node:events";
import { writeFile, readFile, stat } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import https from "node:https";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { describe, it, onTestFinished } from "vitest";
import { ErrorInfoSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { InterfaceStatusService } from "../../gen/multinic/v1/interface_status_service_pb.ts";
import { VirtualMachineService } from "../../gen/multinic/v1/virtual_machine_service_pb.ts";
import { runMain, startMain, startServe, temporaryFolder, type ServeProcess } from "./main-process.ts";

async function serving(...args: readonly string[]): Promise<ServeProcess> {
  const started = await startServe(args);
  onTestFinished(() => started.stop());
  return started;
}

/** A loopback port that is in use. */
async function portInUse(): Promise<string> {
  const holder = createServer().listen(0, "127.0.0.1");
  await once(holder, "listening");
  onTestFinished(() => void holder.close());
  return `127.0.0.1:${(holder.address() as AddressInfo).port}`;
}

describe("multinic serve --local --examples", () => {
  it("prints what it does, that all NICs are Up, and where to look", async ({ expect }) => {
    const { stdout, stderr, url, clusterUrl } = await serving("--local", "--examples");
    const lines = stdout().split("\n");
    expect(lines[0]).toMatch(/^multinic \d+\.\d+\.\d+ on the embedded cluster$/);
    expect(lines.filter((line) => line.startsWith("applied "))).toEqual([
      "applied  example-3-2/multi-nic-vm  from examples/3.2-three-networks.yaml",
      "applied  example-6-1/multi-nic-vm  from examples/6.1-basic.yaml",
      "applied  example-6-2/multi-nic-vm  from examples/6.2-routes.yaml",
      "applied  example-6-3/multi-vlan-vm  from examples/6.3-multi-vlan.yaml",
    ]);
    const up = lines.filter((line) => line.startsWith("Up "));
    expect(up).toHaveLength(10);
    expect(up).toContainEqual(
      expect.stringMatching(/^Up +example-6-3\/multi-vlan-vm\/eth2 +192\.168\.200\.100 /),
    );
    expect(stdout()).toMatch(/\nAll 10 NICs of 4 VMs are Up, \d+\.\d s after the start of this process\.\n/);
    expect(stdout()).toContain(`
  API      ${url}  (gRPC, gRPC-Web, Connect)
  NICs     bin/multinic get --server ${url} -n example-3-2
  metrics  curl ${url}/metrics
  cluster  kubectl --server ${clusterUrl} get vm,vmi,net-attach-def -A
`);
    expect(stderr()).toBe("");
  });

  it("answers the command that it prints", async ({ expect }) => {
    const { stdout } = await serving("--local", "--examples");
    const [, command = ""] = /NICs +bin\/multinic (.*)/.exec(stdout()) ?? [];
    const printed = await runMain(command.split(" "));
    expect(printed).toMatchObject({ code: 0, stderr: "" });
    expect(printed.stdout).toContain("multi-nic-vm");
  });
});

describe("multinic serve", () => {
  it("takes its settings from the environment", async ({ expect }) => {
    const folder = await temporaryFolder();
    const started = startMain(["serve"], {
      env: {
        MULTINIC_LOCAL: "true",
        MULTINIC_LISTEN: "127.0.0.1:0",
        MULTINIC_LOCAL_API_LISTEN: "127.0.0.1:0",
        MULTINIC_WRITE_KUBECONFIG: join(folder, "kubeconfig"),
        MULTINIC_LOG_LEVEL: "error",
      },
    });
    onTestFinished(() => started.stop());
    const [, clusterUrl = ""] = await started.until(/kubectl --server (\S+) /);
    expect(await readFile(join(folder, "kubeconfig"), "utf8")).toContain(clusterUrl);
  });

  it("serves the same over TLS", async ({ expect }) => {
    const tls = fileURLToPath(new URL("../kube/tls/", import.meta.url));
    const pair = ["--tls-cert", join(tls, "server-one.crt"), "--tls-key", join(tls, "server-one.key")];
    const started = await serving("--local", "--tls-listen", "127.0.0.1:0", ...pair);
    const [, url = ""] = await started.until(/TLS +(https:\S+)/);
    const ca = await readFile(join(tls, "ca-one.crt"));
    const [answer] = (await once(https.get(`${url}/readyz`, { ca }), "response")) as [IncomingMessage];
    expect(answer.statusCode).toBe(200);
    expect(await text(answer)).toBe("ok\n");
  });
});

describe("the end of the process", () => {
  it.for(["SIGTERM", "SIGINT"] as const)(
    "by %s is graceful: streams get the reason, exit code 0",
    async (signal, { expect }) => {
      const started = await serving("--local", "--log-level", "error");
      const client = createClient(InterfaceStatusService, createGrpcTransport({ baseUrl: started.url }));
      const stream = client.watchInterfaceStatus({})[Symbol.asyncIterator]();
      await stream.next();
      const rest = (async () => {
        for (;;) if ((await stream.next()).done === true) return;
      })();
      started.signal(signal);
      const error = await rest.then(
        () => undefined,
        (reason: unknown) => ConnectError.from(reason),
      );
      expect(error?.code).toBe(Code.Unavailable);
      expect(error?.findDetails(ErrorInfoSchema)).toMatchObject([
        { reason: "STOPPING", domain: "multinic.novasphere.dev" },
      ]);
      expect(error?.findDetails(RetryInfoSchema)).toMatchObject([{ retryDelay: { seconds: 1n } }]);
      expect(await started.ended).toMatchObject({ code: 0, stderr: "" });
    },
  );

  it("also works while the service waits for the cluster", async ({ expect }) => {
    const folder = await temporaryFolder();
    const kubeconfig = join(folder, "kubeconfig");
    await writeFile(kubeconfig, kubeconfigOf("http://127.0.0.1:1"));
    const quiet = ["--listen", "127.0.0.1:0", "--log-level", "silent"];
    const started = startMain(["serve", ...quiet, "--kubeconfig", kubeconfig]);
    onTestFinished(() => started.stop());
    await started.until(/on the cluster at http:\/\/127\.0\.0\.1:1\n/);
    started.signal("SIGTERM");
    expect(await started.ended).toMatchObject({ code: 0, stderr: "" });
  });
});

const kubeconfigOf = (server: string): string =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "it",
    clusters: [{ name: "it", cluster: { server } }],
    users: [{ name: "it", user: {} }],
    contexts: [{ name: "it", context: { cluster: "it", user: "it" } }],
  });

describe("an error after the signal to end", () => {
  it("is logged, and the process ends", async ({ expect }) => {
    const serveFile = new URL("../../src/serve/serve.ts", import.meta.url).href;
    const settingsFile = new URL("../../src/config/settings.ts", import.meta.url).href;
    const script = `
      const { serve } = await import(${JSON.stringify(serveFile)});
      const { readSettings } = await import(${JSON.stringify(settingsFile)});
      const anyPort = "127.0.0.1:0";
      const settings = readSettings({ local: true, listen: anyPort, localApiListen: anyPort, logLevel: "error" }, {});
      const stopping = new AbortController();
      const stdout = { write() { stopping.abort(); throw new Error("the terminal is gone"); } };
      await serve(settings, { stdout, signal: stopping.signal, version: "test" });
    `;
    const done = promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script]);
    const { stderr } = await done;
    const [line = "", ...more] = stderr.trimEnd().split("\n");
    expect(more).toEqual([]);
    expect(JSON.parse(line)).toMatchObject({
      msg: "stopping failed",
      err: { message: "the terminal is gone" },
    });
  });
});

describe("a failed start", () => {
  it.for([
    ["--listen", "--listen (MULTINIC_LISTEN)"],
    ["--local-api-listen", "--local-api-listen (MULTINIC_LOCAL_API_LISTEN)"],
  ] as const)("names the port of %s that is in use", async ([flag, name], { expect }) => {
    const taken = await portInUse();
    const others = { "--listen": "127.0.0.1:0", "--local-api-listen": "127.0.0.1:0", [flag]: taken };
    const { code, stdout, stderr } = await runMain(["serve", "--local", ...Object.entries(others).flat()]);
    expect({ code, stdout, stderr }).toEqual({
      code: 2,
      stdout: "",
      stderr:
        `error: ${name}: ${taken} is in use by another process; choose another port\n` +
        "next: see multinic serve --help\n",
    });
  });

  it.for([
    ["serve", ["serve", "--local"], "see multinic serve --help"],
    [
      "validate",
      ["validate", "examples/6.1-basic.yaml"],
      "correct the file, or leave out --config for the built-in catalogue",
    ],
  ] as const)("names file and line of a broken catalogue: %s", async ([, args, next], { expect }) => {
    const file = join(await temporaryFolder(), "networks.yaml");
    await writeFile(file, "physicalNetworks:\n  - name: lan\n    type: token-ring\n");
    const stderr = `error: ${file}:3: physicalNetworks[0].type: token-ring is not one of bridge, macvlan, sriov, ovs\nnext: ${next}\n`;
    expect(await runMain([...args, "--config", file])).toEqual({ code: 2, stdout: "", stderr });
  });

  it.for([
    [
      ["--config", "/nonexistent/networks.yaml"],
      "--config (MULTINIC_CONFIG): /nonexistent/networks.yaml cannot be read: no such file or directory",
    ],
    [
      ["--kubeconfig", "/nonexistent/kubeconfig"],
      "--kubeconfig (MULTINIC_KUBECONFIG): there is no kubeconfig file /nonexistent/kubeconfig",
    ],
    [
      ["--local", "--write-kubeconfig", "/nonexistent/kubeconfig"],
      "--write-kubeconfig (MULTINIC_WRITE_KUBECONFIG): /nonexistent/kubeconfig cannot be written: no such file or directory",
    ],
    [
      ["--local", "--tls-cert", "/nonexistent/tls.crt", "--tls-key", "package.json"],
      "--tls-cert (MULTINIC_TLS_CERT): /nonexistent/tls.crt cannot be read: no such file or directory",
    ],
    [
      ["--local", "--tls-cert", "package.json", "--tls-key", "package.json"],
      "--tls-cert (MULTINIC_TLS_CERT) and --tls-key (MULTINIC_TLS_KEY): not a PEM certificate and its key",
    ],
    [["--listen", "nowhere"], "--listen (MULTINIC_LISTEN) must be HOST:PORT"],
    [["--examples"], "--examples (MULTINIC_EXAMPLES) works only on the embedded cluster; add --local"],
    [["--colour"], "unknown option '--colour'"],
  ] as const)("is wrong use: serve %j", async ([args, words], { expect }) => {
    const ports = ["--local-api-listen", "127.0.0.1:0"];
    const listen = args.includes("--listen" as never) ? [] : ["--listen", "127.0.0.1:0"];
    const { code, stdout, stderr } = await runMain(["serve", ...ports, ...listen, ...args]);
    expect(stderr).toContain(words);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).not.toMatch(/\n +at /);
  });

  it("names the example for which the catalogue lacks a physical network", async ({ expect }) => {
    const file = join(await temporaryFolder(), "networks.yaml");
    await writeFile(
      file,
      "physicalNetworks: [{name: lan, type: bridge, bridge: br-lan, default: true, vlans: all}]\n",
    );
    const ports = ["--listen", "127.0.0.1:0", "--local-api-listen", "127.0.0.1:0"];
    const { code, stderr } = await runMain(["serve", "--local", "--examples", "--config", file, ...ports]);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^error: --examples \(MULTINIC_EXAMPLES\): examples\/3\.2-three-networks\.yaml cannot be applied .* networks\[1\].type: the catalogue has no default physical network of type macvlan/,
    );
    expect(stderr).not.toMatch(/\n +at /);
  });

  it("names an address that this machine does not have", async ({ expect }) => {
    const kubeconfig = join(await temporaryFolder(), "kubeconfig");
    await writeFile(kubeconfig, kubeconfigOf("http://127.0.0.1:1"));
    const args = ["serve", "--listen", "192.0.2.1:8080", "--kubeconfig", kubeconfig, "--log-level", "silent"];
    expect(await runMain(args)).toEqual({
      code: 2,
      stdout: "",
      stderr:
        "error: --listen (MULTINIC_LISTEN): 192.0.2.1:8080 is not an address of this machine\n" +
        "next: see multinic serve --help\n",
    });
  });

  it("is wrong use if no cluster can be found, and says what to do", async ({ expect }) => {
    const { code, stderr } = await runMain(["serve", "--listen", "127.0.0.1:0"]);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^error: no cluster found: KUBECONFIG is not set .* --kubeconfig \(MULTINIC_KUBECONFIG\), or add --local for an embedded cluster\n/,
    );
    expect(stderr).not.toMatch(/\n +at /);
  });
});

describe("multinic serve --write-kubeconfig", () => {
  it("F24: writes a file that only its owner can read, with which a second replica gives the same answers", async ({
    expect,
  }) => {
    const kubeconfig = join(await temporaryFolder(), "kubeconfig");
    const first = await serving("--local", "--examples", "--write-kubeconfig", kubeconfig);
    expect((await stat(kubeconfig)).mode & 0o777).toBe(0o600);
    expect(await readFile(kubeconfig, "utf8")).toContain(first.clusterUrl);
    const second = await serving("--kubeconfig", kubeconfig, "--log-level", "error");
    expect(second.stdout()).toContain(`on the cluster at ${first.clusterUrl}\n`);

    const views = [first, second].map(({ url }) => {
      const transport = createGrpcTransport({ baseUrl: url });
      return {
        vms: createClient(VirtualMachineService, transport),
        nics: createClient(InterfaceStatusService, transport),
      };
    });
    const [one, two] = await Promise.all(views.map(({ vms }) => vms.listVMs({})));
    expect(one?.virtualMachines).toHaveLength(4);
    // Each replica watches by itself, so it is current as of its own moment.
    expect(two?.virtualMachines).toEqual(one?.virtualMachines);
    const [here, there] = await Promise.all(views.map(({ nics }) => nics.listInterfaceStatus({})));
    expect(here?.interfaces).toHaveLength(10);
    // The second one started when the NICs had been in their states for a while.
    const undated = (answer: typeof here) =>
      answer?.interfaces.map(({ stateSince, ...status }) => {
        expect(stateSince).toBeDefined();
        return status;
      });
    expect(undated(there)).toEqual(undated(here));

    // What one replica removes, the other sees go.
    await views[1]?.vms.deleteVM({ namespace: "example-6-1", name: "multi-nic-vm" });
    await expect.poll(async () => (await views[0]?.vms.listVMs({}))?.virtualMachines.length).toBe(3);
    expect(second.stderr()).toBe("");
  });
});
