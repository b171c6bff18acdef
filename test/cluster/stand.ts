// The service on the target, its gRPC clients, and namespaces that are deleted with the test file.
import { randomBytes } from "node:crypto";
import { vi } from "vitest";
import { createClient, type Client } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { InterfaceStatusService } from "../../gen/multinic/v1/interface_status_service_pb.ts";
import { InterfaceState } from "../../gen/multinic/v1/virtual_machine_pb.ts";
import {
  VirtualMachineService,
  type ApplyVMResponse,
} from "../../gen/multinic/v1/virtual_machine_service_pb.ts";
import { specToProto } from "../../src/wire/spec-to-proto.ts";
import { builtInCatalogue, type Catalogue } from "../../src/domain/catalogue.ts";
import type { NetworkConfig, VmSpec } from "../../src/domain/spec.ts";
import type { VirtualMachine, Wukong } from "../../src/domain/objects/kubernetes.ts";
import type { FullKubeClient } from "../../src/kube/kube-client.ts";
import { silentLog } from "../support/log.ts";
import { isKubeError } from "../../src/kube/errors.ts";
import {
  namespaces,
  networkAttachmentDefinitions,
  virtualMachines,
  wukongs,
} from "../../src/kube/resource.ts";
import { startService } from "../../src/serve/service.ts";
import { watchNics, type NicWatch, type Nics } from "./nic-watch.ts";
import { startTarget, type Target } from "./target.ts";
import { nad, namespaceOf } from "../support/objects.ts";

/** The real control plane needs seconds to end a guest; on a busy machine many more. */
const patienceMs = 110_000;

export interface ApplyOptions {
  readonly validateOnly?: boolean;
  readonly planFingerprint?: string;
  readonly etag?: string;
  readonly adopt?: boolean;
  readonly createOnly?: boolean;
  readonly updateMask?: { readonly paths: string[] };
}

export interface Stand {
  readonly target: Target;
  readonly url: string;
  readonly vms: Client<typeof VirtualMachineService>;
  readonly statuses: Client<typeof InterfaceStatusService>;
  /** Creates a namespace for one test, ready for pods. */
  namespace(): Promise<string>;
  /** Creates a NAD that multinic does not manage. */
  makeNad(namespace: string, name: string, config: Readonly<Record<string, unknown>>): Promise<void>;
  apply(spec: VmSpec, options?: ApplyOptions): Promise<ApplyVMResponse>;
  watch(vm: { readonly namespace: string; readonly name: string }): NicWatch;
  /** Exceptions that the service's caches logged. */
  faults(): readonly number[];
  stop(): Promise<void>;
}

/** Resolves when the service is ready. Default: the built-in catalogue, and no controller of Wukongs. */
export async function startStand(
  catalogue: Catalogue = builtInCatalogue(),
  { controller = false } = {},
): Promise<Stand> {
  const target = await startTarget(silentLog);
  const { client } = target;
  const service = await startService({
    client,
    catalogue,
    listen: { host: "127.0.0.1", port: 0 },
    virtHandlerMetrics: target.virtHandlerMetricsUrls,
    controller: controller ? { leaseNamespace: "default" } : undefined,
    log: silentLog,
    version: "test",
  });
  await service.whenReady();
  const transport = createGrpcTransport({ baseUrl: service.url });
  const vms = createClient(VirtualMachineService, transport);
  const statuses = createClient(InterfaceStatusService, transport);
  const made: string[] = [];

  return {
    target,
    url: service.url,
    vms,
    statuses,
    async namespace() {
      const name = `test-${randomBytes(4).toString("hex")}`;
      await client.create(namespaces, namespaceOf(name));
      made.push(name);
      if (target.name === "real") await untilServiceAccount(target, name);
      return name;
    },
    async makeNad(namespace, name, config) {
      const object = nad(`${namespace}/${name}`, { cniVersion: "0.3.1", name, ...config });
      await client.create(networkAttachmentDefinitions, object);
    },
    async apply(spec, options = {}) {
      return await vms.applyVM({ virtualMachine: specToProto(spec), ...options });
    },
    faults: () =>
      [service.view.vms, service.view.vmis, service.view.nads].map((cache) => cache.health().faults),
    watch: (vm) => watchNics(statuses, vm),
    async stop() {
      // Only a controller lets a Wukong go.
      if (controller && target.name === "real")
        await Promise.all(made.map((name) => removeWukongs(client, name)));
      await service.stop();
      // The embedded cluster is stopped as a whole.
      if (target.name === "real") await Promise.all(made.map((name) => removeNamespace(client, name)));
      await target.stop();
    },
  };
}

/** Pods are refused until the controller-manager has created it. */
async function untilServiceAccount({ client }: Target, namespace: string): Promise<void> {
  const isThere = async (): Promise<boolean> => {
    try {
      await client.getText(`/api/v1/namespaces/${namespace}/serviceaccounts/default`);
      return true;
    } catch (error) {
      if (isKubeError(error, "NotFound")) return false;
      throw error;
    }
  };
  await vi.waitUntil(isThere, {
    timeout: patienceMs,
    message: `${namespace} has no default service account`,
  });
}

async function removeWukongs(client: FullKubeClient, namespace: string): Promise<void> {
  const listed = async (): Promise<readonly Wukong[]> => (await client.list(wukongs, { namespace })).items;
  for (const { metadata } of await listed()) await client.delete(wukongs, metadata);
  await vi.waitUntil(async () => (await listed()).length === 0, {
    timeout: patienceMs,
    message: `${namespace} still has Wukongs`,
  });
}

/** Deletes the VMs while nodes are there to end their guests, so that the next test file does not see them. */
async function removeNamespace(client: FullKubeClient, namespace: string): Promise<void> {
  const listVms = async (): Promise<readonly VirtualMachine[]> =>
    (await client.list(virtualMachines, { namespace })).items;
  for (const { metadata } of await listVms()) {
    await client.delete(virtualMachines, { namespace, name: metadata.name });
  }
  await vi.waitUntil(async () => (await listVms()).length === 0, {
    timeout: patienceMs,
    message: `${namespace} still has VMs`,
  });
  await client.delete(namespaces, { name: namespace });
}

/** A minimal VM with these NICs. */
export function machine(namespace: string, name: string, networks: readonly NetworkConfig[]): VmSpec {
  return { namespace, name, networks };
}

/** True when the VM has exactly this number of NICs and each is Up. */
export function allUp(count: number): (nics: Nics) => boolean {
  return (nics) =>
    nics.size === count && [...nics.values()].every(({ state }) => state === InterfaceState.UP);
}

/** The NIC with this name. @throws when it is missing. */
export function nicOf<T>(nics: ReadonlyMap<string, T>, name: string): T {
  const nic = nics.get(name);
  if (nic === undefined) throw new Error(`missing NIC ${name}`);
  return nic;
}

/** The name of an enum's value, such as UNCHANGED. */
export function wordOf(names: Readonly<Record<string, number>>, value: number | undefined): string {
  return Object.entries(names).find(([, number]) => number === value)?.[0] ?? String(value);
}
