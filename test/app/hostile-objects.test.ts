// Objects with arbitrary JSON in any part: every call is still answered, and the answers for other VMs are right.
import { create, toBinary, toJson } from "@bufbuild/protobuf";
import * as fc from "fast-check";
import { describe, it } from "vitest";
import { InterfaceStatusSchema, VirtualMachineViewSchema } from "../../gen/multinic/v1/virtual_machine_pb.ts";
import { NetworkSchema } from "../../gen/multinic/v1/network_service_pb.ts";
import type { ClusterView } from "../../src/app/cluster-view.ts";
import { followNicsInUse } from "../../src/app/nics-in-use.ts";
import { startStatusModel } from "../../src/app/status-model.ts";
import { everything } from "../../src/app/status-scope.ts";
import { createTurns } from "../../src/app/turns.ts";
import { listVms } from "../../src/app/view-vms.ts";
import { builtInCatalogue } from "../../src/domain/catalogue.ts";
import { compileVm } from "../../src/domain/compile/compile.ts";
import { readVm } from "../../src/domain/document/read-record.ts";
import { driftOf } from "../../src/domain/drift/vm-drift.ts";
import { noFacts, type RecordedVm } from "../../src/domain/facts.ts";
import { attachableNetworks } from "../../src/domain/network/attachable.ts";
import type {
  NetworkAttachmentDefinition,
  VirtualMachine,
  VirtualMachineInstance,
} from "../../src/domain/objects/kubernetes.ts";
import { guestConfigAnnotation, specAnnotation } from "../../src/domain/objects/ownership.ts";
import { readInstance, readNad } from "../../src/domain/objects/read-objects.ts";
import { resolveVm } from "../../src/domain/resolve/resolve-vm.ts";
import type { VmSpec } from "../../src/domain/spec.ts";
import { createNicExposition } from "../../src/exporter/nic-exposition.ts";
import { networkToProto } from "../../src/wire/cluster-to-proto.ts";
import { maxBytesOf } from "../../src/wire/message-size.ts";
import { statusToProto, viewToProto } from "../../src/wire/status-to-proto.ts";
import { createMemoryCache } from "./memory-cluster.ts";

const catalogue = builtInCatalogue();

/** A VM with everything that is read of one, its running instance, and the NAD of its first NIC. */
interface Objects {
  readonly vm: VirtualMachine;
  readonly vmi: VirtualMachineInstance;
  readonly nad: NetworkAttachmentDefinition;
}

function objectsOf(name: string): Objects {
  const namespace = "shop";
  const spec: VmSpec = {
    namespace,
    name,
    cpu: 2,
    memory: "2Gi",
    networks: [
      {
        name: "eth0",
        vlanId: 7,
        mtu: 1400,
        ipConfig: { address: `192.0.2.${name.length}/24`, gateway: "192.0.2.254" },
      },
      { name: "eth1", nadName: "theirs", routes: [{ destination: "198.51.100.0/24", gateway: "192.0.2.9" }] },
      { name: "eth2", type: "pod" },
    ],
  };
  const { virtualMachine: vm, attachments, secret } = compileVm(spec, resolveVm(spec, catalogue, noFacts).vm);
  const [nad] = attachments;
  if (nad === undefined) throw new Error("the first NIC must have a generated NAD");
  const { template } = vm.spec;
  const writer = {
    manager: "kubectl",
    time: "2026-01-01T00:00:00Z",
    fieldsV1: {
      "f:spec": { "f:template": { "f:spec": { "f:domain": { "f:devices": { "f:interfaces": {} } } } } },
    },
  };
  return {
    nad,
    vm: {
      ...vm,
      metadata: {
        ...vm.metadata,
        creationTimestamp: "2026-01-01T00:00:00Z",
        resourceVersion: "7",
        managedFields: [writer],
      },
      spec: {
        ...vm.spec,
        template: {
          ...template,
          spec: {
            ...template.spec,
            volumes: [
              ...(template.spec.volumes ?? []),
              { name: "root", containerDisk: { image: "disk" } },
              { name: "inline", cloudInitNoCloud: { networkData: secret.stringData["networkdata"] ?? "" } },
            ],
          },
        },
      },
      status: {
        printableStatus: "Running",
        conditions: [{ type: "RestartRequired", status: "True", message: "why" }],
      },
    },
    vmi: {
      apiVersion: "kubevirt.io/v1",
      kind: "VirtualMachineInstance",
      metadata: { namespace, name, annotations: { ...template.metadata?.annotations } },
      spec: structuredClone(template.spec),
      status: {
        phase: "Running",
        nodeName: "node-1",
        conditions: [{ type: "AgentConnected", status: "True" }],
        interfaces: ["eth0", "eth1", "eth2"].map((nic, index) => ({
          name: nic,
          mac: `02:00:5e:00:0${name.length}:0${index}`,
          ipAddresses: [`192.0.2.${name.length}`],
          interfaceName: nic,
          infoSource: "domain, guest-agent, multus-status",
          linkState: "up",
        })),
        memory: { guestAtBoot: "2Gi", guestCurrent: "2Gi", guestRequested: "2Gi" },
      },
    },
  };
}

