import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type {
  Secret,
  VirtualMachineInstance,
  VmiInterfaceStatus,
} from "../../../src/domain/objects/kubernetes.ts";
import { connectKube } from "../../../src/kube/connection/connect.ts";
import type { FullKubeClient } from "../../../src/kube/kube-client.ts";
import {
  networkAttachmentDefinitions,
  secrets,
  virtualMachineInstances,
} from "../../../src/kube/resource.ts";
import { createApiServer, type ApiServer } from "../../../src/local/api/api-server.ts";
import { annotations, labels, nodes, pods, type Pod } from "../../../src/local/kubevirt/resources.ts";
import { fastDelays, type NodeDelays } from "../../../src/local/kubevirt/node/delays.ts";
import { guestAgentAnnotation } from "../../../src/local/kubevirt/node/machines.ts";
import { createMachines } from "../../../src/local/kubevirt/node/machines.ts";
import { startNode, type NodeOptions, type SimulatedNode } from "../../../src/local/kubevirt/node/node.ts";
import { events } from "../../../src/local/kubevirt/node/pod-events.ts";
import { silentLog } from "../../support/log.ts";
import { makeNad, makePod, makeVmi } from "./vmi.ts";

const namespace = "default";
const red = { name: "red", bridge: {}, macAddress: "02:00:00:00:00:0a" };
const blue = { name: "blue", bridge: {}, macAddress: "02:00:00:00:00:0b" };

let server: ApiServer;
let client: FullKubeClient;
let running: SimulatedNode[];

beforeEach(async () => {
  server = createApiServer();
  const { url } = await server.listen({ host: "127.0.0.1", port: 0 });
  client = connectKube({ server: url });
  running = [];
});

afterEach(async () => {
  await Promise.all(running.map((node) => node.stop()));
  await client.close();
  await server.close();
});

async function play(options: Partial<NodeOptions> = {}): Promise<SimulatedNode> {
  const node = await startNode({
    client,
    nodeName: "node1",
    log: silentLog,
    clock: () => new Date(),
    metricsListen: { host: "127.0.0.1", port: 0 },
    ...options,
  });
  running.push(node);
  return node;
}

/** Polls until the assertion passes; fails with the last error after a timeout. */
async function eventually<T>(ask: () => Promise<T>, check: (answer: T) => void): Promise<T> {
  return await vi.waitFor(
    async () => {
      const answer = await ask();
      check(answer);
      return answer;
    },
    { timeout: 5_000, interval: 10 },
  );
}

async function vmiNamed(name = "vm1"): Promise<VirtualMachineInstance> {
  return await client.get(virtualMachineInstances, { namespace, name });
}

/** Interface statuses by NIC name. */
function byName(vmi: VirtualMachineInstance): Record<string, VmiInterfaceStatus> {
  return Object.fromEntries((vmi.status?.interfaces ?? []).map((status) => [status.name ?? "", status]));
}

/** Does virt-controller's part: the VMI, its pod, and Scheduled once the pod runs. */
async function launch(vmi: VirtualMachineInstance): Promise<{ vmi: VirtualMachineInstance; pod: Pod }> {
  const created = await client.create(virtualMachineInstances, vmi);
  await client.create(pods, makePod(created));
  const pod = await podRunning(`virt-launcher-${vmi.metadata.name}`);
  const scheduled = await change(vmi.metadata.name, (current) => {
    const networks = (current.spec.networks ?? []).filter(({ multus }) => multus !== undefined);
    current.status = {
      ...current.status,
      phase: "Scheduled",
      nodeName: pod.spec.nodeName ?? "",
      interfaces: networks.map(({ name }) => ({
        name,
        infoSource: "multus-status",
        podInterfaceName: `pod-${name}`,
      })),
    };
    current.metadata.labels = { ...current.metadata.labels, [labels.nodeName]: pod.spec.nodeName ?? "" };
  });
  return { vmi: scheduled, pod };
}

async function podRunning(name: string): Promise<Pod> {
  return await eventually(
    () => client.get(pods, { namespace, name }),
    (pod) => expect(pod.status?.phase).toBe("Running"),
  );
}

