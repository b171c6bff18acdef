// The status of a Wukong from what came of the apply and from the states of its NICs.
import { describe, it } from "vitest";
import type { Outcome } from "../../src/controller/apply-wukong.ts";
import { type StatusInput, wukongStatus } from "../../src/controller/wukong-status.ts";
import { finding } from "../../src/domain/findings.ts";
import type { StatusCondition } from "../../src/domain/objects/kubernetes.ts";
import type { InterfaceStatus } from "../../src/domain/status/interface-status.ts";

const nic = (name: string, more: Partial<InterfaceStatus> = {}): InterfaceStatus => ({
  namespace: "shop",
  vm: "web",
  nic: name,
  type: "bridge",
  attachment: `shop/net-${name}`,
  vlanId: 0,
  primary: false,
  guestInterface: name,
  macAddress: "02:00:00:00:00:01",
  addresses: [
    { address: "10.0.0.2", prefixLength: undefined, origin: undefined },
    { address: "fe80::1", prefixLength: 64, origin: "link-local" },
  ],
  omittedAddressCount: 0,
  stateSince: "2026-01-01T00:00:00Z",
  state: "Up",
  reason: "UP",
  message: "it is up",
  evidence: [],
  node: "node-1",
  mtu: undefined,
  pendingFields: [],
  pendingEffect: undefined,
  driftedFields: [],
  etag: "now",
  vmUid: "",
  ...more,
});

const applied: Outcome = { kind: "applied", findings: [], routes: [], written: [], etag: "now" };
const statusOf = (input: Partial<StatusInput>) =>
  wukongStatus({
    generation: 3,
    outcome: applied,
    nics: [nic("eth0")],
    before: undefined,
    now: "2026-01-01T00:00:00Z",
    ...input,
  });
const conditionsOf = (input: Partial<StatusInput>): Record<string, string> =>
  Object.fromEntries(
    (statusOf(input).conditions ?? []).map(({ type, status, reason }) => [type, `${status} ${reason}`]),
  );

const down = nic("eth1", { state: "Down", reason: "LINK_DOWN", message: "the link is down" });
const unknown = nic("eth2", { state: "Unknown", reason: "STALE", message: "lost contact" });
const refused: Outcome = {
  kind: "refused",
  accepted: "False",
  reason: "VLAN_INVALID",
  message: "wrong",
  isNotOurs: false,
};
const badRoute = finding("ROUTE_DUPLICATE", "networks[0].routes[1]", { first: "networks[0].routes[0]" });

describe("the conditions of a Wukong", () => {
  it.for([
    ["applied, all Up", {}, "True Applied", "True Applied", "True AllUp"],
    [
      "applied, the change not seen yet",
      { nics: [nic("eth0", { etag: "before" })] },
      "True Applied",
      "True Applied",
      "Unknown VM_CHANGING",
    ],
    ["one NIC down", { nics: [nic("eth0"), down] }, "True Applied", "True Applied", "False LINK_DOWN"],
    ["one NIC unknown", { nics: [unknown] }, "True Applied", "True Applied", "Unknown STALE"],
    ["one down, one unknown", { nics: [unknown, down] }, "True Applied", "True Applied", "False STALE"],
    ["no NIC seen yet", { nics: [] }, "True Applied", "True Applied", "False VM_STARTING"],
    [
      "a change refused, the VM runs on",
      { outcome: refused },
      "False VLAN_INVALID",
      "Unknown NotAccepted",
      "True AllUp",
    ],
    [
      "refused, no VM",
      { outcome: refused, nics: [] },
      "False VLAN_INVALID",
      "Unknown NotAccepted",
      "False VLAN_INVALID",
    ],
    [
      "a route left out",
      { outcome: { ...applied, routes: [badRoute] } },
      "True Applied",
      "False ROUTE_DUPLICATE",
      "True AllUp",
    ],
  ] as const)("%s", ([, input, accepted, routes, ready], { expect }) => {
    expect(conditionsOf(input)).toEqual({ Accepted: accepted, RoutesApplied: routes, Ready: ready });
  });

  it("keep their time while their status stays, and have the generation that they are about", ({
    expect,
  }) => {
    const before = statusOf({ nics: [down] });
    const after = statusOf({ nics: [nic("eth0")], before, generation: 4, now: "2026-02-02T00:00:00Z" });
    const times = (after.conditions ?? []).map(({ type, lastTransitionTime }) => [type, lastTransitionTime]);
    expect(times).toEqual([
      ["Accepted", "2026-01-01T00:00:00Z"],
      ["RoutesApplied", "2026-01-01T00:00:00Z"],
      ["Ready", "2026-02-02T00:00:00Z"],
    ]);
    expect(after.conditions?.map(({ observedGeneration }) => observedGeneration)).toEqual([4, 4, 4]);
  });

  it("name the changes that the running VM does not have yet", ({ expect }) => {
    const pending = nic("eth0", { pendingFields: ["networks[eth0].mtu"], pendingEffect: "restart" });
    const ready = statusOf({ nics: [pending] }).conditions?.find(({ type }) => type === "Ready");
    expect(ready?.message).toBe("all networks are Up; not in effect yet: networks[eth0].mtu (restart)");
  });

  it("list the warnings of an applied Wukong, and count findings beyond twenty", ({ expect }) => {
    const messageOf = (count: number): string | undefined => {
      const findings = Array.from({ length: count }, (_, index) =>
        finding("DNS_TOO_MANY", `networks[${index}].ipConfig.dnsServers`, { count: 4 }),
      );
      return (statusOf({ outcome: { ...applied, findings } }).conditions as StatusCondition[])[0]?.message;
    };
    expect(messageOf(1)).toMatch(/^networks\[0\]\.ipConfig\.dnsServers: .+ \(DNS_TOO_MANY\)$/);
    expect(messageOf(23)?.split("\n")).toHaveLength(21);
    expect(messageOf(23)).toMatch(/\nand 3 more$/);
  });
});

describe("status.networks of a Wukong", () => {
  it("has what is known of each NIC, and no field for what is not", ({ expect }) => {
    const bare = nic("eth1", {
      attachment: "",
      guestInterface: "",
      macAddress: "",
      addresses: [],
      state: "Down",
      reason: "VM_STOPPED",
    });
    expect(statusOf({ nics: [nic("eth0"), bare] }).networks).toEqual([
      {
        name: "eth0",
        nadName: "shop/net-eth0",
        interfaceName: "eth0",
        macAddress: "02:00:00:00:00:01",
        ipAddress: "10.0.0.2",
        ipAddresses: ["10.0.0.2", "fe80::1"],
        state: "Up",
        reason: "UP",
      },
      { name: "eth1", state: "Down", reason: "VM_STOPPED" },
    ]);
  });
});
