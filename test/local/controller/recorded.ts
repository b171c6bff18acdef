// The recorded behaviour of KubeVirt 1.9.0's virt-controller (test/vectors/kubevirt-vm-changes.json), and the changes that led to it.
import { readFileSync } from "node:fs";
import type { Vm } from "../../../src/local/kubevirt/controller/objects.ts";
import {
  add,
  all,
  bridgeNic,
  editNic,
  machine,
  nad,
  pluginNic,
  podNic,
  remove,
  sriovNic,
  state,
  type Edit,
  type Nic,
} from "./machines.ts";

export interface Outcome {
  readonly restartRequired: boolean;
  readonly migrationRequired: "never" | "pending" | "pending-then-true" | "immediate";
  readonly migrated: boolean;
  readonly vmiSpecChanged: boolean;
  readonly domainNICsAtEnd: readonly string[] | null;
  readonly vmNICsAtEnd: readonly string[];
}

export interface RecordedChange {
  readonly id: string;
  readonly description: string;
  readonly config: "plugins" | "stage";
  readonly dynamicNetworksController: boolean;
  readonly outcome: Outcome;
}

export interface RecordedPod {
  readonly id: string;
  readonly description: string;
  readonly vm: Vm;
  readonly networksAnnotation?: readonly object[];
  readonly defaultNetworkAnnotation?: string;
  readonly requests?: Readonly<Record<string, string>>;
  readonly limits?: Readonly<Record<string, string>>;
  readonly noPod?: string;
}

const file = new URL("../../vectors/kubevirt-vm-changes.json", import.meta.url);
export const recorded = JSON.parse(readFileSync(file, "utf8")) as {
  readonly changes: readonly RecordedChange[];
  readonly pods: Readonly<Record<"plugins" | "noExternalInj", readonly RecordedPod[]>>;
};

/** An edit of the VM's spec, "restart" (as virtctl does), or "nothing" for a change outside the VM's spec. */
export type Step = Edit | "restart" | "nothing";

export interface Change {
  readonly base: Vm;
  readonly steps: readonly Step[];
  /** KubeVirt does not migrate a VM with a bridge on the pod network. */
  readonly migratable: boolean;
}

const [aMac, bMac, cMac] = ["02:11:22:33:44:5a", "02:11:22:33:44:5b", "02:11:22:33:44:5c"] as const;
const a = bridgeNic("a", "net", { macAddress: aMac });
const b = bridgeNic("b", "net2", { macAddress: bMac });
const c = bridgeNic("c", "net3", { macAddress: cMac });
const base = [podNic(), a, b];
const noPod = [a, b];
const bridgedPod: Nic[] = [
  { nic: { name: "default", bridge: {} }, network: { name: "default", pod: {} } },
  a,
];

function change(nics: readonly Nic[], ...steps: readonly Step[]): Change {
  return { base: machine(nics), steps, migratable: nics !== bridgedPod };
}

function set(name: string, fields: object): Edit {
  return editNic(name, (nic) => {
    Object.assign(nic, fields);
  });
}

function mac(name: string, macAddress: string | undefined): Edit {
  return editNic(name, (nic) => {
    if (macAddress === undefined) delete nic.macAddress;
    else nic.macAddress = macAddress;
  });
}

const first: Edit = ({ template: { spec } }) => {
  const interfaces = spec.domain.devices.interfaces ?? [];
  spec.domain.devices.interfaces = [...interfaces.slice(-1), ...interfaces.slice(0, -1)];
};

const reorder: Edit = ({ template: { spec } }) => {
  spec.domain.devices.interfaces?.reverse();
  spec.networks?.reverse();
};

const toSriov: Edit = editNic("b", (nic) => {
  delete nic.bridge;
  nic.sriov = {};
});

const toMultusDefault: Edit = ({ template: { spec } }) => {
  spec.networks = [
    { name: "default", multus: { networkName: "net3", default: true } },
    ...(spec.networks?.slice(1) ?? []),
  ];
  editNic("default", (nic) => {
    delete nic.masquerade;
    nic.bridge = {};
  })({ template: { spec } });
};

const memory: Edit = ({ template: { spec } }) => {
  spec.domain.memory = { guest: "512Mi" };
};

const nodeSelector: Edit = ({ template: { spec } }) => {
  spec.nodeSelector = { x: "y" };
};

const halt: Edit = (spec) => {
  spec.runStrategy = "Halted";
};

function withCloudInit(edit: Edit): Change {
  const vm = machine(base);
  vm.spec.template.spec.volumes?.push({
    name: "cloudinit",
    cloudInitNoCloud: { userData: "x", networkDataSecretRef: { name: "one" } },
  });
  return { base: vm, steps: [edit], migratable: true };
}

function cloudInit(fields: object): Edit {
  return ({ template: { spec } }) => {
    for (const volume of spec.volumes ?? []) {
      if (volume.cloudInitNoCloud !== undefined) Object.assign(volume.cloudInitNoCloud, fields);
    }
  };
}