/** Changes a VMI as virt-controller would, even if the node wrote in between. */
async function change(
  name: string,
  edit: (vmi: VirtualMachineInstance) => void,
): Promise<VirtualMachineInstance> {
  for (;;) {
    const vmi = await vmiNamed(name);
    edit(vmi);
    const written = await client.replace(virtualMachineInstances, vmi).catch((error: unknown) => {
      if ((error as { reason?: string }).reason === "Conflict") return undefined;
      throw error;
    });
    if (written !== undefined) return written;
  }
}

async function secretWith(networkdata: string): Promise<void> {
  const data = { networkdata: Buffer.from(networkdata).toString("base64") };
  const secret: Secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "net", namespace }, data };
  const known = await client.find(secrets, { namespace, name: "net" });
  if (known === undefined) await client.create(secrets, secret);
  else await client.replace(secrets, { ...secret, metadata: known.metadata });
}

function staticConfig(address: string): string {
  return `version: 2
ethernets:
  data: {match: {macaddress: "02:00:00:00:00:0a"}, set-name: data, addresses: [${address}/24]}
  pod: {match: {name: "enp1s0"}, dhcp4: true}
`;
}

const cloudInit = { name: "cloudinit", cloudInitNoCloud: { networkDataSecretRef: { name: "net" } } };

