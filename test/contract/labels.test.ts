// Labels of VMs: applied, changed and removed without touching those of others, and selected by in lists.
import { Code, createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, it, vi } from "vitest";
import { BadRequestSchema, ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { FindingsSchema } from "../../gen/multinic/v1/network_pb.ts";
import { Effect, RunStrategy } from "../../gen/multinic/v1/virtual_machine_pb.ts";
import { VirtualMachineService } from "../../gen/multinic/v1/virtual_machine_service_pb.ts";
import type { VirtualMachine } from "../../src/domain/objects/kubernetes.ts";
import { virtualMachineInstances, virtualMachines } from "../../src/kube/resource.ts";
import { transports } from "../api/transport/serving.ts";
import { startRunningService, type RunningService } from "../serve/running-service.ts";
import { refusalOf } from "./refusal.ts";

const namespace = "labelled";
const managedBy = { "app.kubernetes.io/managed-by": "multinic" };

const vmOf = (
  name: string,
  labels: Record<string, string>,
  runStrategy: RunStrategy = RunStrategy.HALTED,
) => ({
  namespace,
  name,
  runStrategy,
  labels,
  networks: [{ name: "eth0" }],
});

let running: RunningService;
beforeAll(async () => {
  running = await startRunningService();
  await running.namespace(namespace);
});
afterAll(async () => await running.stop());

const viewOf = async (name: string) => (await running.vms.getVM({ namespace, name })).virtualMachine;
const storedLabels = async (name: string) =>
  (await running.cluster.get(virtualMachines, { namespace, name })).metadata.labels;
const label = async (name: string, labels: Readonly<Record<string, string | null>>): Promise<void> =>
  void (await running.cluster.mergePatch(virtualMachines, { namespace, name }, { metadata: { labels } }));

describe("the labels of a VM", () => {
  it("are those of the VirtualMachine object, and not of its instance", async ({ expect }) => {
    const name = "placed";
    const labels = { app: "web", "example.org/team": "a", canary: "" };
    await running.vms.applyVM({ virtualMachine: vmOf(name, labels, RunStrategy.ALWAYS) });
    expect(await storedLabels(name)).toEqual({ ...labels, ...managedBy });
    expect((await viewOf(name))?.spec?.labels).toEqual(labels);
    const instance = await vi.waitUntil(
      async () => await running.cluster.find(virtualMachineInstances, { namespace, name }),
    );
    expect(Object.keys(instance.metadata.labels ?? {})).not.toContain("app");
    const { spec } = await running.cluster.get(virtualMachines, { namespace, name });
    expect(spec.template.metadata?.labels).toEqual({ "kubevirt.io/vm": name });
  });

  it("change without effect on the running VM; those of others stay", async ({ expect }) => {
    const name = "changed";
    const before = { app: "web", tier: "front" };
    await running.vms.applyVM({ virtualMachine: vmOf(name, before, RunStrategy.ALWAYS) });
    await label(name, { theirs: "yes" });
    const instance = await vi.waitUntil(
      async () => await running.cluster.find(virtualMachineInstances, { namespace, name }),
    );
    const virtualMachine = vmOf(name, { app: "db", size: "big" }, RunStrategy.ALWAYS);
    const { plan, written } = await running.vms.applyVM({ virtualMachine });
    expect(written).toBe(true);
    expect(plan?.changes).toMatchObject([
      { path: "labels", oldValue: "app=web, tier=front", newValue: "app=db, size=big", effect: Effect.NONE },
    ]);
    expect(await storedLabels(name)).toEqual({ app: "db", size: "big", theirs: "yes", ...managedBy });
    const after = await running.cluster.get(virtualMachineInstances, { namespace, name });
    expect(after.metadata.uid).toBe(instance.metadata.uid);
    expect((await viewOf(name))?.pendingChanges.map(({ path }) => path)).not.toContain("labels");
    expect((await running.vms.applyVM({ virtualMachine })).written).toBe(false);
  });

  it("that are absent in an apply of the whole VM are removed, with a warning", async ({ expect }) => {
    const name = "reset";
    await running.vms.applyVM({ virtualMachine: vmOf(name, { app: "web" }) });
    const { findings } = await running.vms.applyVM({ virtualMachine: vmOf(name, {}) });
    expect(findings).toMatchObject([{ code: "MACHINE_RESET", field: "labels" }]);
    expect(await storedLabels(name)).toEqual(managedBy);
  });

  it("follow the update mask", async ({ expect }) => {
    const name = "masked";
    await running.vms.applyVM({ virtualMachine: { ...vmOf(name, { app: "web" }), cpu: 2 } });
    const networks = { virtualMachine: { namespace, name, networks: [{ name: "lan" }] } };
    const { findings } = await running.vms.applyVM({ ...networks, updateMask: { paths: ["networks"] } });
    expect(findings.map(({ code }) => code)).not.toContain("MACHINE_RESET");
    expect(await storedLabels(name)).toEqual({ app: "web", ...managedBy });
    const labels = { virtualMachine: { namespace, name, labels: { tier: "back" } } };
    await running.vms.applyVM({ ...labels, updateMask: { paths: ["labels"] } });
    expect(await storedLabels(name)).toEqual({ tier: "back", ...managedBy });
    expect((await viewOf(name))?.spec).toMatchObject({ cpu: 2, networks: [{ name: "lan" }] });
  });

  it("stay when someone has overwritten the record", async ({ expect }) => {
    const name = "unrecorded";
    await running.vms.applyVM({ virtualMachine: vmOf(name, { app: "web" }) });
    await running.cluster.mergePatch(
      virtualMachines,
      { namespace, name },
      { metadata: { annotations: { "multinic.novasphere.dev/spec": "nonsense" } } },
    );
    const theirs = {
      apiVersion: "kubevirt.io/v1",
      kind: "VirtualMachine",
      metadata: { namespace, name, labels: { theirs: "x" } },
      spec: { template: { spec: { domain: { devices: {} } } } },
    } satisfies VirtualMachine;
    await running.cluster.apply(virtualMachines, theirs, { fieldManager: "argo", force: true });
    expect((await viewOf(name))?.spec?.labels).toEqual({ app: "web" });
    const virtualMachine = { namespace, name, cpu: 2 };
    await running.vms.applyVM({ virtualMachine, updateMask: { paths: ["cpu"] } });
    expect(await storedLabels(name)).toEqual({ app: "web", theirs: "x", ...managedBy });
  });

  it("are part of the etag and of drift, unlike those of others", async ({ expect }) => {
    const name = "edited";
    const { etag } = await running.vms.applyVM({ virtualMachine: vmOf(name, { app: "web" }) });
    await label(name, { theirs: "yes" });
    expect(await viewOf(name)).toMatchObject({ etag, drift: [] });
    await label(name, { app: "db" });
    const view = await viewOf(name);
    expect(view?.etag).not.toBe(etag);
    expect(view?.drift).toMatchObject([{ path: 'labels["app"]', wanted: "web", actual: "db" }]);
    const error = await refusalOf(running.vms.applyVM({ virtualMachine: vmOf(name, { app: "web" }) }));
    expect(error.code).toBe(Code.FailedPrecondition);
    expect(error.findDetails(ErrorInfoSchema)[0]).toMatchObject({
      reason: "FIELD_OWNED_BY_OTHER_MANAGER",
      metadata: { field: ".metadata.labels.app" },
    });
  });

  it("of a VM that multinic did not create are neither taken over nor changed", async ({ expect }) => {
    const name = "adopted";
    await running.cluster.create(virtualMachines, {
      apiVersion: "kubevirt.io/v1",
      kind: "VirtualMachine",
      metadata: { namespace, name, labels: { app: "theirs" } },
      spec: {
        runStrategy: "Halted",
        template: {
          spec: {
            domain: {
              memory: { guest: "1Gi" },
              devices: { disks: [], interfaces: [{ name: "eth0", masquerade: {} }] },
            },
            networks: [{ name: "eth0", pod: {} }],
            volumes: [],
          },
        },
      },
    });
    const view = await viewOf(name);
    expect(view?.spec?.labels).toEqual({});
    const virtualMachine = view?.spec ?? {};
    const other = { ...virtualMachine, labels: { app: "mine" } };
    const error = await refusalOf(running.vms.applyVM({ virtualMachine: other, adopt: true }));
    expect(error.findDetails(FindingsSchema)[0]?.findings).toMatchObject([
      {
        code: "ADOPTED_MACHINE_DIFFERS",
        field: "labels",
        message: expect.stringContaining("this field is app=theirs and cannot be changed") as unknown,
      },
      { code: "ADOPTION_ADDS_CLOUD_INIT" },
      { code: "ADOPTION_CHANGES_GUEST" },
    ]);
    const same = { ...virtualMachine, labels: { app: "theirs" } };
    expect((await running.vms.applyVM({ virtualMachine: same, adopt: true })).written).toBe(true);
    expect(await storedLabels(name)).toEqual({ app: "theirs" });
    await label(name, { app: null });
    expect((await storedLabels(name)) ?? {}).toEqual({});
  });

  it.for<[string, string, string, string]>([
    ["a malformed key", "my app", "web", "LABEL_INVALID"],
    ["a malformed value", "app", "a b", "LABEL_INVALID"],
    ["a key of KubeVirt", "kubevirt.io/vm", "web", "LABEL_RESERVED"],
    ["the key that marks multinic's objects", "app.kubernetes.io/managed-by", "helm", "LABEL_RESERVED"],
  ])("are refused with the path of %s", async ([, key, value, code], { expect }) => {
    const call = running.vms.applyVM({ virtualMachine: vmOf("refused", { [key]: value }) });
    const error = await refusalOf(call);
    expect(error.code).toBe(Code.InvalidArgument);
    const field = `labels[${JSON.stringify(key)}]`;
    expect(error.findDetails(FindingsSchema)[0]?.findings).toMatchObject([{ code, field }]);
    expect(error.findDetails(BadRequestSchema)[0]?.fieldViolations).toMatchObject([{ reason: code, field }]);
  });
});

describe.each(Object.entries(transports))("ListVMs over %s", (_protocol, transport) => {
  const list = async (labelSelector: string, page: { pageSize?: number; pageToken?: string } = {}) =>
    await createClient(VirtualMachineService, transport(running.url)).listVMs({
      namespaces: ["selected"],
      filter: { labelSelector },
      ...page,
    });

  beforeAll(async () => {
    if ((await running.vms.listVMs({ namespaces: ["selected"] })).virtualMachines.length > 0) return;
    await running.namespace("selected");
    for (const [name, labels] of Object.entries({
      a: { app: "web", tier: "front" },
      b: { app: "web" },
      c: { app: "db" },
      d: {},
    }))
      await running.vms.applyVM({ virtualMachine: { ...vmOf(name, labels), namespace: "selected" } });
    await running.cluster.mergePatch(
      virtualMachines,
      { namespace: "selected", name: "d" },
      { metadata: { labels: { theirs: "yes" } } },
    );
    await vi.waitUntil(async () => {
      const { virtualMachines: all } = await running.vms.listVMs({
        namespaces: ["selected"],
        filter: { labelSelector: "theirs" },
      });
      return all.length === 1;
    });
  });

  it.for([
    ["", ["a", "b", "c", "d"]],
    ["app=web", ["a", "b"]],
    ["app==web,tier!=front", ["b"]],
    ["app in (web, db),!tier", ["b", "c"]],
    ["app notin (web)", ["c", "d"]],
    ["theirs", ["d"]],
    ["app=none", []],
  ] as const)("lists the VMs that %s selects", async ([selector, names], { expect }) => {
    const { virtualMachines: found } = await list(selector);
    expect(found.map(({ spec }) => spec?.name)).toEqual(names);
  });

  it("gives pages of what it selects, with tokens that are of that selector alone", async ({ expect }) => {
    const first = await list("app=web", { pageSize: 1 });
    expect(first.virtualMachines.map(({ spec }) => spec?.name)).toEqual(["a"]);
    const pageToken = first.nextPageToken;
    const second = await list("app=web", { pageSize: 1, pageToken });
    expect(second.virtualMachines.map(({ spec }) => spec?.name)).toEqual(["b"]);
    expect(second.nextPageToken).toBe("");
    const error = await refusalOf(list("app", { pageSize: 1, pageToken }));
    expect(error.findDetails(ErrorInfoSchema)[0]?.reason).toBe("PAGE_TOKEN");
  });

  it("refuses what is not a selector, with its path and what was expected", async ({ expect }) => {
    const error = await refusalOf(list("app in web"));
    expect(error.code).toBe(Code.InvalidArgument);
    expect(error.findDetails(ErrorInfoSchema)[0]?.reason).toBe("LABEL_SELECTOR");
    expect(error.findDetails(BadRequestSchema)[0]?.fieldViolations).toMatchObject([
      {
        field: "filter.labelSelector",
        description: "is not a label selector: expected ( and a list of values, found web",
        reason: "LABEL_SELECTOR",
      },
    ]);
  });
});
