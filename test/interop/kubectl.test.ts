// kubectl beside the service, on the embedded cluster with its simulated KubeVirt: what people look at and try.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { afterAll, beforeAll, describe, it } from "vitest";
import { startServe, type ServeProcess } from "../serve/main-process.ts";
import { clientsOf, type Clients } from "../serve/running-service.ts";
import { describeWith, kubectls, output, run, type RunResult } from "./programs.ts";

const found = kubectls();

interface Listed {
  readonly items: readonly {
    readonly kind: string;
    readonly metadata: { readonly name: string; readonly namespace: string };
    readonly status?: { readonly printableStatus?: string; readonly phase?: string };
  }[];
}

function withKubectl(program: string): void {
  let folder: string;
  let serving: ServeProcess;
  let clients: Clients;
  let kubectl: (args: readonly string[], input?: string) => Promise<RunResult>;
  let options: readonly string[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "multinic-kubectl-"));
    const kubeconfig = join(folder, "kubeconfig");
    serving = await startServe(["--local", "--examples", "--write-kubeconfig", kubeconfig]);
    clients = clientsOf(serving.url);
    options = ["--kubeconfig", kubeconfig, "--cache-dir", join(folder, "cache")];
    kubectl = (args, input) => run(program, [...args, ...options], input);
    await outputOf(["create", "namespace", "shop"]);
  });
  afterAll(async () => {
    await serving.stop();
    await rm(folder, { recursive: true });
  });

  /** What a command prints. @throws if it fails or warns. */
  async function outputOf(args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await kubectl(args);
    if (code !== 0 || stderr !== "") throw new Error(`kubectl ${args.join(" ")}: exit ${code}, ${stderr}`);
    return stdout;
  }
  const apply = (name: string) =>
    clients.vms.applyVM({
      virtualMachine: {
        namespace: "shop",
        name,
        networks: [{ name: "eth0" }, { name: "eth1", vlanId: 100 }],
      },
    });
  const listed = async (...args: readonly string[]): Promise<Listed["items"]> => {
    return (parse(await outputOf(["get", ...args, "-o", "yaml"])) as Listed).items;
  };

  it("shows VMs, their instances and networks as a table", async ({ expect }) => {
    const stdout = await outputOf(["get", "vm,vmi,net-attach-def", "-A"]);
    const vm =
      /^NAMESPACE +NAME +AGE +STATUS +READY\nexample-3-2 +virtualmachine\.kubevirt\.io\/multi-nic-vm +\S+ +Running +True$/m;
    expect(stdout).toMatch(vm);
    const vmi =
      /^example-6-3 +virtualmachineinstance\.kubevirt\.io\/multi-vlan-vm +\S+ +Running +\S+ +node-\d +True$/m;
    expect(stdout).toMatch(vmi);
    expect(stdout).toMatch(
      /^example-6-1 +networkattachmentdefinition\.k8s\.cni\.cncf\.io\/multinic-\S+ +\S+$/m,
    );
  });

  it("shows them as YAML", async ({ expect }) => {
    const items = await listed("vm,vmi,net-attach-def", "-A");
    const of = (kind: string) =>
      items
        .filter((item) => item.kind === kind && item.metadata.namespace.startsWith("example-"))
        .map(({ metadata: { namespace, name } }) => `${namespace}/${name}`);
    const vms = [
      "example-3-2/multi-nic-vm",
      "example-6-1/multi-nic-vm",
      "example-6-2/multi-nic-vm",
      "example-6-3/multi-vlan-vm",
    ];
    expect(of("VirtualMachine").toSorted()).toEqual(vms);
    expect(of("VirtualMachineInstance").toSorted()).toEqual(vms);
    // Two to three NICs each, none of which shares its attachment with another namespace.
    expect(of("NetworkAttachmentDefinition")).toHaveLength(10);
  });

  it("watches a VM being created, started and deleted", async ({ expect }) => {
    const watching = output(program, ["get", "vm", "-n", "shop", "-w", "--output-watch-events", ...options]);
    let seen = "";
    let applied: Promise<unknown> | undefined;
    let deleted: Promise<unknown> | undefined;
    // The watch is open once it reports the first VM.
    const before = apply("already-there");
    for await (const chunk of watching) {
      seen += chunk.toString();
      if (seen.includes("already-there")) applied ??= apply("appearing");
      if (/MODIFIED +appearing +\S+ +Running +True/.test(seen)) {
        deleted ??= clients.vms.deleteVM({ namespace: "shop", name: "appearing" });
      }
      if (/DELETED +appearing/.test(seen)) break;
    }
    await Promise.all([before, applied, deleted]);
    expect(seen).toMatch(/^EVENT +NAME +AGE +STATUS +READY\n/);
    expect(seen).toMatch(/^ADDED +appearing /m);
  });

  it("gets the name of the owner of a field that it wants to change", async ({ expect }) => {
    await apply("owned");
    const document = `
apiVersion: kubevirt.io/v1
kind: VirtualMachine
metadata: {name: owned, namespace: shop}
spec: {template: {spec: {domain: {memory: {guest: 8Gi}}}}}
`;
    const refused = await kubectl(["apply", "--server-side", "-f", "-"], document);
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toMatch(
      /Apply failed with 1 conflict: conflict with "multinic": \.spec\.template\.spec\.domain\.memory/,
    );
    expect(refused.stderr).toContain("--force-conflicts");
  });

  it("deletes a VM with everything that was created for it", async ({ expect }) => {
    await apply("leaving");
    await expect
      .poll(async () => (await kubectl(["get", "vmi", "leaving", "-n", "shop"])).stdout)
      .toContain("Running");
    const gone = await kubectl(["delete", "vm", "leaving", "-n", "shop", "--wait", "--timeout=20s"]);
    expect(gone).toMatchObject({ code: 0, stderr: "" });
    expect(gone.stdout).toMatch(/^virtualmachine\.kubevirt\.io "leaving" deleted/);
    await expect
      .poll(async () =>
        (await listed("vm,vmi,pod,secret", "-n", "shop"))
          .map(({ metadata }) => metadata.name)
          .filter((name) => name.includes("leaving")),
      )
      .toEqual([]);
  });

  it("prints KubeVirt's message for a VM that it refuses", async ({ expect }) => {
    const document = `
apiVersion: kubevirt.io/v1
kind: VirtualMachine
metadata: {name: refused, namespace: shop}
spec:
  runStrategy: Always
  template:
    spec:
      domain: {memory: {guest: 1Gi}, devices: {interfaces: [{name: eth0, bridge: {}}]}}
      networks: [{name: eth1, multus: {networkName: lan}}]
`;
    const refused = await kubectl(["create", "-f", "-"], document);
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    // kubectl prints the causes of an Invalid, not the message that names the webhook.
    expect(refused.stderr.trim().split("\n")).toEqual([
      "The request is invalid: ",
      "* spec.template.spec.networks[0].name: spec.template.spec.networks[0].name 'eth1' not found.",
      "* spec.template.spec.domain.devices.interfaces[0].name: spec.template.spec.domain.devices.interfaces[0].name 'eth0' not found.",
    ]);
    expect((await kubectl(["get", "vm", "refused", "-n", "shop"])).stderr).toContain("NotFound");
  });
}

describeWith("kubectl", found.size > 0, () => {
  describe.each([...found])("%s", { timeout: 60_000 }, (_version, program) => withKubectl(program));
});
