// A node with real multus and CNI programs (pod-net.sh), for pods that are in the API server of KUBECONFIG.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** A pod in the API server. */
export interface PodName {
  readonly namespace: string;
  readonly name: string;
}

/** A link as `ip -j -d addr` shows it. */
export interface Link {
  readonly ifname: string;
  readonly address: string;
  readonly mtu: number;
}

/** What multus answered; `error` in its own words. */
export type CniAnswer<More = object> =
  | ({ readonly ok: true } & More)
  | { readonly ok: false; readonly error: string };

/** A guest's NIC behind KubeVirt's bridge binding, imitated. */
export interface GuestNic {
  /** The interface's name in the pod. */
  readonly podInterface: string;
  readonly mac: string;
  /** With prefix length. */
  readonly address: string;
}

export interface CniNode extends AsyncDisposable {
  /**
   * CNI ADD of all networks of the pod's annotation; `links` are the pod's. After a failure nothing of it is there. Tried
   * again, as kubelet does, where multus lost patience with the API server: after 2.5 s.
   */
  add(pod: PodName): Promise<CniAnswer<{ readonly links: readonly Link[] }>>;
  check(pod: PodName): Promise<CniAnswer>;
  /** CNI DEL; `links` are those that the pod still had before its sandbox went. */
  del(pod: PodName): Promise<CniAnswer<{ readonly links: readonly string[] }>>;
  /** Links, ports, rules, files and namespaces that were not there before the first pod. */
  left(): Promise<readonly string[]>;
  /** Puts a guest behind an interface of the pod. */
  startGuest(pod: PodName, nic: GuestNic): Promise<void>;
  /** True when the guest of the pod gets an answer from that address. */
  reaches(pod: PodName, address: string): Promise<boolean>;
  /** The VLANs of the pods' ports of Open vSwitch: 0 for untagged, undefined for a trunk of all. */
  ovsVlans(): Promise<readonly (number | undefined)[]>;
}

/** What a kernel may lack; without the rest no node starts. */
export type Feature = "bridgeVlan" | "bridgeMacSpoofCheck" | "macvlan";

const script = fileURLToPath(new URL("pod-net.sh", import.meta.url));

interface Run {
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(args: readonly string[], node?: string): Promise<Run> {
  const env = node === undefined ? process.env : { ...process.env, NODE: node };
  return await new Promise((resolve) => {
    execFile(script, [...args], { env }, (error, stdout, stderr) =>
      resolve({ ok: error === null, stdout, stderr: stderr || (error?.message ?? "") }),
    );
  });
}

/** What a machine lacks, as pod-net.sh finds it by trying. */
export interface Lacking {
  readonly missingPrograms: readonly string[];
  /** A Feature, or one without which no node starts: namespaces, bridge, tun. */
  readonly missingFeatures: readonly string[];
}

/** Tries out what this machine can do. */
export async function lackingHere(): Promise<Lacking> {
  const { ok, stdout, stderr } = await run(["can"]);
  if (!ok) throw new Error(`pod-net.sh can: ${stderr}`);
  return JSON.parse(stdout) as Lacking;
}

/** Starts a node with those links (pod-net.sh's words). It ends when disposed of, and with this process. */
export async function startCniNode(links: readonly string[]): Promise<CniNode> {
  const node = await mkdtemp(join(tmpdir(), "multinic-cni-"));
  const env = { ...process.env, NODE: node };
  // In a separate process group, so that it still cleans up when the tests are interrupted.
  const child = spawn(script, ["node", ...links], { env, detached: true, stdio: ["pipe", "pipe", "pipe"] });
  const exited = once(child, "exit");
  let complaint = "";
  child.stderr.on("data", (data: Buffer) => (complaint += data.toString()));
  const ready = Promise.withResolvers<void>();
  createInterface(child.stdout).once("line", () => ready.resolve());
  child.once("exit", () => ready.reject(new Error(`the node did not start: ${complaint}`)));
  const stop = async (): Promise<void> => {
    child.stdin.end();
    await exited;
    await rm(node, { recursive: true, force: true });
  };
  try {
    await ready.promise;
  } catch (error) {
    await stop();
    throw error;
  }

  const must = async (...args: readonly string[]): Promise<string> => {
    const { ok, stdout, stderr } = await run(args, node);
    if (!ok) throw new Error(`pod-net.sh ${args.join(" ")}: ${stderr}`);
    return stdout;
  };
  const call = async <More>(command: string, pod: PodName): Promise<CniAnswer<More>> =>
    JSON.parse(await must(command, pod.namespace, pod.name)) as CniAnswer<More>;

  return {
    async add(pod) {
      for (;;) {
        const answer = await call<{ readonly links: readonly Link[] }>("up", pod);
        if (answer.ok || !answer.error.includes("error waiting for pod")) return answer;
      }
    },
    check: async (pod) => await call("check", pod),
    del: async (pod) => await call("down", pod),
    left: async () => (await must("left")).split("\n").filter((line) => line !== ""),
    async startGuest({ namespace, name }, { podInterface, mac, address }) {
      await must("guest", namespace, name, podInterface, mac, address);
    },
    async reaches({ namespace, name }, address) {
      const ping = ["ping", "-n", "-c", "4", "-i", "0.2", "-W", "1", address];
      const { ok, stdout, stderr } = await run(["in-guest", namespace, name, ...ping], node);
      if (!/packets transmitted/.test(stdout)) throw new Error(`ping: ${stdout}${stderr}`);
      return ok;
    },
    async ovsVlans() {
      const command = ["ovs-vsctl", "--format=json", "--columns=name,tag", "list", "port"];
      const { data } = JSON.parse(await must("on", ...command)) as { data: [string, unknown][] };
      return data
        .filter(([name]) => name.startsWith("veth"))
        .map(([, tag]) => (typeof tag === "number" ? tag : undefined));
    },
    [Symbol.asyncDispose]: stop,
  };
}