/** Pages are cut by that bound. */
function requireBound(message: Uint8Array, value: object): void {
  if (message.length > maxBytesOf(value))
    throw new Error(`${message.length} bytes, but the bound is ${maxBytesOf(value)}`);
}

/** Every answer about these objects, as bytes on the wire. */
async function answers(all: readonly Objects[]) {
  const vms = createMemoryCache<RecordedVm>();
  const vmis = createMemoryCache<VirtualMachineInstance>();
  const nads = createMemoryCache<NetworkAttachmentDefinition>();
  const nicsInUse = followNicsInUse({ vms, vmis, nads });
  const model = startStatusModel({ vms, vmis }, { clock: () => new Date(0) });
  const nics = createNicExposition(model, { get: () => undefined });
  for (const cache of [vms, vmis, nads]) cache.sync();
  for (const { vm, vmi, nad } of all) {
    const key = { namespace: "shop", name: vm.metadata.name };
    vms.set(key, readVm(vm));
    vmis.set(key, readInstance(vmi).object);
    nads.set({ namespace: "shop", name: nad.metadata.name }, readNad(nad).object);
  }
  const view: ClusterView = {
    vms,
    vmis,
    nads,
    nicsInUse,
    turns: createTurns(),
    stopProbing: async () => undefined,
    readings: { read: () => Promise.reject(new Error("unasked")) },
  };
  const views = listVms(
    { view, model, catalogue },
    {
      scope: everything,
      filter: { states: new Set(), node: "", managed: undefined, labels: { text: "", matches: () => true } },
      view: "full",
      page: { size: 0, token: "" },
      bytesOf: () => 0,
    },
  ).items.map((item) => {
    const known = vms.get(item.spec);
    const vmi = vmis.get(item.spec);
    const drift =
      known === undefined
        ? []
        : driftOf({ vm: known.vm, vmi, nads: new Map(), secrets: new Map() }, known.record.spec, catalogue);
    const message = create(VirtualMachineViewSchema, viewToProto({ ...item, drift }));
    requireBound(toBinary(VirtualMachineViewSchema, message), { ...item, drift });
    return { vm: item.spec.name, json: toJson(VirtualMachineViewSchema, message) };
  });
  const statuses = model.list(everything).map((status) => {
    const message = create(InterfaceStatusSchema, statusToProto(status));
    requireBound(toBinary(InterfaceStatusSchema, message), status);
    return { vm: status.vm, json: toJson(InterfaceStatusSchema, message) };
  });
  const networks = attachableNetworks("shop", catalogue, nads.values(), vms.values()).map((network) => {
    const message = create(NetworkSchema, networkToProto(network));
    requireBound(toBinary(NetworkSchema, message), network);
    return toJson(NetworkSchema, message);
  });
  const exposition = (await nics.render()).map(String).join("");
  return { views, statuses, networks, exposition, nicsInUse };
}

type Answers = Awaited<ReturnType<typeof answers>>;

/** The part of the answers that is about that VM alone. */
function about(vm: string, { views, statuses, exposition, nicsInUse }: Answers) {
  const uses = (index: ReadonlyMap<string, readonly { readonly vm: string }[]>) =>
    [...index].flatMap(([key, users]) => users.filter((user) => user.vm === vm).map((user) => [key, user]));
  return {
    views: views.filter((view) => view.vm === vm),
    statuses: statuses.filter((status) => status.vm === vm),
    lines: exposition.split("\n").filter((line) => line.includes(`vm="${vm}"`)),
    macs: uses(nicsInUse.byMac),
    addresses: uses(nicsInUse.byAddress),
  };
}

type Path = readonly (string | number)[];

/** All places of a JSON value but what names the object, which the API server answers for. */
function placesOf(value: unknown, path: Path = []): readonly Path[] {
  const below =
    typeof value === "object" && value !== null
      ? Object.entries(value).flatMap(([key, inner]) => placesOf(inner, [...path, key]))
      : [];
  const isName =
    path[0] === "metadata" && (path.length === 1 || path[1] === "name" || path[1] === "namespace");
  return path.length === 0 || isName ? below : [path, ...below];
}

