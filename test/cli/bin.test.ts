import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { beforeEach, describe, it } from "vitest";

/** A checkout with the real launcher and a main that says how it was started. */
let root: string;
let hostPath: string;

const main = `
const [command] = process.argv.slice(2);
if (command === "fail") process.exitCode = 3;
if (command === "wait") {
  setInterval(() => undefined, 1000);
  process.on("SIGTERM", () => process.exit(42));
}
const started: object = { args: process.argv.slice(2), execPath: process.execPath, pid: process.pid };
console.log(JSON.stringify(started));
`;

beforeEach(({ onTestFinished }) => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "multinic-bin-")));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  for (const folder of ["src", "bin", "host"]) mkdirSync(join(root, folder));
  cpSync("bin/multinic", join(root, "bin/multinic"));
  writeFileSync(join(root, "src/main.ts"), main);
  writeFileSync(join(root, "package.json"), '{"type": "module"}');
  hostPath = `${join(root, "host")}:/usr/bin:/bin`;
});

const install = (): void => symlinkSync(resolve("node_modules"), join(root, "node_modules"));

/** Installed, but without a Node.js of npm's own. */
function installWithoutNode(): void {
  mkdirSync(join(root, "node_modules/commander"), { recursive: true });
}

function hostNode(version: string): void {
  const node = join(root, "host/node");
  writeFileSync(
    node,
    `#!/bin/sh\n[ "$1" = --version ] && echo ${version} || exec ${process.execPath} "$@"\n`,
  );
  chmodSync(node, 0o755);
}

const launch = (args: readonly string[], launcher = join(root, "bin/multinic")) =>
  spawnSync(launcher, args, { encoding: "utf8", env: { PATH: hostPath } });

describe("bin/multinic", () => {
  it("runs on the Node.js that npm installed, whatever the host has", ({ expect }) => {
    install();
    hostNode("v12.0.0");
    const { stdout, stderr, status } = launch(["get", "a b", "$HOME", "*"]);
    expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
    const started = JSON.parse(stdout) as { args: unknown; execPath: string };
    expect(started.args).toEqual(["get", "a b", "$HOME", "*"]);
    expect(started.execPath).toContain("/node_modules/node-linux-");
  });

  it("keeps the exit code, and works through symbolic links", ({ expect }) => {
    install();
    symlinkSync("../bin/multinic", join(root, "host/first"));
    symlinkSync(join(root, "host/first"), join(root, "host/second"));
    expect(launch(["fail"], join(root, "host/second")).status).toBe(3);
  });

  it("replaces its own process, so that signals reach Node.js", async ({ expect }) => {
    install();
    const child = spawn(join(root, "bin/multinic"), ["wait"], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { PATH: hostPath },
    });
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    expect((JSON.parse(line.toString()) as { pid: number }).pid).toBe(child.pid);
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([42, null]);
  });

  it("says what to do if npm ci has not been run", ({ expect }) => {
    hostNode("v24.21.0");
    const { stdout, stderr, status } = launch(["get"]);
    expect({ stdout, status }).toEqual({ stdout: "", status: 2 });
    expect(stderr).toBe(`error: the dependencies are not installed\nnext: run npm ci in ${root}\n`);
  });

  it("uses the host's Node.js if npm has none and the host's is new enough", ({ expect }) => {
    installWithoutNode();
    hostNode("v24.12.0");
    expect(JSON.parse(launch(["x"]).stdout)).toMatchObject({ args: ["x"] });
    for (const version of ["v24.11.1", "v20.19.0", "nonsense"]) {
      hostNode(version);
      const { stderr, status } = launch(["x"]);
      expect(status).toBe(2);
      expect(stderr).toContain(
        `host/node is ${version}; multinic needs Node.js 24.12 or later\nnext: run npm ci in`,
      );
    }
  });
});
