// A caller gives up, or the API server fails, at each request of an apply: everything is written and owned, or nothing is left.
import { afterAll, beforeAll, describe, it, vi } from "vitest";
import { secretText } from "../../src/domain/objects/cloud-init.ts";
import type { VmSpec } from "../../src/domain/spec.ts";
import { KubeError } from "../../src/kube/errors.ts";
import type { KubeClient } from "../../src/kube/kube-client.ts";
import { virtualMachines } from "../../src/kube/resource.ts";
import { ownedObjects, ownersOf } from "./owned-objects.ts";
import { deleted, type Replica, startReplica } from "./replica.ts";
import { machine, startStand, type Stand } from "./stand.ts";

/** Calls `act` before and after each request, with its number; `count` is the number of those that were counted. */
function counted(
  client: KubeClient,
  counts: "all requests" | "writes",
  act: (number: number, moment: "before" | "after", isWrite: boolean) => void,
): { readonly client: KubeClient; readonly count: () => number } {
  let count = 0;
  const around = async <R>(isWrite: boolean, request: () => Promise<R>): Promise<R> => {
    if (isWrite || counts === "all requests") count += 1;
    const number = count;
    act(number, "before", isWrite);
    const answer = await request();
    act(number, "after", isWrite);
    return answer;
  };
  return {
    count: () => count,
    client: {
      ...client,
      find: (resource, ref, options) => around(false, () => client.find(resource, ref, options)),
      list: (resource, options) => around(false, () => client.list(resource, options)),
      apply: (resource, object, options) =>
        around(options.dryRun !== true, () => client.apply(resource, object, options)),
      delete: (resource, ref, options) =>
        around(options?.dryRun !== true, () => client.delete(resource, ref, options)),
    },
  };
}

describe.concurrent("an apply that does not come to its end", () => {
  let stand: Stand;
  let replica: Replica;
  beforeAll(async () => {
    stand = await startStand();
    replica = await startReplica(stand.target.client);
  });
  afterAll(async () => {
    await replica[Symbol.asyncDispose]();
    await stand.stop();
  });

  const version = (namespace: string, number: number): VmSpec => ({
    ...machine(namespace, "guest", [
      { name: "eth0", vlanId: 540 + number },
      { name: "eth1", vlanId: 550 + number },
    ]),
    runStrategy: "Halted",
    userData: { text: `#cloud-config\nhostname: version-${number}\n` },
  });

  /** As text, so that one expectation covers every point: the version of each object, and what has no owner. */
  async function stateOf(spec: VmSpec): Promise<string> {
    const { vm, secret, nads } = await ownedObjects(stand.target.client, spec);
    const networks = vm?.spec.template.spec.networks?.map(({ multus }) => multus?.networkName) ?? [];
    const ofVm = nads.filter(({ metadata }) => networks.includes(metadata.name));
    const text = (secret && secretText(secret, "userdata")) ?? "";
    const config = JSON.stringify(ofVm.map((nad) => JSON.parse(nad.spec?.config ?? "{}") as object));
    return [
      `VM ${vm === undefined ? "none" : (/"vlan":54(\d)/.exec(config)?.[1] ?? "without its NADs")}`,
      `Secret ${/version-(\d)/.exec(text)?.[1] ?? "none"}`,
      `NADs ${nads.length}`,
      `unowned ${[...nads, ...(secret === undefined ? [] : [secret])].filter((object) => ownersOf(object as never).length === 0).length}`,
    ].join(", ");
  }

  const whole = (number: number): string => `VM ${number}, Secret ${number}, NADs 2, unowned 0`;
  const nothing = "VM none, Secret none, NADs 0, unowned 0";

  it.for([
    ["create", undefined],
    ["update", 1],
  ] as const)(
    "leaves all or nothing, whichever request of %s is the caller's last",
    { timeout: 110_000 },
    async ([, former], { expect }) => {
      const namespace = await stand.namespace();
      const spec = version(namespace, 2);
      const before = former === undefined ? nothing : whole(former);
      const outcomes = new Set<string>();
      for (let point = 1; ; point += 1) {
        await startFrom(former, namespace);
        const leaving = new AbortController();
        const { client, count } = counted(stand.target.client, "all requests", (number, moment) => {
          if (number === point && moment === "before") leaving.abort(new Error("the caller left"));
        });
        const call = await Promise.allSettled([replica.apply(spec, { signal: leaving.signal }, client)]);
        const state = await stateOf(spec);
        expect([`request ${point}`, state]).toEqual([
          `request ${point}`,
          call[0].status === "fulfilled" ? whole(2) : before,
        ]);
        outcomes.add(call[0].status);
        if (count() < point) break;
      }
      expect(outcomes).toEqual(new Set(["rejected", "fulfilled"]));
    },
  );

  it.for([
    ["create", "before it is executed", undefined],
    ["create", "after it is executed", undefined],
    ["update", "before it is executed", 1],
    ["update", "after it is executed", 1],
  ] as const)(
    "is completed by the same call if any write of %s fails %s",
    { timeout: 110_000 },
    async ([, when, former], { expect }) => {
      const namespace = await stand.namespace();
      const spec = version(namespace, 2);
      const failure = new KubeError("Unreachable", 0, "connection reset");
      for (let point = 1; ; point += 1) {
        await startFrom(former, namespace);
        let failed = false;
        let broken = false;
        const { client, count } = counted(stand.target.client, "writes", (number, moment, isWrite) => {
          // From that write on, the API server is away, as it is for a process that ends.
          if (number >= point && isWrite && when.startsWith(moment)) broken = true;
          if (!broken || (number === point && when.startsWith("after") && moment === "before")) return;
          failed = true;
          throw failure;
        });
        const call = await Promise.allSettled([replica.apply(spec, {}, client)]);
        if (failed) expect(call[0].status).toBe("rejected");
        await replica.apply(spec);
        expect([`request ${point}`, await stateOf(spec)]).toEqual([`request ${point}`, whole(2)]);
        if (count() < point) break;
      }
    },
  );

  async function startFrom(former: number | undefined, namespace: string): Promise<void> {
    const { client } = stand.target;
    const ref = { namespace, name: "guest" };
    if (former !== undefined) {
      await replica.apply(version(namespace, former));
      return;
    }
    if ((await client.find(virtualMachines, ref)) !== undefined) await deleted(client, virtualMachines, ref);
    await vi.waitUntil(async () => (await stateOf(version(namespace, 1))) === nothing, { timeout: 30_000 });
  }
});
