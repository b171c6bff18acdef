// Replicas that agree by a Lease on the one that works.
import { afterEach, beforeEach, describe, it, vi } from "vitest";
import { connectKube } from "../../src/kube/connection/connect.ts";
import { KubeError } from "../../src/kube/errors.ts";
import type { FullKubeClient, KubeClient } from "../../src/kube/kube-client.ts";
import { type ElectionDurations, runElection } from "../../src/kube/leader-election.ts";
import { leases } from "../../src/kube/resource.ts";
import { systemTiming, type Timing } from "../../src/kube/timing.ts";
import { createApiServer } from "../../src/local/api/api-server.ts";
import { silentLog } from "../support/log.ts";

const durations: ElectionDurations = { leaseMs: 1_000, renewWithinMs: 600, retryMs: 50 };
const lease = { namespace: "default", name: "test" };

interface Replica {
  readonly leads: boolean;
  stop(): Promise<void>;
}

describe("an election by a Lease", () => {
  let server: ReturnType<typeof createApiServer>;
  let client: FullKubeClient;
  /** At any moment at most one entry. */
  let active: Set<string>;
  /** The most entries that there were. */
  let most: number;
  let replicas: Replica[];
  beforeEach(async () => {
    server = createApiServer();
    const { url } = await server.listen({ host: "127.0.0.1", port: 0 });
    client = connectKube({ server: url });
    active = new Set();
    most = 0;
    replicas = [];
  });
  afterEach(async () => {
    await Promise.all(replicas.map((replica) => replica.stop()));
    await client.close();
    await server.close();
  });

  function join(
    identity: string,
    by: KubeClient = client,
    { timing = {}, ...own }: Partial<ElectionDurations> & { readonly timing?: Partial<Timing> } = {},
  ): Replica {
    const stopping = new AbortController();
    const election = runElection({
      client: by,
      lease,
      identity,
      durations: { ...durations, ...own },
      log: silentLog,
      timing: { ...systemTiming, ...timing },
      async lead(signal) {
        active.add(identity);
        most = Math.max(most, active.size);
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
        active.delete(identity);
      },
      signal: stopping.signal,
    });
    const replica = {
      get leads() {
        return active.has(identity);
      },
      async stop() {
        stopping.abort();
        await election;
      },
    };
    replicas.push(replica);
    return replica;
  }

  /** A client that can lose its connection to the API server. */
  function cable(): { readonly client: KubeClient; cut(): void } {
    let isCut = false;
    const through = async <T>(call: () => Promise<T>): Promise<T> => {
      if (isCut) throw new KubeError("Unreachable", 0, "the connection is cut");
      return await call();
    };
    return {
      client: {
        ...client,
        find: (resource, ref, options) => through(() => client.find(resource, ref, options)),
        create: (resource, object, options) => through(() => client.create(resource, object, options)),
        apply: (resource, object, options) => through(() => client.apply(resource, object, options)),
      },
      cut() {
        isCut = true;
      },
    };
  }

  const until = (holds: () => boolean | Promise<boolean>): Promise<unknown> =>
    vi.waitUntil(holds, { timeout: 10_000, interval: 10 });

  async function holder(): Promise<string | undefined> {
    return (await client.find(leases, lease))?.spec?.holderIdentity;
  }

  it("has one active replica of three, from first to last", async ({ expect }) => {
    const three = ["a", "b", "c"].map((identity) => join(identity));
    for (let left = three; left.length > 0;) {
      await until(() => left.some(({ leads }) => leads));
      const leader = left.find(({ leads }) => leads);
      await leader?.stop();
      left = left.filter((replica) => replica !== leader);
    }
    expect(most).toBe(1);
    expect(await client.find(leases, lease)).toMatchObject({ spec: { holderIdentity: "" } });
  });

  it("passes on at once when the active replica stops, and only after its work has ended", async ({
    expect,
  }) => {
    // Longer than this test may take.
    const leaseMs = 3_600_000;
    const first = join("a", client, { leaseMs });
    await until(() => first.leads);
    const second = join("b", client, { leaseMs });
    await first.stop();
    await until(() => second.leads);
    expect(most).toBe(1);
    expect(await client.find(leases, lease)).toMatchObject({
      spec: { holderIdentity: "b", leaseTransitions: 1 },
    });
  });

  it("stops the work of a replica without connection before another one takes over", async ({ expect }) => {
    const wire = cable();
    const first = join("a", wire.client);
    await until(() => first.leads);
    const second = join("b");
    wire.cut();
    await until(() => second.leads);
    expect(first.leads).toBe(false);
    expect(most).toBe(1);
  });

  it.for([
    ["an hour behind", -3_600_000],
    ["an hour ahead", 3_600_000],
  ] as const)(
    "does not take the Lease from a live replica whose clock is %s",
    async ([, skew], { expect }) => {
      const first = join("a", client, { timing: { clock: () => new Date(Date.now() + skew) } });
      await until(() => first.leads);
      const second = join("b");

      // Renewals go on for longer than the Lease lasts.
      const since = performance.now();
      const versions = new Set<string | undefined>();
      await until(async () => {
        versions.add((await client.find(leases, lease))?.metadata.resourceVersion);
        return versions.size > 5 && performance.now() - since > 1.5 * durations.leaseMs;
      });

      expect([first.leads, second.leads, await holder()]).toEqual([true, false, "a"]);
    },
  );

  it("takes a Lease whose holder is gone after it has not changed for its duration", async ({ expect }) => {
    const gone = {
      holderIdentity: "gone",
      leaseDurationSeconds: 1,
      renewTime: "2999-01-01T00:00:00.000000Z",
    };
    await client.create(leases, {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: lease,
      spec: gone,
    });
    const since = performance.now();
    const replica = join("a");
    await until(() => replica.leads);
    expect(performance.now() - since).toBeGreaterThanOrEqual(1_000);
  });
});
