// The active replica ends in the middle of its work, at every write in turn: the next one completes it, and nothing is lost.
import { describe, it, vi, type ExpectStatic } from "vitest";
import { wukongFinalizer } from "../../src/controller/reconcile.ts";
import type { KubernetesObject, Wukong } from "../../src/domain/objects/kubernetes.ts";
import { secretNameOf } from "../../src/domain/objects/ownership.ts";
import { connectKube } from "../../src/kube/connection/connect.ts";
import { KubeError } from "../../src/kube/errors.ts";
import type { FullKubeClient, KubeClient } from "../../src/kube/kube-client.ts";
import {
  events,
  leases,
  networkAttachmentDefinitions,
  type Resource,
  secrets,
  virtualMachines,
  wukongs,
} from "../../src/kube/resource.ts";
import { createApiServer } from "../../src/local/api/api-server.ts";
import { patience, type Replica, startReplica, wukong } from "./stand.ts";

const ref = { namespace: "default", name: "web" };

/** Where a replica ends: at its write with this number, before the API server has it or after. */
interface End {
  readonly write: number;
  readonly when: "before" | "after";
}

/** A client that ends its replica at a write. Writes of Leases and Events do not count: nothing depends on them. */
function mortal(
  client: KubeClient,
  end: End | undefined,
  die: () => void,
): KubeClient & { readonly writes: number } {
  let writes = 0;
  let isDead = false;
  const dead = (): KubeError => new KubeError("Unreachable", 0, "this replica has ended");
  const read = async <T>(call: () => Promise<T>): Promise<T> => {
    if (isDead) throw dead();
    return await call();
  };
  const kill = (): never => {
    isDead = true;
    die();
    throw dead();
  };
  async function write<T>(
    resource: Resource<KubernetesObject>,
    options: { readonly dryRun?: boolean | undefined } | undefined,
    call: () => Promise<T>,
  ): Promise<T> {
    if (isDead) throw dead();
    if (resource === leases || resource === events || options?.dryRun === true) return await call();
    writes += 1;
    if (writes === end?.write && end.when === "before") kill();
    const result = await call();
    if (writes === end?.write) kill();
    return result;
  }
  return {
    ...client,
    get writes() {
      return writes;
    },
    find: (resource, at, options) => read(() => client.find(resource, at, options)),
    list: (resource, options) => read(() => client.list(resource, options)),
    create: (resource, object, options) =>
      write(resource, options, () => client.create(resource, object, options)),
    apply: (resource, object, options) =>
      write(resource, options, () => client.apply(resource, object, options)),
    delete: (resource, at, options) => write(resource, options, () => client.delete(resource, at, options)),
  };
}

interface MortalReplica extends Replica {
  readonly writes: number;
  /** Resolves when the replica has ended by itself. */
  readonly ended: Promise<void>;
}

function startMortal(client: KubeClient, identity: string, end?: End): MortalReplica {
  const ended = Promise.withResolvers<void>();
  const own = mortal(client, end, ended.resolve);
  const replica = startReplica(own, identity);
  return {
    ...replica,
    get writes() {
      return own.writes;
    },
    ended: ended.promise,
  };
}

interface Story {
  readonly title: string;
  /** Before the replica that ends is there. */
  readonly before?: Wukong["spec"];
  /** What the user does. */
  readonly act: (client: FullKubeClient) => Promise<unknown>;
  readonly isDone: (client: FullKubeClient) => Promise<boolean>;
}

const oneNic = { runStrategy: "Halted", networks: [{ name: "eth0" }] };
const twoNics = {
  runStrategy: "Halted",
  networks: [
    { name: "eth0", vlanId: 7 },
    { name: "eth1", vlanId: 8 },
  ],
};
async function isSettled(client: FullKubeClient, nics: number): Promise<boolean> {
  const found = await client.find(wukongs, ref);
  const { observedGeneration, networks, conditions } = found?.status ?? {};
  return (
    observedGeneration === found?.metadata.generation &&
    networks?.length === nics &&
    conditions?.some(({ type, status }) => type === "Accepted" && status === "True") === true
  );
}

const stories: readonly Story[] = [
  {
    title: "creates a VM",
    act: (client) => client.create(wukongs, wukong(ref.name, twoNics)),
    isDone: (client) => isSettled(client, 2),
  },
  {
    title: "changes a VM",
    before: oneNic,
    act: (client) => client.mergePatch(wukongs, ref, { spec: twoNics }),
    isDone: (client) => isSettled(client, 2),
  },
  {
    title: "deletes a VM",
    before: twoNics,
    act: (client) => client.delete(wukongs, ref),
    async isDone(client) {
      if ((await client.find(wukongs, ref)) !== undefined) return false;
      const { vm, secret, nads } = await everything(client);
      return vm === undefined && secret === undefined && nads.length === 0;
    },
  },
];