describe("a simulated node", () => {
  it("is a schedulable Node with a heartbeat and KubeVirt's devices", async () => {
    await play({ resources: { "openshift.io/sriov": "8" } });
    const node = await client.get(nodes, { name: "node1" });
    expect(node.metadata.labels?.["kubevirt.io/schedulable"]).toBe("true");
    expect(Date.parse(node.metadata.annotations?.["kubevirt.io/heartbeat"] ?? "")).not.toBeNaN();
    expect(node.status?.allocatable).toMatchObject({
      "devices.kubevirt.io/kvm": "1k",
      "openshift.io/sriov": "8",
    });
  });

  it("starts the pod with its networks, and the VMI with its interfaces", async () => {
    await play();
    await client.create(networkAttachmentDefinitions, makeNad("red"));
    const { pod } = await launch(
      makeVmi([{ name: "default", masquerade: {}, macAddress: "02:00:00:00:00:01" }, red], {
        networks: [
          { name: "default", pod: {} },
          { name: "red", multus: { networkName: "red" } },
        ],
      }),
    );
    expect(JSON.parse(pod.metadata.annotations?.[annotations.networkStatus] ?? "")).toMatchObject([
      { interface: "eth0", default: true, ips: [pod.status?.podIP] },
      { name: "default/red", interface: "podb1f51a511f1", mac: "02:00:00:00:00:0a" },
    ]);
    const vmi = await eventually(vmiNamed, (current) => {
      expect(current.status?.conditions?.map(({ type }) => type)).toContain("AgentConnected");
    });
    expect(vmi.status?.phase).toBe("Running");
    expect(vmi.status?.conditions).toMatchObject([
      { type: "LiveMigratable", status: "True" },
      { type: "AgentConnected", status: "True" },
    ]);
    expect(vmi.status?.interfaces).toMatchObject([
      {
        name: "default",
        ipAddress: pod.status?.podIP,
        interfaceName: "enp1s0",
        linkState: "up",
        queueCount: 1,
      },
      {
        name: "red",
        mac: "02:00:00:00:00:0a",
        interfaceName: "enp2s0",
        infoSource: "domain, guest-agent, multus-status",
        podInterfaceName: "pod-red",
      },
    ]);
  });

  it.for([
    [
      "is missing",
      undefined,
      "NoNetworkFound",
      /cannot find a network-attachment-definition \(red\) in namespace \(default\)/,
    ],
    [
      "is broken",
      '{"type":',
      "FailedCreatePodSandBox",
      /failed to unmarshal Spec\.Config: unexpected end of JSON input/,
    ],
  ] as const)(
    "keeps a pod waiting while its NAD %s, reports why, and starts it when the NAD is fixed",
    async ([, config, reason, text], { expect }) => {
      await play();
      if (config !== undefined) await client.create(networkAttachmentDefinitions, makeNad("red", config));
      await client.create(pods, makePod(makeVmi([red])));
      await eventually(
        () => client.list(events, { namespace }),
        ({ items }) =>
          expect(items).toContainEqual(
            expect.objectContaining({ type: "Warning", reason, message: expect.stringMatching(text) }),
          ),
      );
      const waiting = await client.get(pods, { namespace, name: "virt-launcher-vm1" });
      expect(waiting.status).toMatchObject({
        phase: "Pending",
        containerStatuses: [{ state: { waiting: { reason: "ContainerCreating" } } }],
      });
      const known = await client.find(networkAttachmentDefinitions, { namespace, name: "red" });
      if (known === undefined) await client.create(networkAttachmentDefinitions, makeNad("red"));
      else
        await client.replace(networkAttachmentDefinitions, { ...makeNad("red"), metadata: known.metadata });
      await podRunning("virt-launcher-vm1");
    },
  );

  it("keeps a pod waiting while a Secret that it mounts is missing", async () => {
    await play({ delays: { ...fastDelays, sandboxRetryMs: 20 } });
    const pod = makePod(makeVmi([]));
    pod.spec.volumes = [{ name: "cloudinit-networkdata", secret: { secretName: "net" } }];
    await client.create(pods, pod);
    await eventually(
      () => client.list(events, { namespace }),
      ({ items }) => expect(items.map(({ reason }) => reason)).toContain("FailedMount"),
    );
    await secretWith(staticConfig("192.0.2.1"));
    await podRunning("virt-launcher-vm1");
  });

  it("reports that no node has the device that a pod requests", async () => {
    await play();
    const pod = makePod(makeVmi([]));
    pod.spec.containers = [
      { name: "compute", image: "x", resources: { requests: { "openshift.io/sriov": "1" } } },
    ];
    await client.create(pods, pod);
    const waiting = await eventually(
      () => client.get(pods, { namespace, name: "virt-launcher-vm1" }),
      ({ status }) => expect(status?.conditions).toBeDefined(),
    );
    expect(waiting.status?.conditions).toMatchObject([
      { reason: "Unschedulable", message: "0/1 nodes are available: 1 Insufficient openshift.io/sriov." },
    ]);
  });

  it("boots a guest with the network-config in the Secret", async () => {
    await play();
    await client.create(networkAttachmentDefinitions, makeNad("red"));
    await secretWith(staticConfig("10.0.1.100"));
    await launch(makeVmi([red], { volumes: [cloudInit] }));
    const vmi = await eventually(vmiNamed, (current) =>
      expect(byName(current)["red"]?.interfaceName).toBe("data"),
    );
    expect(byName(vmi)["red"]?.ipAddresses?.[0]).toBe("10.0.1.100");
  });

  it("sets a link down and up on the running guest", async () => {
    await play();
    await client.create(networkAttachmentDefinitions, makeNad("red"));
    await launch(makeVmi([red]));
    const before = await eventually(vmiNamed, (current) =>
      expect(byName(current)["red"]?.ipAddress).toBeDefined(),
    );
    await change("vm1", ({ spec }) => {
      spec.domain.devices.interfaces = [{ ...red, state: "down" }];
    });
    await eventually(vmiNamed, (current) => {
      expect(byName(current)["red"]).toMatchObject({ linkState: "down", interfaceName: "enp1s0" });
      expect(byName(current)["red"]?.ipAddress).toBeUndefined();
    });
    await change("vm1", ({ spec }) => {
      spec.domain.devices.interfaces = [{ ...red, state: "up" }];
    });
    await eventually(vmiNamed, (current) => expect(byName(current)["red"]).toEqual(byName(before)["red"]));
  });

  it("plugs a NIC that Multus attached to the running pod, and unplugs an absent one", async () => {
    await play({ dynamicNetworks: true });
    await client.create(networkAttachmentDefinitions, makeNad("red"));
    await client.create(networkAttachmentDefinitions, makeNad("blue"));
    await launch(makeVmi([red]));
    await eventually(vmiNamed, (current) => expect(byName(current)["red"]?.linkState).toBe("up"));

    const { [annotations.networks]: networks } = makePod(makeVmi([red, blue])).metadata.annotations ?? {};
    const name = "virt-launcher-vm1";
    await client.mergePatch(
      pods,
      { namespace, name },
      { metadata: { annotations: { [annotations.networks]: networks } } },
    );
    await eventually(
      () => client.get(pods, { namespace, name }),
      (pod) => expect(pod.metadata.annotations?.[annotations.networkStatus]).toContain("default/blue"),
    );
    await change("vm1", ({ spec, status }) => {
      spec.domain.devices.interfaces = [{ ...red, state: "absent" }, blue];
      spec.networks?.push({ name: "blue", multus: { networkName: "blue" } });
      status?.interfaces?.push({ name: "blue", infoSource: "multus-status", podInterfaceName: "pod-blue" });
    });
    const vmi = await eventually(vmiNamed, (current) => {
      expect(byName(current)["blue"]?.infoSource).toBe("domain, guest-agent, multus-status");
    });
    expect(byName(vmi)["red"]?.infoSource).toBe("multus-status");
  });

  it("ends the guest of a deleted VMI, and then removes the pod", async () => {
    await play();
    await client.create(networkAttachmentDefinitions, makeNad("red"));
    const finalizer = "kubevirt.io/foregroundDeleteVirtualMachine";
    const vmi = makeVmi([red]);
    vmi.metadata.finalizers = [finalizer];
    await launch(vmi);
    await eventually(vmiNamed, ({ status }) => expect(status?.phase).toBe("Running"));
    await client.delete(virtualMachineInstances, { namespace, name: "vm1" });
    await eventually(vmiNamed, ({ status }) => expect(status?.phase).toBe("Succeeded"));
    const name = "virt-launcher-vm1";
    await eventually(
      () => client.get(pods, { namespace, name }),
      ({ status }) => expect(status?.phase).toBe("Succeeded"),
    );
    await client.delete(pods, { namespace, name });
    await eventually(
      () => client.find(pods, { namespace, name }),
      (pod) => expect(pod).toBeUndefined(),
    );
  });

  it("applies a changed network-config at the next boot of a claim only if user-data enables it", async () => {
    await play();
    await client.create(networkAttachmentDefinitions, makeNad("red"));
    const root = { name: "root", persistentVolumeClaim: { claimName: "disk1" } };
    const updating = {
      ...cloudInit,
      cloudInitNoCloud: {
        ...cloudInit.cloudInitNoCloud,
        userData: "#cloud-config\nupdates: {network: {when: [boot]}}",
      },
    };
    const addresses: (string | undefined)[] = [];
    for (const [name, address, volume] of [
      ["run1", "192.0.2.1", cloudInit],
      ["run2", "192.0.2.2", cloudInit],
      ["run3", "192.0.2.3", updating],
    ] as const) {
      await secretWith(staticConfig(address));
      await launch(makeVmi([red], { name, volumes: [root, volume] }));
      const vmi = await eventually(
        () => vmiNamed(name),
        (current) => expect(byName(current)["red"]?.ipAddress).toBeDefined(),
      );
      addresses.push(byName(vmi)["red"]?.ipAddress);
    }
    expect(addresses).toEqual(["192.0.2.1", "192.0.2.1", "192.0.2.3"]);
  });

  it("reports nothing from the guest before its agent answers", async () => {
    let now = Date.parse("2026-01-01T00:00:00Z");
    const delays: NodeDelays = { ...fastDelays, guestBootMs: 60_000 };
    await play({ clock: () => new Date(now), delays });
    await client.create(networkAttachmentDefinitions, makeNad("red"));
    await launch(makeVmi([red]));
    const booting = await eventually(vmiNamed, (vmi) => expect(byName(vmi)["red"]?.linkState).toBe("up"));
    expect(byName(booting)["red"]?.infoSource).toBe("domain, multus-status");
    expect(booting.status?.conditions?.map(({ type }) => type)).toEqual(["LiveMigratable"]);
    now += 60_000;
    await change("vm1", ({ metadata }) => {
      metadata.annotations = { touched: "yes" };
    });
    await eventually(vmiNamed, (vmi) => expect(byName(vmi)["red"]?.interfaceName).toBe("enp1s0"));
  });

  it("reports nothing from a guest whose image has no agent, until one is installed", async () => {
    await play();
    await client.create(networkAttachmentDefinitions, makeNad("red"));
    const vmi = makeVmi([red]);
    vmi.metadata.annotations = { [guestAgentAnnotation]: "absent" };
    await launch(vmi);
    const mute = await eventually(vmiNamed, (current) =>
      expect(byName(current)["red"]?.linkState).toBe("up"),
    );
    expect(byName(mute)["red"]).not.toHaveProperty("interfaceName");
    expect(mute.status?.conditions?.map(({ type }) => type)).not.toContain("AgentConnected");
    await change("vm1", ({ metadata }) => {
      metadata.annotations = {};
    });
    await eventually(vmiNamed, (current) => expect(byName(current)["red"]?.interfaceName).toBe("enp1s0"));
  });

  it("restores the running VMIs after a restart and continues", async () => {
    const first = await play();
    await client.create(networkAttachmentDefinitions, makeNad("red"));
    await launch(makeVmi([red]));
    const before = await eventually(vmiNamed, (vmi) => expect(byName(vmi)["red"]?.ipAddress).toBeDefined());
    await first.stop();
    running = [];
    await change("vm1", ({ spec, status }) => {
      spec.domain.devices.interfaces = [{ ...red, state: "down" }];
      if (status !== undefined) status.interfaces = [{ name: "red", infoSource: "multus-status" }];
    });
    await play();
    await eventually(vmiNamed, (vmi) => {
      expect(byName(vmi)["red"]).toMatchObject({ linkState: "down", interfaceName: "enp1s0" });
    });
    await change("vm1", ({ spec }) => {
      spec.domain.devices.interfaces = [red];
    });
    await eventually(vmiNamed, (vmi) => {
      expect(byName(vmi)["red"]?.ipAddresses).toEqual(byName(before)["red"]?.ipAddresses);
    });
  });

  it("exposes growing counters of each NIC that is up", async () => {
    let now = Date.parse("2026-01-01T00:00:00Z");
    const { metricsUrl } = await play({ clock: () => new Date(now) });
    await client.create(networkAttachmentDefinitions, makeNad("red"));
    await launch(makeVmi([red]));
    await eventually(vmiNamed, (vmi) => expect(byName(vmi)["red"]?.linkState).toBe("up"));
    const bytes = async (): Promise<number> => {
      const text = await (await fetch(metricsUrl)).text();
      return Number(/^kubevirt_vmi_network_receive_bytes_total\{interface="red".*\} (\d+)$/m.exec(text)?.[1]);
    };
    expect(await bytes()).toBe(0);
    now += 10_000;
    expect(await bytes()).toBeGreaterThan(0);
  });
});

