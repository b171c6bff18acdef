// The routes and rules that a kernel holds, and what it answers to `ip route get`, in the words of the prediction.
import type { Namespace } from "./namespace.ts";

/** One route, as `ip -j route` shows it, brought into one form. */
export interface KernelRoute {
  readonly destination: string;
  readonly gateway: string;
  readonly nic: string;
  readonly metric: number;
  readonly table: number;
}

/** An answer of `ip route get`. */
export interface KernelAnswer {
  readonly nic: string;
  readonly gateway: string;
  readonly source: string;
  /** unicast, local, broadcast, … */
  readonly type: string;
}

interface IpRoute {
  readonly dst: string;
  readonly gateway?: string;
  readonly dev?: string;
  readonly metric?: number;
  readonly table?: string;
  readonly type?: string;
  readonly prefsrc?: string;
}

const mainTable = 254;

/** Every unicast route outside the table of local addresses. */
export async function kernelRoutes(namespace: Namespace): Promise<readonly KernelRoute[]> {
  const [ipv4, ipv6] = await Promise.all([
    namespace.ip(["-j", "-4", "route", "show", "table", "all"]),
    namespace.ip(["-j", "-6", "route", "show", "table", "all"]),
  ]);
  const of = (json: string, family: 4 | 6): readonly KernelRoute[] =>
    (JSON.parse(json || "[]") as readonly IpRoute[])
      .filter(({ type = "unicast", table }) => type === "unicast" && table !== "local")
      .map(({ dst, gateway = "", dev = "", metric = 0, table }) => ({
        destination: withPrefix(dst, family),
        gateway,
        nic: dev,
        metric,
        table: table === undefined || table === "main" ? mainTable : Number(table),
      }));
  return [...of(ipv4, 4), ...of(ipv6, 6)];
}

function withPrefix(destination: string, family: 4 | 6): string {
  if (destination === "default") return family === 4 ? "0.0.0.0/0" : "::/0";
  return destination.includes("/") ? destination : `${destination}/${family === 4 ? 32 : 128}`;
}

/** The rules besides the kernel's own, as `PRIORITY FROM TO TABLE`. */
export async function kernelRules(namespace: Namespace): Promise<readonly string[]> {
  const [ipv4, ipv6] = await Promise.all([
    namespace.ip(["-j", "-4", "rule"]),
    namespace.ip(["-j", "-6", "rule"]),
  ]);
  interface IpRule {
    readonly priority: number;
    readonly src: string;
    readonly dst?: string;
    readonly dstlen?: number;
    readonly table: string;
  }
  return [ipv4, ipv6]
    .flatMap((json) => JSON.parse(json) as readonly IpRule[])
    .filter(({ src }) => src !== "all")
    .map(({ priority, src, dst, dstlen, table }) => {
      const to = dst === undefined ? "any" : `${dst}/${dstlen ?? (dst.includes(":") ? 128 : 32)}`;
      return `${priority} ${src} ${to} ${table === "main" ? mainTable : table}`;
    });
}

/** `ip route get` for each question; undefined where the kernel has no route. */
export async function askKernel(
  namespace: Namespace,
  questions: readonly {
    readonly to: string;
    readonly from: string | undefined;
    readonly hasRoute: boolean;
  }[],
): Promise<readonly (KernelAnswer | undefined)[]> {
  const command = ({ to, from }: (typeof questions)[number]): string =>
    `route get ${to}${from === undefined ? "" : ` from ${from}`}`;
  const routed = questions.filter(({ hasRoute }) => hasRoute);
  const answers = (await namespace.batch(routed.map(command), ["-j"])).split("\n").filter(Boolean);
  const unrouted = questions.filter(({ hasRoute }) => !hasRoute);
  const refused = await namespace.attempt(unrouted.map(command));
  if (refused.stdout.trim() !== "") throw new Error(`the kernel has a route after all: ${refused.stdout}`);
  const next = answers.values();
  return questions.map(({ hasRoute }) => {
    if (!hasRoute) return undefined;
    const [answer] = JSON.parse(next.next().value ?? "[]") as readonly IpRoute[];
    return {
      nic: answer?.dev ?? "",
      gateway: answer?.gateway ?? "",
      source: answer?.prefsrc ?? "",
      type: answer?.type ?? "unicast",
    };
  });
}
