// The table of losses and the findings agree: a caller who names the guest gets a finding for what the newest version loses.
import { describe, it } from "vitest";
import { losses } from "../../src/domain/guest/renderers.ts";
import { loses } from "../support/loses.ts";
import { type GuestRenderer, guestRenderers, type IpConfig, type VmSpec } from "../../src/domain/spec.ts";
import { guestCases } from "./finding-cases/guest.ts";
import { findingsOf, vmSpec } from "./specs.ts";

const newest = "26.2";

/** A VM that needs the trait. */
const specNeeding: Readonly<Record<string, VmSpec>> = {
  dhcpWithoutRoutes: oneNic({ mode: "dhcp", defaultRoute: "never" }),
  dhcpNameServers: oneNic({ mode: "dhcp", dnsServers: ["192.0.2.53"] }),
  dhcpIpv6NameServers: oneNic({ mode: "dhcp", dnsServers: ["2001:db8::53"] }),
  otherFamilyNameServers: oneNic({ address: "192.0.2.10/24", dnsServers: ["2001:db8::53"] }),
  otherFamilyDefaultRoute: vmSpec([
    {
      name: "eth0",
      ipConfig: { address: "192.0.2.10/24", addresses: ["2001:db8::10/64"], gateway: "192.0.2.1" },
      routes: [{ destination: "::/0", gateway: "2001:db8::1" }],
    },
  ]),
};

function oneNic(ipConfig: IpConfig): VmSpec {
  return vmSpec([{ name: "eth0", ipConfig }]);
}

describe("a named guest renderer", () => {
  it.for(guestCases)("is needed for $code when $when", ({ spec, code }, { expect }) => {
    const { guest, ...unnamed } = spec;
    expect(guest).toBeDefined();
    expect(findingsOf(unnamed).map((found) => found.code)).not.toContain(code);
    const netplan = findingsOf({ ...spec, guest: { renderer: "netplan" } });
    expect(netplan.map((found) => found.code)).not.toContain(code);
  });

  it("gets a finding for every loss of the newest version", ({ expect }) => {
    const lost = guestRenderers.flatMap((renderer: GuestRenderer) =>
      Object.keys(losses[renderer])
        .filter((trait) => loses(renderer, trait as keyof (typeof losses)["eni"], newest))
        .map((trait) => `${renderer} ${trait}`),
    );
    expect(lost).toEqual([
      "network-manager dhcpWithoutRoutes",
      "network-manager otherFamilyDefaultRoute",
      "network-manager otherFamilyNameServers",
      "network-manager dhcpIpv6NameServers",
      "sysconfig dhcpWithoutRoutes",
      "sysconfig otherFamilyDefaultRoute",
      "eni dhcpWithoutRoutes",
      "eni dhcpNameServers",
      "eni otherFamilyNameServers",
      "eni dhcpIpv6NameServers",
    ]);
    const counts = lost.map((each) => {
      const [renderer = "", trait = ""] = each.split(" ");
      return findingsOf({
        ...(specNeeding[trait] ?? vmSpec([])),
        guest: { renderer: renderer as GuestRenderer },
      }).filter(({ code }) => code.startsWith("GUEST_LOSES_")).length;
    });
    expect(counts.filter((count) => count === 0)).toEqual([]);
  });
});
