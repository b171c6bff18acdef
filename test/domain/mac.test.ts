// MAC addresses: spellings, and derived addresses that stay the same.
import { describe, it } from "vitest";
import { asUnicast, deriveMac, isMulticast, normaliseMac } from "../../src/domain/mac.ts";

describe("normaliseMac()", () => {
  it.for(["02:00:5e:10:00:01", "02-00-5E-10-00-01", "0200.5e10.0001", "02005E100001", "02:00:5E:10:00:01"])(
    "reads %s",
    (text, { expect }) => {
      expect(normaliseMac(text)).toBe("02:00:5e:10:00:01");
    },
  );

  it.for([
    "",
    "02:00:5e:10:00",
    "02:00:5e:10:00:01:02:03",
    "02:00-5e:10:00:01",
    "02:00:5e:10:00:0g",
    "2:0:5e:10:0:1",
  ])("refuses %j", (text, { expect }) => {
    expect(normaliseMac(text)).toBeUndefined();
  });
});

describe("deriveMac()", () => {
  const nic = { namespace: "shop", vm: "web", nic: "eth0" };

  it("gives a NIC the same address every time, and another NIC a different one", ({ expect }) => {
    const mac = deriveMac(nic, () => false);
    expect(deriveMac({ ...nic }, () => false)).toBe(mac);
    expect(deriveMac({ ...nic, nic: "eth1" }, () => false)).not.toBe(mac);
  });

  it("is a locally administered unicast address", ({ expect }) => {
    const mac = deriveMac(nic, () => false);
    expect(normaliseMac(mac)).toBe(mac);
    expect(isMulticast(mac)).toBe(false);
    expect(Number.parseInt(mac.slice(0, 2), 16) & 2).toBe(2);
  });

  it("uses the next candidate if one is taken", ({ expect }) => {
    const first = deriveMac(nic, () => false);
    const second = deriveMac(nic, (mac) => mac === first);
    expect(second).not.toBe(first);
    expect(deriveMac(nic, (mac) => mac === first)).toBe(second);
  });
});

describe("multicast addresses", () => {
  it("are recognised and made unicast", ({ expect }) => {
    expect(isMulticast("03:00:5e:10:00:01")).toBe(true);
    expect(asUnicast("03:00:5e:10:00:01")).toBe("02:00:5e:10:00:01");
  });
});
