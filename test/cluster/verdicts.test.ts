// VirtualMachines that KubeVirt or the API server refuses, written without our own checks: the same causes on both targets.
import { afterAll, beforeAll, describe, it } from "vitest";
import type {
  VirtualMachine,
  VmInterface,
  VmNetwork,
  VmVolume,
} from "../../src/domain/objects/kubernetes.ts";
import { KubeError } from "../../src/kube/errors.ts";
import { virtualMachines } from "../../src/kube/resource.ts";
import { silentLog } from "../support/log.ts";
import { startTarget, type Target } from "./target.ts";

/** A valid VM with two bridge NICs, except for the replaced parts. */
interface Parts {
  readonly interfaces?: readonly VmInterface[];
  readonly networks?: readonly VmNetwork[];
  readonly volumes?: readonly VmVolume[];
  readonly cores?: number;
  readonly metadata?: Partial<VirtualMachine["metadata"]>;
  readonly spec?: Readonly<Record<string, unknown>>;
}

const eth0: VmInterface = { name: "eth0", bridge: {} };
const eth1: VmInterface = { name: "eth1", bridge: {} };
const one: VmNetwork = { name: "eth0", multus: { networkName: "one" } };
const two: VmNetwork = { name: "eth1", multus: { networkName: "two" } };
const rootDisk: VmVolume = { name: "rootdisk", containerDisk: { image: "quay.io/containerdisks/fedora:42" } };

function machineOf(parts: Parts): VirtualMachine {
  const { interfaces = [eth0, eth1], networks = [one, two], volumes = [rootDisk], cores = 1 } = parts;
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachine",
    metadata: { name: "judged", namespace: "default", ...parts.metadata },
    spec: {
      runStrategy: "Halted",
      template: {
        spec: {
          domain: {
            cpu: { cores },
            memory: { guest: "64Mi" },
            devices: { disks: [{ name: "rootdisk", disk: { bus: "virtio" } }], interfaces: [...interfaces] },
          },
          networks: [...networks],
          volumes: [...volumes],
        },
      },
      ...parts.spec,
    },
  };
}

const nic = "spec.template.spec.domain.devices.interfaces[1]";
const network = "spec.template.spec.networks[1]";
const cloudInit = "spec.template.spec.volumes[1].cloudInitNoCloud";

/** The fault, the replaced parts, and field and reason of each cause. */
const refused: readonly (readonly [string, Parts, readonly (readonly [string, string])[]])[] = [
  [
    "two interfaces with the same name",
    { interfaces: [eth0, eth0] },
    [
      [`${network}.name`, "FieldValueRequired"],
      [`${nic}.name`, "FieldValueDuplicate"],
    ],
  ],
  [
    "two networks with the same name",
    { networks: [one, { ...two, name: "eth0" }] },
    [
      [`${network}.name`, "FieldValueDuplicate"],
      [`${nic}.name`, "FieldValueInvalid"],
    ],
  ],
  ["a network without an interface", { interfaces: [eth0] }, [[`${network}.name`, "FieldValueRequired"]]],
  ["an interface without a network", { networks: [one] }, [[`${nic}.name`, "FieldValueInvalid"]]],
  [
    "a dot in an interface's name",
    { interfaces: [eth0, { ...eth1, name: "eth.1" }], networks: [one, { ...two, name: "eth.1" }] },
    [[`${nic}.name`, "FieldValueInvalid"]],
  ],
  [
    "a malformed MAC address",
    { interfaces: [eth0, { ...eth1, macAddress: "02:00:5e:10:00" }] },
    [[`${nic}.macAddress`, "FieldValueInvalid"]],
  ],
  [
    "a link state of an SR-IOV NIC",
    { interfaces: [eth0, { name: "eth1", sriov: {}, state: "down" }] },
    [[`${nic}.state`, "FieldValueInvalid"]],
  ],
  [
    "two bindings",
    { interfaces: [eth0, { ...eth1, masquerade: {} }] },
    [
      [nic, "FieldValueInvalid"],
      [`${nic}.name`, "FieldValueInvalid"],
    ],
  ],
  [
    "masquerade outside the pod network",
    { interfaces: [eth0, { name: "eth1", masquerade: {} }] },
    [[`${nic}.name`, "FieldValueInvalid"]],
  ],
  [
    "an unknown device model",
    { interfaces: [eth0, { ...eth1, model: "ne2001" }] },
    [[`${nic}.model`, "FieldValueNotSupported"]],
  ],
  [
    "two pod networks",
    {
      networks: [
        { name: "eth0", pod: {} },
        { name: "eth1", pod: {} },
      ],
    },
    [["spec.template.spec.interfaces", "FieldValueDuplicate"]],
  ],
  ["a network without a source", { networks: [one, { name: "eth1" }] }, [[network, "FieldValueRequired"]]],
  ["a network with two sources", { networks: [one, { ...two, pod: {} }] }, [[network, "FieldValueRequired"]]],
  [
    "a Multus network without a name",
    { networks: [one, { name: "eth1", multus: { networkName: "" } }] },
    [[network, "FieldValueRequired"]],
  ],
  [
    "a disk without a volume",
    { volumes: [] },
    [["spec.template.spec.domain.devices.disks[0].name", "FieldValueInvalid"]],
  ],
  [
    "a volume without a source",
    { volumes: [{ name: "rootdisk" }] },
    [["spec.template.spec.volumes[0]", "FieldValueInvalid"]],
  ],
  [
    "two network-configs",
    {
      volumes: [
        rootDisk,
        {
          name: "cloudinit",
          cloudInitNoCloud: { userData: "x", networkData: "x", networkDataSecretRef: { name: "x" } },
        },
      ],
    },
    [[cloudInit, "FieldValueInvalid"]],
  ],
  [
    "user-data over 2048 bytes",
    { volumes: [rootDisk, { name: "cloudinit", cloudInitNoCloud: { userData: "x".repeat(2_049) } }] },
    [[cloudInit, "FieldValueInvalid"]],
  ],
  [
    "an unknown run strategy",
    { spec: { runStrategy: "Sometimes" } },
    [["spec.runStrategy", "FieldValueInvalid"]],
  ],
  ["running and a run strategy", { spec: { running: true } }, [["spec.running", "FieldValueInvalid"]]],
  ["a name in upper case", { metadata: { name: "Judged" } }, [["metadata.name", "FieldValueInvalid"]]],
  [
    "a label with a space",
    { metadata: { labels: { team: "a b" } } },
    [["metadata.labels", "FieldValueInvalid"]],
  ],
  [
    "annotations over 256 KiB",
    { metadata: { annotations: { note: "x".repeat(262_144) } } },
    [
      ["metadata.annotations", "FieldValueTooLong"],
      ["<nil>", "FieldValueInvalid"],
    ],
  ],
];

