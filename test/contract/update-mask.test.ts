// An apply of some fields leaves the rest of the VM as it was applied last; an apply of all of them warns of what it resets.
import { Code, createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, it } from "vitest";
import { BadRequestSchema, ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { FindingsSchema, LinkState, NetworkType, Severity } from "../../gen/multinic/v1/network_pb.ts";
import { GuestConfig, RunStrategy } from "../../gen/multinic/v1/virtual_machine_pb.ts";
import { VirtualMachineService } from "../../gen/multinic/v1/virtual_machine_service_pb.ts";
import { builtInCatalogue } from "../../src/domain/catalogue.ts";
import { networkAttachmentDefinitions, secrets, virtualMachines } from "../../src/kube/resource.ts";
import { transports } from "../api/transport/serving.ts";
import { startRunningService, type RunningService } from "../serve/running-service.ts";
import { refusalOf } from "./refusal.ts";

const namespace = "parts";
const userText = "#cloud-config\nupdates: {network: {when: [boot]}}\nusers: []\n";
const userData = { source: { case: "text" as const, value: userText } };

/** A VM with everything. */
const whole = (name: string) => ({
  namespace,
  name,
  cpu: 4,
  memory: "2Gi",
  bootDisk: { source: { case: "containerImage" as const, value: "registry.example/os/debian:13" } },
  disks: [{ source: { case: "dataVolume" as const, value: "more" } }],
  userData,
  runStrategy: RunStrategy.HALTED,
  networks: [{ name: "eth0" }],
});

let running: RunningService;
beforeAll(async () => {
  running = await startRunningService({ ...builtInCatalogue(), sharedNads: ["default/lan"] });
  await running.namespace(namespace);
});
afterAll(async () => await running.stop());

const viewOf = async (name: string) => (await running.vms.getVM({ namespace, name })).virtualMachine;
const userDataOf = async (name: string): Promise<string> => {
  const secret = await running.cluster.get(secrets, { namespace, name: `multinic-${name}` });
  return Buffer.from(secret.data?.["userdata"] ?? "", "base64").toString("utf8");
};

describe.each(Object.entries(transports))("over %s", (protocol, transport) => {
  const named = (what: string): string => `${what}-${Object.keys(transports).indexOf(protocol)}`;
  const vmsOf = () => createClient(VirtualMachineService, transport(running.url));

  it("networks alone change nothing of the machine, and warn of nothing", async ({ expect }) => {
    const vms = vmsOf();
    const name = named("nics");
    await vms.applyVM({ virtualMachine: whole(name) });
    const networks = [{ name: "eth0" }, { name: "eth1", vlanId: 100 }];
    const virtualMachine = { namespace, name, networks };
    const applied = await vms.applyVM({ virtualMachine, updateMask: { paths: ["networks"] } });
    expect(applied.findings.map(({ code }) => code)).toEqual([]);
    expect(applied.plan?.changes.map(({ nic }) => nic)).toEqual(["eth1", "eth1"]);
    expect(applied.etag).toBe((await viewOf(name))?.etag);
    expect(await viewOf(name)).toMatchObject({
      spec: { cpu: 4, memory: "2Gi", disks: [{}], runStrategy: RunStrategy.HALTED, networks },
      drift: [],
    });
    expect(await userDataOf(name)).toBe(userText);
  });

  it("an unknown path is refused and named", async ({ expect }) => {
    const virtualMachine = whole(named("typo"));
    const updateMask = { paths: ["networks", "guest.renderer", "nics"] };
    const error = await refusalOf(vmsOf().applyVM({ virtualMachine, updateMask }));
    expect(error.code).toBe(Code.InvalidArgument);
    expect(error.findDetails(ErrorInfoSchema)[0]?.reason).toBe("UPDATE_MASK");
    const violations = error.findDetails(BadRequestSchema)[0]?.fieldViolations ?? [];
    expect(violations.map(({ field }) => field)).toEqual(["updateMask", "updateMask"]);
    expect(violations[0]?.description).toMatch(
      /^guest\.renderer is not a field of the VM; its fields are name/,
    );
    expect(violations[1]?.description).toMatch(/^nics is not a field/);
  });

  it("all fields warn of each field of the machine that is absent and changes", async ({ expect }) => {
    const vms = vmsOf();
    const name = named("reset");
    await vms.applyVM({ virtualMachine: whole(name) });
    const virtualMachine = { namespace, name, runStrategy: RunStrategy.HALTED, networks: [{ name: "eth0" }] };
    const looked = await vms.applyVM({ virtualMachine, validateOnly: true });
    expect(
      looked.findings.map(({ code, severity, field, message }) => [
        code,
        severity,
        field,
        message.split(";")[0],
      ]),
    ).toEqual(
      [
        ["cpu", "cpu is absent, so it is reset from 4 to the default, 1"],
        ["memory", "memory is absent, so it is reset from 2Gi to the default, 1Gi"],
        [
          "bootDisk",
          `bootDisk is absent, so it is reset from containerImage registry.example/os/debian:13 to the default, containerImage ${builtInCatalogue().defaultImage}`,
        ],
        ["disks", "disks is absent, so it is reset from dataVolume more to the default, none"],
        ["userData", "userData is absent, so it is reset from text (not shown) to the default, none"],
      ].map(([field, message]) => ["MACHINE_RESET", Severity.WARNING, field, message]),
    );
    const [cpu] = looked.findings;
    expect(cpu?.fix?.patches).toMatchObject([{ field: "cpu" }]);
    expect((await vms.applyVM({ virtualMachine })).written).toBe(true);
    expect((await viewOf(name))?.spec?.cpu).toBeUndefined();
    expect((await vms.applyVM({ virtualMachine })).findings).toEqual([]);
  });
});

describe("an update mask", () => {
  it("resets what it names and the VM does not have, without a warning", async ({ expect }) => {
    const name = "named";
    await running.vms.applyVM({ virtualMachine: whole(name) });
    const virtualMachine = { namespace, name, memory: "4Gi" };
    const updateMask = { paths: ["cpu", "memory"] };
    const { findings, plan } = await running.vms.applyVM({ virtualMachine, updateMask });
    expect(findings).toEqual([]);
    expect(plan?.changes.map(({ path, newValue }) => [path, newValue])).toEqual([
      ["cpu", "1"],
      ["memory", "4Gi"],
    ]);
  });

  it("keeps user-data when it goes into another kind of Secret and back", async ({ expect }) => {
    const name = "text";
    await running.vms.applyVM({ virtualMachine: whole(name) });
    const updateMask = { paths: ["guest_config"] };
    const changed = async (guestConfig: GuestConfig) =>
      await running.vms.applyVM({ virtualMachine: { namespace, name, guestConfig }, updateMask });
    await changed(GuestConfig.NMSTATE);
    expect(await userDataOf(name)).toContain(Buffer.from(userText).toString("base64").slice(0, 70));
    await changed(GuestConfig.CLOUD_INIT);
    expect(await userDataOf(name)).toBe(userText);
  });

  it("without the networks leaves them on a NAD of another namespace", async ({ expect }) => {
    const name = "elsewhere";
    await running.cluster.create(networkAttachmentDefinitions, {
      apiVersion: "k8s.cni.cncf.io/v1",
      kind: "NetworkAttachmentDefinition",
      metadata: { namespace: "default", name: "lan" },
      spec: {
        config: JSON.stringify({ cniVersion: "0.3.1", name: "lan", type: "bridge", bridge: "br-lan" }),
      },
    });
    const networks = [{ name: "eth0", nadName: "default/lan" }];
    await running.vms.applyVM({ virtualMachine: { ...whole(name), networks } });
    const virtualMachine = { namespace, name, cpu: 2 };
    const { written } = await running.vms.applyVM({ virtualMachine, updateMask: { paths: ["cpu"] } });
    expect(written).toBe(true);
    expect((await viewOf(name))?.spec).toMatchObject({ cpu: 2, memory: "2Gi", networks });
  });

  it("has no effect on a VM that does not exist yet", async ({ expect }) => {
    const virtualMachine = whole("new");
    await running.vms.applyVM({ virtualMachine, updateMask: { paths: ["networks"] } });
    expect((await viewOf("new"))?.spec).toMatchObject({ cpu: 4, memory: "2Gi" });
  });

  it("works on a VM whose record cannot be read: the rest stays as the objects show it", async ({
    expect,
  }) => {
    const name = "unread";
    await running.vms.applyVM({ virtualMachine: whole(name) });
    await running.cluster.mergePatch(
      virtualMachines,
      { namespace, name },
      { metadata: { annotations: { "multinic.novasphere.dev/spec": "nonsense" } } },
    );
    const virtualMachine = { namespace, name, cpu: 2 };
    await running.vms.applyVM({ virtualMachine, updateMask: { paths: ["cpu"] } });
    expect((await viewOf(name))?.spec).toMatchObject({
      cpu: 2,
      memory: "2Gi",
      networks: [{ name: "eth0" }],
    });
    expect(await userDataOf(name)).toBe(userText);
  });

  it("on an adopted VM applies the NICs, and refuses the machine only if it names it", async ({ expect }) => {
    const name = "adopted";
    await running.cluster.create(virtualMachines, {
      apiVersion: "kubevirt.io/v1",
      kind: "VirtualMachine",
      metadata: { namespace, name },
      spec: {
        runStrategy: "Halted",
        template: {
          spec: {
            domain: {
              cpu: { cores: 3 },
              memory: { guest: "1Gi" },
              devices: { disks: [], interfaces: [{ name: "eth0", masquerade: {} }] },
            },
            networks: [{ name: "eth0", pod: {} }],
            volumes: [],
          },
        },
      },
    });
    const networks = [{ name: "eth0", type: NetworkType.POD, linkState: LinkState.DOWN }];
    const virtualMachine = { namespace, name, cpu: 8, networks };
    const adopted = { virtualMachine, adopt: true, updateMask: { paths: ["networks"] } };
    expect((await running.vms.applyVM(adopted)).written).toBe(true);
    const { spec } = await running.cluster.get(virtualMachines, { namespace, name });
    expect(spec.template.spec.domain.cpu).toEqual({ cores: 3 });
    const error = await refusalOf(
      running.vms.applyVM({ virtualMachine, updateMask: { paths: ["networks", "cpu"] } }),
    );
    expect(error.findDetails(FindingsSchema)[0]?.findings).toMatchObject([
      { code: "ADOPTED_MACHINE_DIFFERS", field: "cpu" },
    ]);
  });

  it("never loses what another caller applied at the same time", async ({ expect }) => {
    const name = "together";
    await running.vms.applyVM({ virtualMachine: whole(name) });
    const calls = [
      { virtualMachine: { namespace, name, cpu: 7 }, updateMask: { paths: ["cpu"] } },
      { virtualMachine: { namespace, name, memory: "3Gi" }, updateMask: { paths: ["memory"] } },
    ];
    const untilWritten = async (request: (typeof calls)[number]): Promise<void> => {
      for (;;) {
        try {
          return void (await running.vms.applyVM(request));
        } catch (error) {
          expect(error).toMatchObject({ code: Code.Aborted });
        }
      }
    };
    await Promise.all(calls.map(untilWritten));
    expect((await viewOf(name))?.spec).toMatchObject({ cpu: 7, memory: "3Gi" });
  });
});