function withValueAt(value: unknown, [key, ...rest]: Path, put: unknown): unknown {
  if (key === undefined) return put;
  if (typeof value !== "object" || value === null) return value;
  const copy: unknown = Array.isArray(value) ? [...(value as unknown[])] : { ...value };
  Object.defineProperty(copy, key, {
    value: withValueAt(Reflect.get(value, key), rest, put),
    enumerable: true,
    writable: true,
    configurable: true,
  });
  return copy;
}

const oddValues: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    5,
    -1,
    1e99,
    2 ** 40,
    1.5,
    true,
    "",
    "x",
    [],
    {},
    [null],
    [[]],
    "constructor",
    "\ud800",
    "x\udc00\u0000",
    -0,
    2 ** 53,
    Number.MAX_VALUE,
    "NaN",
    "1e999999999",
    "-1Gi",
    "9".repeat(400),
    "2026-13-45T99:99:99Z",
  ),
  fc.constant(JSON.parse('{"\\ud800":"x","hasOwnProperty":5,"__proto__":[1]}')),
  fc.constant(JSON.parse('{"__proto__":{"name":"x"},"constructor":{"length":"5"},"toString":"x"}')),
  fc.constant("x".repeat(100_000)),
  fc.jsonValue(),
);

/** The value with up to three places of it overwritten. */
function disturbed<T>(value: T): fc.Arbitrary<T> {
  return fc
    .array(fc.record({ place: fc.constantFrom(...placesOf(value)), put: oddValues }), {
      minLength: 1,
      maxLength: 3,
    })
    .map(
      (writes) => writes.reduce<unknown>((into, { place, put }) => withValueAt(into, place, put), value) as T,
    );
}

/** JSON text of which a part is overwritten, or some other text. */
function disturbedText(text: string): fc.Arbitrary<string> {
  return fc.oneof(
    disturbed<unknown>(JSON.parse(text)).map((value) => JSON.stringify(value)),
    fc.json(),
    fc.string(),
    fc.constantFrom('{"digest":"d","machine":{},"networks":{"constructor":{"length":"5"}}}', "null", "[]"),
  );
}

const victim = objectsOf("victim");

const disturbedObjects: fc.Arbitrary<Objects> = fc.oneof(
  fc.record({ vm: disturbed(victim.vm), vmi: disturbed(victim.vmi), nad: disturbed(victim.nad) }),
  disturbedText(victim.vm.metadata.annotations?.[specAnnotation] ?? "").map((text) => ({
    ...victim,
    vm: withValueAt(victim.vm, ["metadata", "annotations", specAnnotation], text) as VirtualMachine,
  })),
  disturbedText(victim.vm.spec.template.metadata?.annotations?.[guestConfigAnnotation] ?? "").map((text) => ({
    ...victim,
    vm: withValueAt(
      victim.vm,
      ["spec", "template", "metadata", "annotations", guestConfigAnnotation],
      text,
    ) as VirtualMachine,
  })),
  disturbedText(victim.nad.spec?.config ?? "").map((config) => ({
    ...victim,
    nad: { ...victim.nad, spec: { config } },
  })),
  fc
    .oneof(
      fc.json(),
      fc.constantFrom("version: &v [*v]", "version: 2\nethernets: {eth0: {mtu: 1e99}}", "- ".repeat(5_000)),
    )
    .map((networkData) => ({
      ...victim,
      vm: withValueAt(
        withValueAt(
          victim.vm,
          ["spec", "template", "spec", "volumes"],
          [{ name: "inline", cloudInitNoCloud: { networkData } }],
        ),
        ["metadata", "labels"],
        {},
      ) as VirtualMachine,
    })),
);

const deep: unknown = JSON.parse("[".repeat(50_000) + "]".repeat(50_000));

type Wrong = readonly [what: string, part: keyof Objects, path: Path, value: unknown];

