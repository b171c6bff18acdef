// The image has what .dockerignore lets through, so not the embedded cluster. The program must say so, and work without it.
import { execFile } from "node:child_process";
import { cp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { describe, it } from "vitest";
import { temporaryFolder } from "./main-process.ts";

const root = path.resolve(import.meta.dirname, "../..");

/** A copy of what the image would hold. */
async function image(): Promise<string> {
  const folder = await temporaryFolder();
  const rules = (await readFile(path.join(root, ".dockerignore"), "utf8")).split("\n");
  for (const kept of rules.filter((rule) => rule.startsWith("!")).map((rule) => rule.slice(1))) {
    await cp(path.join(root, kept), path.join(folder, kept), { recursive: true });
  }
  for (const left of rules.filter((rule) => /^\w/.test(rule))) {
    await rm(path.join(folder, left), { recursive: true });
  }
  await symlink(path.join(root, "node_modules"), path.join(folder, "node_modules"));
  return folder;
}

async function run(folder: string, ...args: readonly string[]) {
  const main = path.join(folder, "src/main.ts");
  const done = promisify(execFile)(process.execPath, [main, ...args], { env: {}, cwd: folder });
  return await done.then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  );
}

describe("the image", () => {
  it("says that it has no embedded cluster, and what to do", async ({ expect }) => {
    expect(await run(await image(), "serve", "--local")).toMatchObject({
      code: 2,
      stdout: "",
      stderr:
        "error: --local (MULTINIC_LOCAL): this image has no embedded cluster; run it from a checkout of the sources, " +
        "or select a cluster with --kubeconfig (MULTINIC_KUBECONFIG)\nnext: see multinic serve --help\n",
    });
  });

  it("does not report another missing module as the embedded cluster", async ({ expect }) => {
    const folder = await image();
    const main = path.join(folder, "src/local/local-cluster.ts");
    await cp(path.join(root, "src/local"), path.join(folder, "src/local"), { recursive: true });
    await writeFile(main, `import "./missing.ts";\n${await readFile(main, "utf8")}`);
    const { code, stderr } = await run(folder, "serve", "--local");
    expect(code).not.toBe(0);
    expect(stderr).toContain("missing.ts");
    expect(stderr).not.toContain("no embedded cluster");
  });

  it("checks a document without a cluster", async ({ expect }) => {
    const { code, stderr } = await run(await image(), "validate", "examples/6.1-basic.yaml");
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.any(String) });
  });
});
