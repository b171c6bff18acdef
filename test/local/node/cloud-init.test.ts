import { describe, expect, it } from "vitest";
import type { CloudInitSource, Secret } from "../../../src/domain/objects/kubernetes.ts";
import {
  cloudInitSecrets,
  planAtBoot,
  readCloudInit,
  rootClaim,
} from "../../../src/local/kubevirt/node/cloud-init.ts";
import { makeVmi } from "./vmi.ts";

const text = 'version: 2\nethernets: {a: {match: {name: "enp1s0"}, dhcp4: true}}\n';
const base64 = Buffer.from(text).toString("base64");

function secret(data: Record<string, string>): Secret {
  return { apiVersion: "v1", kind: "Secret", metadata: { name: "net" }, data };
}

function read(source: CloudInitSource, found: Secret | undefined) {
  const vmi = makeVmi([], { volumes: [{ name: "ci", cloudInitNoCloud: source }] });
  return readCloudInit(vmi, new Map(found === undefined ? [] : [["net", found]]));
}

describe("readCloudInit()", () => {
  it.for<[string, CloudInitSource, Record<string, string> | undefined, string]>([
    ["inline text", { networkData: text }, undefined, "ethernets"],
    ["inline base64", { networkDataBase64: base64 }, undefined, "ethernets"],
    [
      "a Secret's networkdata",
      { networkDataSecretRef: { name: "net" } },
      { networkdata: base64 },
      "ethernets",
    ],
    [
      "a Secret's networkData",
      { networkDataSecretRef: { name: "net" } },
      { networkData: base64 },
      "ethernets",
    ],
    [
      "a Secret with another key",
      { networkDataSecretRef: { name: "net" } },
      { "network-config": base64 },
      "dhcp-everywhere",
    ],
    ["no network data", { userData: "#cloud-config\n" }, undefined, "dhcp-everywhere"],
  ])("takes %s", ([, source, data, kind], { expect }) => {
    expect(read(source, data === undefined ? undefined : secret(data)).plan.kind).toBe(kind);
  });

  it("lists each Secret once", () => {
    const source = { secretRef: { name: "net" }, networkDataSecretRef: { name: "net" } };
    expect(cloudInitSecrets(makeVmi([], { volumes: [{ name: "ci", cloudInitNoCloud: source }] }))).toEqual([
      "net",
    ]);
  });

  it("reads the update policy from user-data in a Secret", () => {
    const userdata = Buffer.from("#cloud-config\nupdates: {network: {when: [boot]}}").toString("base64");
    expect(read({ secretRef: { name: "net" } }, secret({ userdata })).updatesAtBoot).toBe(true);
  });
});

describe("planAtBoot()", () => {
  const old = { kind: "refused", reason: "old" } as const;
  const fresh = { kind: "refused", reason: "new" } as const;

  it.for([
    ["a blank disk", undefined, false, fresh],
    ["a disk of another instance", "b", false, fresh],
    ["a disk of the same instance", "a", false, old],
    ["a disk of the same instance when user-data updates the network at boot", "a", true, fresh],
  ] as const)("on %s", ([, instanceId, updatesAtBoot, expected], { expect }) => {
    const memory = instanceId === undefined ? undefined : { instanceId, plan: old };
    expect(planAtBoot({ instanceId: "a", plan: fresh, updatesAtBoot }, memory)).toBe(expected);
  });
});

describe("rootClaim()", () => {
  it("is the first claim or DataVolume, and undefined for a container disk", () => {
    const claim = { name: "root", persistentVolumeClaim: { claimName: "disk1" } };
    expect(rootClaim(makeVmi([], { volumes: [claim] }))).toBe("default/disk1");
    expect(rootClaim(makeVmi([], { volumes: [{ name: "root", dataVolume: { name: "dv1" } }] }))).toBe(
      "default/dv1",
    );
    expect(
      rootClaim(makeVmi([], { volumes: [{ name: "root", containerDisk: { image: "fedora" } }, claim] })),
    ).toBeUndefined();
  });
});