describe("KubeVirt and the API server", () => {
  let target: Target;
  beforeAll(async () => {
    target = await startTarget(silentLog);
  });
  afterAll(async () => await target.stop());

  async function verdict(parts: Parts): Promise<Pick<KubeError, "reason" | "causes" | "message">> {
    const options = { dryRun: true, fieldManager: "test" };
    try {
      await target.client.apply(virtualMachines, machineOf(parts), options);
    } catch (error) {
      if (error instanceof KubeError) return error;
      throw error;
    }
    throw new Error("the VM was not refused");
  }

  it.for(refused)("F9: refuse %s and name the field", async ([, parts, causes], { expect }) => {
    const { reason, causes: given } = await verdict(parts);
    expect(reason).toBe("Invalid");
    expect(given.map((cause) => [cause.field, cause.reason])).toEqual(causes);
  });

  it("put the webhook's name before its message", async ({ expect }) => {
    const { message } = await verdict({ networks: [one, { name: "eth1" }] });
    expect(message).toBe(
      'admission webhook "virtualmachine-validator.kubevirt.io" denied the request: should have a network type',
    );
  });

  it("refuse a number that KubeVirt cannot decode, without a cause", async ({ expect }) => {
    const { reason, message, causes } = await verdict({ cores: -1 });
    expect([reason, causes]).toEqual(["BadRequest", []]);
    expect(message).toMatch(
      /^admission webhook "virtualmachines-mutator\.kubevirt\.io" denied the request: json: /,
    );
  });

  it.for<[string, Parts]>([
    [
      "a binding plugin that is not registered",
      { interfaces: [eth0, { name: "eth1", binding: { name: "x" } }] },
    ],
    [
      "two NICs with the same MAC address",
      {
        interfaces: [
          { ...eth0, macAddress: "02:00:5e:10:00:01" },
          { ...eth1, macAddress: "02:00:5e:10:00:01" },
        ],
      },
    ],
    ["a name over 63 characters", { metadata: { name: "x".repeat(64) } }],
  ])("take %s, which is why it is checked before", async ([, parts], { expect }) => {
    const options = { dryRun: true, fieldManager: "test" };
    const vm = machineOf(parts);
    const { metadata } = await target.client.apply(virtualMachines, vm, options);
    expect(metadata.name).toBe(vm.metadata.name);
  });
});
