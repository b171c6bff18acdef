// kubectl as a client: every version that is installed, each with its own server.
import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, it } from "vitest";
import { type ApiServer, createApiServer } from "../../../src/local/api/api-server.ts";

const run = promisify(execFile);

/** kubectl from PATH, and the one built for the real control plane (KUBEBUILDER_ASSETS, or the cache of test/real). */
function kubectls(): readonly string[] {
  const cache = process.env["XDG_CACHE_HOME"] ?? path.join(homedir(), ".cache");
  const built = process.env["KUBEBUILDER_ASSETS"] ?? path.join(cache, "multinic-real", "bin");
  return ["kubectl", path.join(built, "kubectl")].filter((program) => {
    try {
      execFileSync(program, ["version", "--client"], { stdio: "ignore" });
      return true;
    } catch {
      return false;
    }
  });
}

const found = kubectls();

const vm = `apiVersion: kubevirt.io/v1
kind: VirtualMachine
metadata: {name: web, labels: {app: web}}
spec:
  runStrategy: Halted
  template:
    spec:
      domain: {devices: {interfaces: [{name: a, bridge: {}}]}}
      networks: [{name: a, multus: {networkName: net}}]
`;

const nad = `apiVersion: k8s.cni.cncf.io/v1
kind: NetworkAttachmentDefinition
metadata: {name: net}
spec: {config: '{"cniVersion":"1.0.0","type":"bridge"}'}
`;