/** By id of the recorded change. */
export const changes: Readonly<Record<string, Change>> = {
  nothing: change(base, "nothing"),
  "add-bridge": change(base, add(c)),
  "add-bridge-dynamic": change(base, add(c)),
  "add-bridge-no-pod": change(noPod, add(c)),
  "add-bridge-first": change(base, all(add(c), first)),
  "add-bridge-not-migratable": change(bridgedPod, add(c)),
  "add-bridge-missing-nad": change(base, add(bridgeNic("c", "nowhere", { macAddress: cMac }))),
  "add-bridge-down": change(base, add(bridgeNic("c", "net3", { macAddress: cMac, state: "down" }))),
  "add-two-bridge": change(base, all(add(c), add(bridgeNic("d", "net")))),
  "add-sriov": change(base, add(sriovNic("c", "sriov"))),
  "add-plugin": change(base, add(pluginNic("c", "macvtap", "net3"))),
  "add-pod": change(noPod, add(podNic())),
  "add-absent": change(base, add(bridgeNic("c", "net3", { state: "absent" }))),
  remove: change(base, remove("b")),
  "remove-pod": change(base, remove("default")),
  absent: change(base, state("b", "absent")),
  "absent-dynamic": change(base, state("b", "absent")),
  "absent-then-up": change(base, state("b", "absent"), state("b", "up")),
  "absent-and-add": change(base, all(state("b", "absent"), add(c))),
  down: change(base, state("a", "down")),
  "down-pod": change(base, state("default", "down")),
  "down-up": change(base, state("a", "down"), state("a", "up"), state("a", undefined)),
  nad: change(base, nad("b", "net3")),
  "nad-dynamic": change(base, nad("b", "net3")),
  "nad-no-pod": change(noPod, nad("b", "net3")),
  "nad-not-migratable": change(bridgedPod, nad("a", "net3")),
  "nad-missing": change(base, nad("b", "nowhere")),
  "nad-spelling": change(base, nad("b", "default/net2")),
  "nad-sriov": change([...base, sriovNic("s", "sriov")], nad("s", "net3")),
  "nad-swapped": change(base, all(nad("a", "net2"), nad("b", "net"))),
  "nad-and-back": change(base, nad("b", "net3"), nad("b", "net2")),
  "nad-and-down": change(base, all(nad("b", "net3"), state("b", "down"))),
  "nad-and-mac": change(base, all(nad("b", "net3"), mac("b", cMac))),
  "nad-default": change(base, toMultusDefault),
  "nad-content": change(base, "nothing"),
  mac: change(base, mac("a", cMac)),
  "mac-case": change(base, mac("a", "02:11:22:33:44:5A")),
  "mac-removed": change(base, mac("a", undefined)),
  "mac-added": change([podNic(), bridgeNic("a", "net")], mac("a", aMac)),
  "mac-and-add": change(base, all(mac("a", cMac), add(bridgeNic("c", "net3")))),
  "mac-and-back": change(base, mac("a", cMac), mac("a", aMac)),
  "mac-then-restart": change(base, mac("a", cMac), "restart"),
  model: change(base, set("a", { model: "e1000" })),
  "model-default-written": change(base, set("a", { model: "virtio" })),
  "boot-order": change(base, set("a", { bootOrder: 1 })),
  "pci-address": change(base, set("a", { pciAddress: "0000:81:00.1" })),
  "acpi-index": change(base, set("a", { acpiIndex: 7 })),
  tag: change(base, set("a", { tag: "x" })),
  ports: change(base, set("default", { ports: [{ port: 80 }] })),
  "dhcp-options": change(base, set("default", { dhcpOptions: { ntpServers: ["192.0.2.1"] } })),
  binding: change(base, toSriov),
  rename: change(base, all(remove("b"), add({ ...renamed(b, "renamed") }))),
  reorder: change(base, reorder),
  "cloudinit-secret-name": withCloudInit(cloudInit({ networkDataSecretRef: { name: "two" } })),
  "cloudinit-inline": withCloudInit(cloudInit({ userData: "y" })),
  "template-label": change(base, ({ template }) => {
    template.metadata = { labels: { x: "y" } };
  }),
  hostname: change(base, ({ template: { spec } }) => {
    spec.hostname = "other";
  }),
  "node-selector": change(base, nodeSelector),
  memory: change(base, memory),
  multiqueue: change(base, ({ template: { spec } }) => {
    spec.domain.devices.networkInterfaceMultiqueue = true;
  }),
  stop: change(base, halt),
  "add-plugin-then-restart": change(base, add(pluginNic("c", "macvtap", "net3")), "restart"),
  "stage-add-bridge": change(base, add(c)),
  "stage-nad": change(base, nad("b", "net3")),
  "stage-down": change(base, state("a", "down")),
  "stage-mac": change(base, mac("a", cMac)),
  "stage-memory": change(base, memory),
  "stage-node-selector": change(base, nodeSelector),
};

function renamed({ nic, network }: Nic, name: string): Nic {
  return { nic: { ...nic, name }, network: { ...network, name } };
}

/** One line per NIC, in the form of the recording. */
export function nicLines(vm: Vm): string[] {
  const { networks = [], domain } = vm.spec.template.spec;
  return (domain.devices.interfaces ?? []).map(({ name, state: link, macAddress }) => {
    const network = networks.find((candidate) => candidate.name === name);
    const on = network?.multus?.networkName.replace(`${vm.metadata.namespace}/`, "NAMESPACE/") ?? "(pod)";
    return [
      `${name} on ${on}`,
      link === undefined ? [] : `state=${link}`,
      macAddress === undefined ? [] : `mac=${macAddress}`,
    ]
      .flat()
      .join(" ");
  });
}
