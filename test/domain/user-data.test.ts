// How cloud-init treats user-data, as far as the NICs depend on it.
import { assert, property, string } from "fast-check";
import { describe, it } from "vitest";
import { nmstateBoothook, withBoothook, withoutBoothook } from "../../src/domain/guest/boothook.ts";
import { readUserData } from "../../src/domain/guest/user-data.ts";

const boot = "updates: {network: {when: [boot]}}\n";

describe("user-data together with a boothook", () => {
  const boothook = nmstateBoothook("interfaces: []\n");

  it.for([
    ["a cloud-config", "#cloud-config\nusers: []\n"],
    ["several parts", 'Content-Type: multipart/mixed; boundary="x"\n\n--x\n\nhello\n--x--\n'],
    ["none at all", ""],
    ["text with Windows line ends and umlauts", "#!/bin/sh\r\necho Grüße\r\n"],
  ] as const)("is found again: %s", ([, text], { expect }) => {
    expect(withoutBoothook(withBoothook(text, boothook))).toBe(text);
  });

  it("is found again whatever it is", ({ expect }) => {
    assert(
      property(string({ unit: "grapheme" }), (text) => {
        expect(withoutBoothook(withBoothook(text, boothook))).toBe(text);
      }),
    );
  });

  it("is none for the boothook alone, and itself without a boothook", ({ expect }) => {
    expect(withoutBoothook(boothook)).toBeUndefined();
    expect(withoutBoothook("#cloud-config\n")).toBe("#cloud-config\n");
  });
});

describe("user-data", () => {
  it.for([
    ["a cloud-config that says so", `#cloud-config\n${boot}`, true],
    ["a cloud-config with Windows line ends", `#cloud-config\r\n${boot}`, true],
    [
      "a cloud-config that says boot-new-instance",
      "#cloud-config\nupdates: {network: {when: [boot-new-instance]}}\n",
      false,
    ],
    ["a cloud-config with nothing under updates", "#cloud-config\nupdates:\n", false],
    ["an empty cloud-config", "#cloud-config\n", false],
    ["a script with the same words", `#!/bin/sh\n# ${boot}`, false],
  ] as const)("lets later network-configs through or not: %s", ([, text, follows], { expect }) => {
    expect(readUserData(text).followsNetwork).toBe(follows);
  });

  it.for([
    ["a cloud-config without its first line", "users: []\n"],
    ["a space before the first line", ` #cloud-config\n${boot}`],
    ["broken YAML", "#cloud-config\nusers: [\n"],
    ["a list", "#cloud-config\n- users\n"],
  ] as const)("is ignored: %s", ([, text], { expect }) => {
    expect(readUserData(text).ignored).toBeDefined();
  });

  it.for([
    ["a cloud-config", "#cloud-config\nusers: []\n"],
    ["a script", "#!/bin/sh\n"],
    ["a list of others", "#include\nhttps://config.example/base\n"],
    ["several parts", "Content-Type: multipart/mixed; boundary=x\n"],
    ["a template", "## template: jinja\n#cloud-config\n"],
    ["one for Windows", "#ps1_sysnative\n"],
  ] as const)("is accepted: %s", ([, text], { expect }) => {
    expect(readUserData(text).ignored).toBeUndefined();
  });

  it.for([
    ["a network key", "#cloud-config\nnetwork: {version: 2}\n", "the key `network`"],
    [
      "a netplan file",
      "#cloud-config\nwrite_files: [{path: /etc/netplan/60-x.yaml}]\n",
      "/etc/netplan/60-x.yaml",
    ],
    [
      "a NetworkManager file",
      "#!/bin/sh\ncat > /etc/NetworkManager/system-connections/x\n",
      "/etc/NetworkManager/system-connections/x",
    ],
    ["an ENI file", "#!/bin/sh\nvi /etc/network/interfaces\n", "/etc/network/interfaces"],
    ["another file", "#cloud-config\nwrite_files: [{path: /etc/motd}]\n", undefined],
    ["a user called network", "#cloud-config\nusers: [network]\n", undefined],
  ] as const)("configures networks itself or not: %s", ([, text, what], { expect }) => {
    expect(readUserData(text).configuresNetwork).toBe(what);
  });

  it("may have a key twice, of which cloud-init takes the last", ({ expect }) => {
    const reading = readUserData("#cloud-config\npackages: [a]\npackages: [b]\n");
    expect(reading).toMatchObject({ ignored: undefined, unread: undefined });
  });

  it("may follow the network by an alias", ({ expect }) => {
    const text = "#cloud-config\nx: &w [boot]\nupdates: {network: {when: *w}}\n";
    expect(readUserData(text).followsNetwork).toBe(true);
  });

  it.for([
    [
      "aliases of aliases",
      Array.from({ length: 30 }, (_, i) => `k${i}: &k${i} [*k${i - 1}, *k${i - 1}]`).join("\n"),
    ],
    ["many aliases", `a: &a 1\nb: [${"*a, ".repeat(2_000)}1]`],
    ["an alias of itself", "updates: &u {network: *u}"],
  ])("is read without its aliases being followed: %s", ([, text], { expect }) => {
    const reading = readUserData(`#cloud-config\nk-1: &k-1 1\n${text}\n`);
    expect(reading).toMatchObject({ ignored: undefined, unread: undefined, followsNetwork: false });
  });

  it("is not read if parsing it would take too long", ({ expect }) => {
    expect(readUserData(`#cloud-config\n${"a: 1\n".repeat(10_000)}`).unread).toContain("20000 YAML tokens");
    expect(readUserData(`#cloud-config\n${"%TAG ! x\n".repeat(200)}`).unread).toContain(
      "100 YAML directives",
    );
  });
});