describe.skipIf(found.length === 0 && process.env["CI"] !== "true")(
  found.length === 0 ? "kubectl (skipped: not in PATH)" : "kubectl",
  () => {
    it("is installed", ({ expect }) => {
      expect(found, "CI has kubectl in PATH").not.toEqual([]);
    });

    describe.each(found)("%s", (program) => {
      let folder = "";
      let server: ApiServer | undefined;

      beforeAll(async () => {
        folder = await mkdtemp(path.join(tmpdir(), "multinic-kubectl-"));
        server = createApiServer();
        const { url } = await server.listen({ host: "127.0.0.1", port: 0 });
        const config = {
          apiVersion: "v1",
          kind: "Config",
          "current-context": "test",
          contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
          clusters: [{ name: "test", cluster: { server: url } }],
          users: [{ name: "test", user: {} }],
        };
        await writeFile(path.join(folder, "config"), JSON.stringify(config));
      });

      afterAll(async () => {
        await server?.close();
        await rm(folder, { recursive: true });
      });

      const flags = (): readonly string[] => [
        "--kubeconfig",
        path.join(folder, "config"),
        "--cache-dir",
        path.join(folder, "cache"),
      ];

      /** What kubectl prints, after "FAILED" when it fails. */
      async function kubectl(...args: readonly string[]): Promise<string> {
        try {
          const { stdout, stderr } = await run(program, [...flags(), ...args]);
          return stdout + stderr;
        } catch (error) {
          const { stdout, stderr } = error as { stdout: string; stderr: string };
          return `FAILED ${stdout}${stderr}`;
        }
      }

      async function file(text: string): Promise<string> {
        const name = path.join(folder, `${(await readdir(folder)).length}.yaml`);
        await writeFile(name, text);
        return name;
      }

      const words = (line: string | undefined): readonly string[] => (line ?? "").trim().split(/\s+/);

      it("lists nothing, and then the applied objects with KubeVirt's columns", async ({ expect }) => {
        expect(await kubectl("get", "vm,vmi,net-attach-def", "-A")).toContain("No resources found");
        expect(
          await kubectl("apply", "--server-side", "-f", await file(vm), "-f", await file(nad)),
        ).toContain("serverside-applied");
        const [head, row] = (await kubectl("get", "vms", "-A")).split("\n");
        expect(words(head)).toEqual(["NAMESPACE", "NAME", "AGE", "STATUS", "READY"]);
        expect(words(row).slice(0, 2)).toEqual(["default", "web"]);
        expect(words((await kubectl("get", "net-attach-def")).split("\n")[1])[0]).toBe("net");
        expect(await kubectl("get", "vm", "-l", "app=web", "-o", "name")).toBe(
          "virtualmachine.kubevirt.io/web\n",
        );
      });

      it("shows an object as YAML", async ({ expect }) => {
        const text = await kubectl("get", "vm", "web", "-o", "yaml");
        expect(text).toContain("runStrategy: Halted");
        expect(text).toContain("generation: 1");
      });

      it("changes an object by server-side apply, and reports the owner in a conflict", async ({
        expect,
      }) => {
        const changed = await file(vm.replace("Halted", "Always"));
        const refused = await kubectl("apply", "--server-side", "--field-manager=other", "-f", changed);
        expect(refused).toMatch(/^FAILED/);
        expect(refused).toContain('conflict with "kubectl": .spec.runStrategy');
        expect(await kubectl("apply", "--server-side", "-f", changed)).toContain("serverside-applied");
        expect(
          await kubectl("get", "vm", "web", "-o", "jsonpath={.spec.runStrategy} {.metadata.generation}"),
        ).toBe("Always 2");
      });

      it("reports an unknown field", async ({ expect }) => {
        const wrong = await file(nad.replace("spec: {", "spec: {vlan: 3, ").replace("net}", "net2}"));
        expect(await kubectl("create", "-f", wrong, "--validate=true")).toContain(
          'unknown field "spec.vlan"',
        );
      });

      it("changes from client-side to server-side apply", async ({ expect }) => {
        const map = (value: string): string =>
          `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {k: "${value}"}\n`;
        expect(await kubectl("apply", "-f", await file(map("1")))).toContain("created");
        expect(await kubectl("apply", "-f", await file(map("2")))).toContain("configured");
        expect(await kubectl("apply", "--server-side", "-f", await file(map("3")))).toContain(
          "serverside-applied",
        );
        expect(await kubectl("get", "cm", "m", "-o", "jsonpath={.data.k}")).toBe("3");
      });

      it("watches objects", async ({ expect }) => {
        const watch: ChildProcess = spawn(program, [...flags(), "get", "vm", "-w", "-o", "name"]);
        try {
          const seen = (count: number): Promise<string> =>
            new Promise((resolve, reject) => {
              let text = "";
              watch.stdout?.on("data", (chunk: Buffer) => {
                text += chunk.toString();
                if (text.split("\n").length > count) resolve(text);
              });
              watch.once("exit", () => reject(new Error(`kubectl ended after: ${text}`)));
            });
          const first = seen(1);
          await first;
          const second = seen(1);
          await kubectl("label", "vm", "web", "seen=yes");
          expect(await second).toBe("virtualmachine.kubevirt.io/web\n");
        } finally {
          watch.removeAllListeners("exit");
          watch.kill();
        }
      });

      it("creates a namespace with objects, and deletes all of them", async ({ expect }) => {
        expect(await kubectl("create", "namespace", "team")).toContain("created");
        expect(await kubectl("-n", "team", "create", "configmap", "c", "--from-literal=k=v")).toContain(
          "created",
        );
        expect(
          await kubectl("-n", "team", "create", "secret", "generic", "s", "--from-literal=k=v"),
        ).toContain("created");
        expect(await kubectl("-n", "team", "get", "secret", "s", "-o", "jsonpath={.data.k}")).toBe("dg==");
        expect(await kubectl("delete", "namespace", "team", "--wait", "--timeout=10s")).toContain("deleted");
        expect(await kubectl("get", "namespace", "team")).toContain('namespaces "team" not found');
      });

      it("explains a field from the schema", async ({ expect }) => {
        expect(await kubectl("explain", "vm.spec.template.spec.networks.multus")).toContain("networkName");
      });

      it("deletes objects and waits until they are gone", async ({ expect }) => {
        expect(await kubectl("delete", "vm,net-attach-def", "--all", "--wait", "--timeout=10s")).toContain(
          "deleted",
        );
        expect(await kubectl("get", "vm", "web")).toContain(
          'Error from server (NotFound): virtualmachines.kubevirt.io "web" not found',
        );
      });
    });
  },
);
