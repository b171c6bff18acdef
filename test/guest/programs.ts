// The programs of a guest that judge its configuration: Debian's cloud-init and netplan.
import { execFile, execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import type { GuestRenderer } from "../../src/domain/spec.ts";

/** Debian's own; cloud-init is a package of this Python. */
const python = "/usr/bin/python3";
/** What `netplan generate` starts; netplan's own Python part, which costs most of its time, only passes on. */
const netplan = "/usr/libexec/netplan/generate";

/** Why the programs cannot be asked here; undefined where they can, and under CI=true, where they must. */
export const programsMissing: string | undefined =
  process.env["CI"] === "true"
    ? undefined
    : [...(findProgram("cloud-init") ? [] : ["cloud-init"]), ...(existsSync(netplan) ? [] : ["netplan.io"])]
        .map((name) => `Debian's ${name} is not installed`)
        .join(", ") || undefined;

function findProgram(name: string): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((folder) => existsSync(join(folder, name)));
}

/** Runs one of this folder's scripts with cloud-init's modules at hand: JSON in, JSON out. */
export function withCloudInit(script: string, input: unknown): unknown {
  const path = new URL(script, import.meta.url).pathname;
  const output = execFileSync(python, [path], { input: JSON.stringify(input), maxBuffer: 2 ** 28 });
  return JSON.parse(output.toString());
}

interface ConvertJob {
  readonly kind: GuestRenderer;
  /** network-config. */
  readonly text: string;
}

export type Converted = { readonly files: Readonly<Record<string, string>> } | { readonly error: string };

/** `cloud-init devel net-convert` of each. */
export function netConvert(jobs: readonly ConvertJob[]): {
  readonly version: string;
  readonly results: readonly Converted[];
} {
  // What a distribution's renderer needs of its own settings, such as the folder of ifcfg files.
  const distro = (kind: GuestRenderer) =>
    kind === "sysconfig" || kind === "network-manager" ? "rhel" : "debian";
  return withCloudInit(
    "net-convert.py",
    jobs.map((job) => ({ ...job, distro: distro(job.kind) })),
  ) as ReturnType<typeof netConvert>;
}

const run = promisify(execFile);

/** `netplan generate` of files by path: the files that it makes, and what it says. @throws where it refuses. */
export async function netplanGenerate(files: Readonly<Record<string, string>>): Promise<{
  readonly files: Readonly<Record<string, string>>;
  readonly said: string;
}> {
  const root = mkdtempSync(join(tmpdir(), "netplan-"));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text, { mode: 0o600 });
    }
    const { stdout, stderr } = await run(netplan, ["--root-dir", root]);
    const folder = join(root, "run/systemd/network");
    const names = existsSync(folder) ? readdirSync(folder) : [];
    return {
      files: Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), "utf8")])),
      said: `${stdout}${stderr}`,
    };
  } finally {
    rmSync(root, { recursive: true });
  }
}