async function everything(client: FullKubeClient) {
  const { namespace, name } = ref;
  const [vm, secret, nads] = await Promise.all([
    client.find(virtualMachines, ref),
    client.find(secrets, { namespace, name: secretNameOf(name) }),
    client.list(networkAttachmentDefinitions, { namespace }),
  ]);
  return { vm, secret, nads: nads.items };
}

/** All that the user sees, without what differs from run to run. */
async function worldOf(client: FullKubeClient, expect: ExpectStatic): Promise<object> {
  const { vm, secret, nads } = await everything(client);
  const found = await client.find(wukongs, ref);
  // Everything belongs to the VM, and the VM to the Wukong.
  const owners = (object: KubernetesObject | undefined): unknown =>
    (object?.metadata.ownerReferences ?? []).map(({ uid }) => uid);
  expect(owners(vm)).toEqual(vm === undefined ? [] : [found?.metadata.uid]);
  for (const object of [secret, ...nads].filter((object) => object !== undefined))
    expect(owners(object)).toEqual([vm?.metadata.uid]);
  return {
    finalizers: found?.metadata.finalizers,
    networks: found?.status?.networks,
    conditions: found?.status?.conditions?.map(({ type, status, reason, message }) => [
      type,
      status,
      reason,
      message,
    ]),
    vm: vm?.spec,
    record: vm?.metadata.annotations,
    secret: secret?.data,
    nads: nads.map(({ metadata: { name }, spec }) => [name, spec]),
  };
}

/** Runs the story, with a replica that ends there and one that comes after it; the number of writes of the first. */
async function play(story: Story, end: End | undefined, expect: ExpectStatic) {
  const server = createApiServer();
  const { url } = await server.listen({ host: "127.0.0.1", port: 0 });
  const client = connectKube({ server: url });
  const done = async (): Promise<void> => {
    try {
      await vi.waitUntil(() => story.isDone(client), patience);
    } catch (error) {
      const found = await Promise.all([client.find(wukongs, ref), client.list(leases)]);
      throw new Error(`${JSON.stringify(end)} was not completed: ${JSON.stringify(found)}`, { cause: error });
    }
  };
  try {
    if (story.before !== undefined) {
      const earlier = startReplica(client, "earlier");
      await client.create(wukongs, wukong(ref.name, story.before));
      await vi.waitUntil(() => isSettled(client, 1).then((one) => one || isSettled(client, 2)), patience);
      await earlier.stop();
    }
    const first = startMortal(client, "first", end);
    await vi.waitUntil(
      async () =>
        (await client.find(leases, { namespace: "default", name: "multinic-controller" }))?.spec
          ?.holderIdentity === "first",
      patience,
    );
    const second = startReplica(client, "second");
    await story.act(client);
    // The number of status writes differs from run to run, so the last ends may not be reached.
    await Promise.race([done(), first.ended]);
    // A replica that has ended can no longer release its Lease.
    await first.stop();
    await done();
    const world = await worldOf(client, expect);
    await second.stop();
    return { writes: first.writes, world };
  } finally {
    await client.close();
    await server.close();
  }
}

/** Most of each play is waiting for the Lease to expire. */
const atOnce = 6;

describe("a replica that ends while it", { timeout: 300_000 }, () => {
  it.for(stories)("$title is followed by one that completes it", async (story, { expect }) => {
    const undisturbed = await play(story, undefined, expect);
    expect(undisturbed.writes).toBeGreaterThan(1);
    const ends = Array.from({ length: undisturbed.writes }, (_, index) => index + 1).flatMap((write) =>
      (["before", "after"] as const).map((when): End => ({ write, when })),
    );
    for (let next = 0; next < ends.length; next += atOnce) {
      const some = ends.slice(next, next + atOnce);
      const results = await Promise.all(
        some.map(async (end) => ({ end, world: (await play(story, end, expect)).world })),
      );
      for (const { end, world } of results) expect(world, JSON.stringify(end)).toEqual(undisturbed.world);
    }
    expect(JSON.stringify(undisturbed.world).includes(wukongFinalizer)).toBe(story.title !== "deletes a VM");
    console.info(
      `a replica that ${story.title} was ended at ${ends.length} points, none of which lost anything`,
    );
  });
});
