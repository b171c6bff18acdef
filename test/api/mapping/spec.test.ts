import { create, fromBinary, toBinary, toJson } from "@bufbuild/protobuf";
import { describe, it } from "vitest";
import { FindingSchema } from "../../../gen/multinic/v1/network_pb.ts";
import { VirtualMachineSchema } from "../../../gen/multinic/v1/virtual_machine_pb.ts";
import { findingToProto } from "../../../src/wire/findings.ts";
import { specFromProto } from "../../../src/wire/spec-from-proto.ts";
import { specToProto } from "../../../src/wire/spec-to-proto.ts";
import { finding } from "../../../src/domain/findings.ts";
import { removeField, replaceWith } from "../../../src/domain/fix.ts";
import type { VmSpec } from "../../../src/domain/spec.ts";

const full: VmSpec = {
  namespace: "team-a",
  name: "db",
  cpu: 2,
  memory: "4Gi",
  bootDisk: { name: "rootdisk", containerImage: "quay.io/containerdisks/fedora:42" },
  disks: [{ persistentVolumeClaim: "data" }, { dataVolume: "more" }, {}],
  userData: { secretName: "init" },
  runStrategy: "RerunOnFailure",
  guest: { renderer: "network-manager" },
  guestConfig: "nmstate",
  routing: "policy",
  labels: { app: "web", "example.org/team": "a", canary: "" },
  networks: [
    {
      name: "eth0",
      type: "bridge",
      nadName: "shared/lan",
      vlanId: 0,
      ipConfig: {
        mode: "static",
        address: "192.0.2.10/24",
        addresses: ["2001:db8::10/64"],
        gateway: "192.0.2.1",
        dnsServers: ["192.0.2.53"],
        searchDomains: ["example.org"],
        defaultRoute: "never",
      },
      primary: true,
      priority: 0,
      mtu: 1500,
      routes: [
        { destination: "198.51.100.0/24", gateway: "192.0.2.1" },
        { destination: "203.0.113.0/24", gateway: "192.0.2.1", metric: 0 },
      ],
      physicalNetwork: "lan",
      macAddress: "02:00:5e:10:00:01",
      linkState: "down",
    },
    { name: "eth1" },
  ],
};

describe("a VM over the wire", () => {
  it("comes back with every field that was set, and with no other", ({ expect }) => {
    for (const spec of [
      full,
      { namespace: "", name: "", networks: [] },
      { ...full, userData: { text: "" } },
    ]) {
      const wire = toBinary(VirtualMachineSchema, specToProto(spec));
      expect(specFromProto(fromBinary(VirtualMachineSchema, wire))).toEqual({ spec, findings: [] });
    }
  });

  it("reports the field of each unknown enum number and leaves the field out", ({ expect }) => {
    const vm = create(VirtualMachineSchema, {
      name: "db",
      runStrategy: 99 as never,
      networks: [
        { name: "eth0" },
        { name: "eth1", type: 77 as never, linkState: 9 as never, ipConfig: { mode: 5 as never } },
      ],
    });
    const { spec, findings } = specFromProto(vm);
    expect(findings.map(({ code, field, message }) => [code, field, message])).toEqual([
      ["VALUE_UNKNOWN", "runStrategy", "99 is not one of Always, Halted, Manual, RerunOnFailure, Once"],
      ["VALUE_UNKNOWN", "networks[1].type", "77 is not one of bridge, macvlan, sriov, ovs, pod"],
      ["VALUE_UNKNOWN", "networks[1].ipConfig.mode", "5 is not one of dhcp, static"],
      ["VALUE_UNKNOWN", "networks[1].linkState", "9 is not one of up, down"],
    ]);
    expect(spec).toEqual({
      namespace: "",
      name: "db",
      networks: [{ name: "eth0" }, { name: "eth1", ipConfig: {} }],
    });
  });
});

describe("a finding over the wire", () => {
  it("keeps its fix and its related fields", ({ expect }) => {
    const values = { given: "192.0.2.1/24", network: "192.0.2.0/24" };
    const at = "networks[0].routes[0].destination";
    for (const found of [
      finding("ROUTE_HOST_BITS", at, values, {
        fix: replaceWith(at, "192.0.2.0/24"),
        related: ["networks[0]"],
      }),
      finding(
        "LINK_STATE_UNSUPPORTED",
        "networks[0].linkState",
        {},
        { fix: removeField("networks[0].linkState") },
      ),
      finding(
        "UNKNOWN_FIELD",
        "x",
        { name: "x", known: "y" },
        { fix: { description: "rename", patches: [{ field: "y", value: { a: [1, null] } }] } },
      ),
    ]) {
      const wire = toBinary(FindingSchema, findingToProto(found));
      const { severity, ...others } = found;
      expect(toJson(FindingSchema, fromBinary(FindingSchema, wire))).toEqual({
        ...others,
        severity: `SEVERITY_${severity.toUpperCase()}`,
        about: "ABOUT_INPUT",
      });
    }
  });
});
