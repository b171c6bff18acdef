// Wukong resources by kubectl on the embedded cluster, with the controller in the same process: apply, watch, describe, delete.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, it } from "vitest";
import { startServe, type ServeProcess } from "../serve/main-process.ts";
import { describeWith, kubectls, output, run, type RunResult } from "./programs.ts";

const found = kubectls();
const exampleOf = (file: string): string => fileURLToPath(new URL(`../../examples/${file}`, import.meta.url));

function withKubectl(program: string): void {
  let folder: string;
  let serving: ServeProcess;
  let kubectl: (args: readonly string[], input?: string) => Promise<RunResult>;
  let options: readonly string[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "multinic-wukong-"));
    const kubeconfig = join(folder, "kubeconfig");
    serving = await startServe(["--local", "--controller", "--write-kubeconfig", kubeconfig]);
    options = ["--kubeconfig", kubeconfig, "--cache-dir", join(folder, "cache")];
    kubectl = (args, input) => run(program, [...args, ...options], input);
  });
  afterAll(async () => {
    await serving.stop();
    await rm(folder, { recursive: true });
  });

  /** What a command prints. @throws if it fails or warns. */
  async function outputOf(args: readonly string[], input?: string): Promise<string> {
    const { code, stdout, stderr } = await kubectl(args, input);
    if (code !== 0 || stderr !== "") throw new Error(`kubectl ${args.join(" ")}: exit ${code}, ${stderr}`);
    return stdout;
  }

  const documents = ["3.2-three-networks.yaml", "6.1-basic.yaml", "6.2-routes.yaml", "6.3-multi-vlan.yaml"];
  it.for(documents)("apply, wait, get and delete of examples/%s", async (file, { expect }) => {
    const namespace = `of-${file.slice(0, 3).replace(".", "-")}`;
    const here = ["-n", namespace];
    await outputOf(["create", "namespace", namespace]);

    expect(await outputOf(["apply", "-f", exampleOf(file), ...here])).toMatch(
      /^wukong\.vm\.novasphere\.dev\/multi-\w+-vm created\n$/,
    );
    await outputOf(["wait", "wukong", "--all", "--for=condition=Ready", "--timeout=30s", ...here]);
    expect(await outputOf(["get", "wk", ...here])).toMatch(
      /^NAME +ACCEPTED +READY +REASON +IP +AGE\nmulti-\w+-vm +True +True +AllUp +\d+\.\d+\.\d+\.\d+ +\S+\n$/,
    );
    expect(await outputOf(["apply", "-f", exampleOf(file), ...here])).toMatch(/ unchanged\n$/);
    await outputOf(["delete", "-f", exampleOf(file), "--timeout=30s", ...here]);
    expect((await kubectl(["get", "wukong,vm", ...here])).stderr).toContain("No resources found");
  });

  it("watches a Wukong from its creation to its end, and an edit in between", async ({ expect }) => {
    const document = (linkState: string): string => `
apiVersion: vm.novasphere.dev/v1alpha1
kind: Wukong
metadata: {name: watched, namespace: default}
spec: {networks: [{name: eth0, linkState: ${linkState}}]}
`;
    const watching = output(program, ["get", "wukong", "-w", "--output-watch-events", ...options]);
    let seen = "";
    const steps: Promise<string>[] = [outputOf(["apply", "-f", "-"], document("up"))];
    for await (const chunk of watching) {
      seen += chunk.toString();
      const last = seen.trim().split("\n").at(-1) ?? "";
      if (steps.length === 1 && / True +True +AllUp /.test(last))
        steps.push(outputOf(["apply", "-f", "-"], document("down")));
      if (steps.length === 2 && / True +False +LINK_DOWN /.test(last))
        steps.push(outputOf(["delete", "wukong", "watched"]));
      if (last.startsWith("DELETED")) break;
    }
    expect(await Promise.all(steps)).toEqual([
      "wukong.vm.novasphere.dev/watched created\n",
      "wukong.vm.novasphere.dev/watched configured\n",
      expect.stringContaining('"watched" deleted'),
    ]);
  });

  it("describes why a Wukong is refused", async ({ expect }) => {
    const document = `
apiVersion: vm.novasphere.dev/v1alpha1
kind: Wukong
metadata: {name: wrong, namespace: default}
spec: {networks: [{name: eth0, ipConfig: {address: 10.0.0.0/24}}]}
`;
    await outputOf(["apply", "-f", "-"], document);
    await outputOf(["wait", "wukong/wrong", "--for=condition=Accepted=False", "--timeout=20s"]);
    await expect
      .poll(() => outputOf(["describe", "wukong", "wrong"]))
      .toMatch(/Warning +ADDRESS_IS_NETWORK +\S+ +multinic +networks\[0\]\.ipConfig\.address: /);
  });

  it("prints the rule that a Wukong breaks, and the text of a field", async ({ expect }) => {
    const document = `
apiVersion: vm.novasphere.dev/v1alpha1
kind: Wukong
metadata: {name: twice, namespace: default}
spec: {networks: [{name: eth0}, {name: eth0}]}
`;
    const refused = await kubectl(["apply", "-f", "-"], document);
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toContain("the names of the networks must be unique");
    expect(await outputOf(["explain", "wukong.spec.networks.vlanId"])).toContain("0 to 4094");
  });
}

describeWith("kubectl and Wukong", found.size > 0, () => {
  describe.each([...found])("%s", { timeout: 60_000 }, (_version, program) => withKubectl(program));
});