describe("two simulated nodes", () => {
  /** Does virt-controller's part of a migration; resolves when the VMI runs in the target pod. */
  async function migrate(vmi: VirtualMachineInstance, targetPod: string): Promise<VirtualMachineInstance> {
    await client.create(pods, makePod(vmi, targetPod));
    const target = await podRunning(targetPod);
    const targetNode = target.spec.nodeName ?? "";
    await change("vm1", (current) => {
      current.metadata.labels = { ...current.metadata.labels, [labels.migrationTargetNodeName]: targetNode };
      const sourcePod = current.status?.migrationState?.["targetPod"] ?? "virt-launcher-vm1";
      const sourceNode = current.status?.nodeName ?? "";
      const migrationState = { migrationUid: targetPod, sourceNode, sourcePod, targetNode, targetPod };
      current.status = { ...current.status, migrationState };
    });
    return await eventually(vmiNamed, ({ status }) => {
      expect(status?.migrationState).toMatchObject({ completed: true, targetPod });
      expect(status?.interfaces?.[0]?.ipAddress).toBe(target.status?.podIP);
    });
  }

  it("move a VMI with its guest there and back", async () => {
    const machines = createMachines();
    await play({ machines });
    await play({ machines, nodeName: "node2" });
    await client.create(networkAttachmentDefinitions, makeNad("red"));
    await secretWith(staticConfig("10.0.1.100"));
    const networks = [
      { name: "default", pod: {} },
      { name: "red", multus: { networkName: "red" } },
    ];
    const { vmi } = await launch(
      makeVmi([{ name: "default", masquerade: {} }, red], { networks, volumes: [cloudInit] }),
    );
    await eventually(vmiNamed, (current) => expect(byName(current)["red"]?.ipAddress).toBe("10.0.1.100"));
    await secretWith(staticConfig("10.0.1.200"));

    for (const [targetPod, node] of [
      ["there", "node2"],
      ["back", "node1"],
    ] as const) {
      const moved = await migrate(vmi, targetPod);
      expect(moved.status).toMatchObject({ phase: "Running", nodeName: node });
      expect(moved.metadata.labels).toMatchObject({ [labels.nodeName]: node });
      expect(moved.metadata.labels).not.toHaveProperty(labels.migrationTargetNodeName);
      expect(byName(moved)["red"]?.ipAddress).toBe("10.0.1.100");
    }
    for (const name of ["virt-launcher-vm1", "there"]) {
      await eventually(
        () => client.get(pods, { namespace, name }),
        ({ status }) => expect(status?.phase).toBe("Succeeded"),
      );
    }
  });
});
