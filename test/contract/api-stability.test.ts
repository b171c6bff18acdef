// The promises of docs/api-stability.md that can be checked on the protos alone.
import { execFile } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, it } from "vitest";
import { buf } from "../interop/programs.ts";

const exec = promisify(execFile);
const root = join(import.meta.dirname, "../..");
const folder = "proto/multinic/v1";

describe("npm run proto:breaking", () => {
  let copy: string;
  beforeEach(async () => {
    copy = await mkdtemp(join(tmpdir(), "multinic-proto-"));
    for (const path of ["buf.yaml", "proto", "third_party/proto"])
      await cp(join(root, path), join(copy, path), { recursive: true });
    await exec(buf, ["build", "proto", "--exclude-source-info", "-o", "proto/baseline.binpb"], { cwd: copy });
  });
  afterEach(() => rm(copy, { recursive: true }));

  /** What the script prints after one change to a proto; empty if it accepts the change. */
  async function verdict(file: string, before: string, after: string): Promise<string> {
    const path = join(copy, folder, file);
    const text = await readFile(path, "utf8");
    if (!text.includes(before)) throw new Error(`${file} has no ${before}`);
    await writeFile(path, text.replace(before, after));
    const { scripts } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as {
      readonly scripts: Readonly<Record<string, string>>;
    };
    const [, ...args] = (scripts["proto:breaking"] ?? "").split(" ");
    return exec(buf, args, { cwd: copy }).then(
      () => "",
      (error: { readonly stdout: string; readonly stderr: string }) => error.stdout + error.stderr,
    );
  }

  it.for([
    [
      "a renamed field",
      "interface_status_service.proto",
      "string vm = 2;",
      "string machine = 2;",
      "changed name",
    ],
    ["a new number", "network.proto", "string mac_address = 11", "string mac_address = 99", "was deleted"],
    [
      "another type",
      "network.proto",
      "optional int32 vlan_id = 4",
      "optional string vlan_id = 4",
      "changed type",
    ],
    [
      "lost presence",
      "network.proto",
      "optional int32 vlan_id = 4",
      "int32 vlan_id = 4",
      "changed cardinality",
    ],
    [
      "a renamed enum value",
      "virtual_machine.proto",
      "EFFECT_RESTART = 50",
      "EFFECT_REBOOT = 50",
      "changed name",
    ],
    ["another Go package", "network.proto", ";multinicv1", ";multinic", "go_package"],
    ["another Java package", "network.proto", "dev.novasphere.multinic.v1", "com.example", "java_package"],
  ] as const)("refuses %s", async ([, file, before, after, words], { expect }) => {
    expect(await verdict(file, before, after)).toContain(words);
  });

  it.for([
    ["a new field", "interface_status_service.proto", "string vm = 2;", "string vm = 2;\n  string uid = 99;"],
    [
      "a new enum value",
      "virtual_machine.proto",
      "EFFECT_RESTART = 50;",
      "EFFECT_RESTART = 50;\n  EFFECT_NEW = 45;",
    ],
    ["another comment", "network.proto", "// One NIC as requested.", "// A NIC."],
  ] as const)("accepts %s", async ([, file, before, after], { expect }) => {
    expect(await verdict(file, before, after)).toBe("");
  });
});

describe("the comment of an enum", () => {
  it("says what to do with values that are not known yet", async ({ expect }) => {
    const files = await readdir(join(root, folder));
    const protos = await Promise.all(files.map((file) => readFile(join(root, folder, file), "utf8")));
    const enums = [...protos.join("\n").matchAll(/((?: *\/\/.*\n)*) *enum (\w+) \{/g)];
    expect(enums.map(([, , name]) => name)).toEqual(expect.arrayContaining(["Effect", "About"]));
    const without = enums.filter(([, comment]) => !/New values may be added/.test(comment ?? ""));
    expect(without.map(([, , name]) => name)).toEqual([]);
  });
});
