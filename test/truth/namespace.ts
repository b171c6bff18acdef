// Network namespaces of the Linux kernel, one per configuration, by iproute2. No packet leaves them.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";

/** What a run of `ip` printed. */
export interface IpRun {
  readonly stdout: string;
  readonly stderr: string;
  readonly ok: boolean;
}

export interface Namespace {
  /** Runs `ip` with these arguments in the namespace. Rejects if it fails. */
  readonly ip: (args: readonly string[]) => Promise<string>;
  /** Runs the commands in order. Rejects at the first that fails. */
  readonly batch: (commands: readonly string[], options?: readonly string[]) => Promise<string>;
  /** The same, but continues after a failure and returns it. */
  readonly attempt: (commands: readonly string[]) => Promise<IpRun>;
}

const prefix = "multinic-truth";
let created = 0;

/** Why network namespaces cannot be created; undefined if they can. */
export async function whyNoNamespaces(): Promise<string | undefined> {
  if (process.platform !== "linux") return "network namespaces need Linux";
  if (process.getuid?.() !== 0) return "creating network namespaces needs root";
  try {
    await inNamespace(async ({ ip }) => ip(["link"]));
    return undefined;
  } catch (reason) {
    return `cannot create a network namespace with iproute2: ${String(reason)}`;
  }
}

/** Creates a namespace for the work, and removes it afterwards even if the work fails. */
export async function inNamespace<T>(work: (namespace: Namespace) => Promise<T>): Promise<T> {
  created += 1;
  const name = `${prefix}-${process.pid}-${created}`;
  const run = async (args: readonly string[], input?: string): Promise<string> => {
    const { ok, stdout, stderr } = await runIp(["-n", name, ...args], input);
    if (!ok) throw new Error(`ip ${args.join(" ")}: ${stderr.trim()}${input ? `\n${input}` : ""}`);
    return stdout;
  };
  const lines = (commands: readonly string[]): string => `${commands.join("\n")}\n`;
  const added = await runIp(["netns", "add", name]);
  if (!added.ok) throw new Error(`ip netns add: ${added.stderr.trim()}`);
  try {
    return await work({
      ip: async (args) => run(args),
      batch: async (commands, options = []) => run([...options, "-batch", "-"], lines(commands)),
      attempt: async (commands) => runIp(["-n", name, "-force", "-batch", "-"], lines(commands)),
    });
  } finally {
    await runIp(["netns", "del", name]);
  }
}

/** Removes what a killed run left behind. */
export async function removeStaleNamespaces(): Promise<void> {
  const { stdout } = await runIp(["netns", "list"]);
  for (const line of stdout.split("\n")) {
    const [name = ""] = line.split(" ");
    const pid = new RegExp(`^${prefix}-(\\d+)-\\d+$`).exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) await runIp(["netns", "del", name]);
  }
}

async function runIp(args: readonly string[], input?: string): Promise<IpRun> {
  return new Promise((resolve) => {
    const child = execFile("ip", [...args], { maxBuffer: 2 ** 24 }, (error, stdout, stderr) =>
      resolve({ ok: error === null, stdout, stderr: stderr || (error?.message ?? "") }),
    );
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(input ?? "");
  });
}