/** Of a VM without a record, so that all of it is read from the objects. */
const named: readonly Wrong[] = [
  ["a VM without a spec", "vm", ["spec"], null],
  ["networks that are a mapping", "vm", ["spec", "template", "spec", "networks"], {}],
  ["a NIC that is text", "vm", ["spec", "template", "spec", "domain", "devices", "interfaces", 0], "eth0"],
  [
    "a NIC whose name is a number",
    "vm",
    ["spec", "template", "spec", "domain", "devices", "interfaces", 0, "name"],
    5,
  ],
  ["a network of nothing", "vm", ["spec", "template", "spec", "networks", 0, "multus"], null],
  ["networks that are nested deeply", "vm", ["spec", "template", "spec", "networks"], deep],
  [
    "a NAD that is nested deeply",
    "nad",
    ["spec", "config"],
    `{"type":${"[".repeat(50_000)}${"]".repeat(50_000)}}`,
  ],
  ["labels that are numbers", "vm", ["metadata", "labels"], { a: 5 }],
  ["an invalid time", "vm", ["metadata", "creationTimestamp"], "yesterday"],
  ["a time beyond all calendars", "vm", ["metadata", "creationTimestamp"], "+012026-01-01T00:00:00Z"],
  [
    "more CPUs than an int32",
    "vm",
    ["spec", "template", "spec", "domain", "cpu"],
    { cores: 65_536, sockets: 65_536 },
  ],
  ["an instance whose addresses are a number", "vmi", ["status", "interfaces", 0, "ipAddresses"], 5],
  ["an instance without a spec", "vmi", ["spec"], 5],
  ["a NAD that is a number", "nad", ["spec"], 5],
  ["a NAD with an MTU beyond an int32", "nad", ["spec", "config"], '{"type":"bridge","mtu":1099511627776}'],
  ["a NAD with a fraction for an MTU", "nad", ["spec", "config"], '{"type":"bridge","mtu":1400.5}'],
  ["a NAD with a VLAN beyond every integer", "nad", ["spec", "config"], '{"type":"bridge","vlan":1e308}'],
];

/** The MTU of the NIC on another owner's NAD is the guest's own. */
function withGuestMtu(mtu: string): Objects {
  const { macAddress = "" } = victim.vm.spec.template.spec.domain.devices.interfaces?.[1] ?? {};
  const networkData = `version: 2\nethernets: {eth1: {match: {macaddress: "${macAddress}"}, set-name: eth1, mtu: ${mtu}}}\n`;
  const volumes = [{ name: "inline", cloudInitNoCloud: { networkData } }];
  return {
    ...victim,
    vm: withValueAt(victim.vm, ["spec", "template", "spec", "volumes"], volumes) as VirtualMachine,
  };
}

const withoutRecord = (objects: Objects): Objects => ({
  ...objects,
  vm: withValueAt(objects.vm, ["metadata", "annotations"], {}) as VirtualMachine,
});

describe("any JSON in the objects of one VM", () => {
  it.for(named)("does not fail any call: %s", async ([, part, path, value], { expect }) => {
    const objects = withoutRecord({ ...victim, [part]: withValueAt(victim[part], path, value) });
    expect((await answers([objects])).views.map(({ vm }) => vm)).toEqual(["victim"]);
  });

  it("does not fail any call: a guest with an MTU beyond int32", async ({ expect }) => {
    const mtuOf = async (mtu: string) => {
      const [view] = (await answers([withoutRecord(withGuestMtu(mtu))])).views;
      return JSON.stringify(view?.json);
    };
    expect(await mtuOf("1400")).toContain('"mtu":1400');
    expect(await mtuOf("1099511627776")).toContain("ethernets.eth1.mtu: not imported");
  });

  it("is left out, and the answer for that VM says so", async ({ expect }) => {
    const networks = withValueAt(victim.vm, ["spec", "template", "spec", "networks"], {}) as VirtualMachine;
    const [view] = (await answers([{ ...victim, vm: networks }])).views;
    expect(view?.json).toMatchObject({
      importNotes: ["spec.template.spec.networks must be a list, not a mapping"],
    });
  });

  it("can be an amount of memory as a number, which the API server keeps as it was written", async ({
    expect,
  }) => {
    const path = ["spec", "template", "spec", "domain", "memory", "guest"];
    const vm = withValueAt(victim.vm, path, 2 ** 31) as VirtualMachine;
    const [view] = (await answers([withoutRecord({ ...victim, vm })])).views;
    expect(view?.json).toMatchObject({ spec: { memory: "2147483648" } });
  });

  it("does not fail any call, and does not change the answer for another VM", async ({ expect }) => {
    const other = objectsOf("other");
    const expected = about("other", await answers([other]));
    expect(expected.views).toHaveLength(1);
    expect(expected.statuses).toHaveLength(3);
    expect(expected.lines.length).toBeGreaterThan(3);
    expect(expected.macs).toHaveLength(4);
    await fc.assert(
      fc.asyncProperty(disturbedObjects, async (objects) => {
        const given = await answers([objects, other]);
        expect(about("other", given)).toEqual(expected);
        expect(given.views.map(({ vm }) => vm)).toContain("victim");
      }),
      { numRuns: 400 },
    );
  }, 120_000);
});
