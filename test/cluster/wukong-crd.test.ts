// What the API server itself rejects of a Wukong, by the schema and the rules of its CRD.
import { afterAll, beforeAll, describe, it } from "vitest";
import type { Wukong } from "../../src/domain/objects/kubernetes.ts";
import { KubeError } from "../../src/kube/errors.ts";
import type { KubeClient } from "../../src/kube/kube-client.ts";
import { wukongs } from "../../src/kube/resource.ts";
import { silentLog } from "../support/log.ts";
import { startTarget, type Target } from "./target.ts";

async function verdict(client: KubeClient, spec: unknown): Promise<readonly string[]> {
  const object: Wukong = {
    apiVersion: "vm.novasphere.dev/v1alpha1",
    kind: "Wukong",
    metadata: { namespace: "default", name: "judged" },
    spec,
  };
  try {
    await client.create(wukongs, object, { dryRun: true });
    return [];
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    if (error.causes.length === 0) return [error.message];
    return error.causes.map(({ field, message }) => `${field}: ${message}`);
  }
}

const rulesSkipped =
  "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation";

/** What the row is about, the spec, and the causes that the API server gives. */
const cases: readonly (readonly [string, unknown, readonly string[]])[] = [
  ["one network", { networks: [{ name: "eth0" }] }, []],
  ["memory as a number", { memory: 1_073_741_824, networks: [{ name: "eth0" }] }, []],
  [
    "two primary networks of which one is not",
    {
      networks: [
        { name: "a", primary: true },
        { name: "b", primary: false },
      ],
    },
    [],
  ],
  [
    "mode static with only addresses",
    { networks: [{ name: "a", ipConfig: { mode: "static", addresses: ["10.0.0.2/24"] } }] },
    [],
  ],
  ["no spec", undefined, ["spec: Required value", rulesSkipped]],
  ["no networks", {}, ["spec.networks: Required value", rulesSkipped]],
  [
    "an empty list of networks",
    { networks: [] },
    ["spec.networks: Invalid value: 0: spec.networks in body should have at least 1 items"],
  ],
  [
    "two networks of one name",
    { networks: [{ name: "eth0" }, { name: "eth1" }, { name: "eth0" }] },
    ["spec.networks: Invalid value: the names of the networks must be unique"],
  ],
  [
    "two primary networks",
    {
      networks: [
        { name: "eth0", primary: true },
        { name: "eth1", primary: true },
      ],
    },
    ["spec.networks: Invalid value: at most one network may be primary"],
  ],
  [
    "a name that is no name of an interface",
    { networks: [{ name: "Eth0" }] },
    [
      'spec.networks[0].name: Invalid value: "Eth0": must be lower-case letters, digits and hyphens, with a letter or digit first and last',
    ],
  ],
  [
    "mode static without an address",
    { networks: [{ name: "eth0", ipConfig: { mode: "static" } }] },
    ["spec.networks[0].ipConfig: Invalid value: mode static needs an address"],
  ],
  [
    "a VLAN beyond 4094",
    { networks: [{ name: "eth0", vlanId: 4095 }] },
    [
      "spec.networks[0].vlanId: Invalid value: 4095: spec.networks[0].vlanId in body should be less than or equal to 4094",
    ],
  ],
  [
    "an unknown type",
    { networks: [{ name: "eth0", type: "bonding" }] },
    [
      'spec.networks[0].type: Unsupported value: "bonding": supported values: "bridge", "macvlan", "sriov", "ovs", "pod"',
      rulesSkipped,
    ],
  ],
  [
    "two sources of one disk",
    { bootDisk: { containerImage: "a", dataVolume: "b" }, networks: [{ name: "eth0" }] },
    [
      "spec.bootDisk: Invalid value: at most one of containerImage, persistentVolumeClaim, dataVolume may be given",
    ],
  ],
  [
    "an unknown field",
    { networks: [{ name: "eth0", vlan: 7 }] },
    [
      'Wukong in version "v1alpha1" cannot be handled as a Wukong: strict decoding error: unknown field "spec.networks[0].vlan"',
    ],
  ],
];

describe.concurrent("a Wukong with", () => {
  let target: Target;
  beforeAll(async () => {
    target = await startTarget(silentLog);
  });
  afterAll(async () => await target.stop());

  it.for(cases)("%s", async ([, spec, causes], { expect }) => {
    expect(await verdict(target.client, spec)).toEqual(causes);
  });
});
