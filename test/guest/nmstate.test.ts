// NMState desired state: the same networks as in the network-config, in nmstate's form, delivered by a boothook.
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "vitest";
import { parse } from "yaml";
import { nmstateBoothook, nmstatePath } from "../../src/domain/guest/boothook.ts";
import { compileNmstate, nmstateText } from "../../src/domain/guest/nmstate.ts";
import { vmSpec } from "../domain/specs.ts";
import { guestCase, guestCases } from "./guest-specs.ts";
import { notNmstate } from "./nmstate-keys.ts";
import { programsMissing, withCloudInit } from "./programs.ts";
import { readNetworkConfigText } from "./read-network-config.ts";
import { readNmstate } from "./read-nmstate.ts";
import { surprises } from "./surprises.ts";

const seed = Date.now() % 2 ** 31;
const cases = guestCases(seed);

describe("NMState desired state", () => {
  it("configures every NIC as requested, and as the network-config does", ({ expect }) => {
    const all = { isLost: () => false, met: () => undefined };
    for (const { nics, data } of cases) {
      const configured = readNmstate(nmstateText(compileNmstate(nics, "main")));
      expect(surprises(configured, nics, all)).toEqual([]);
      // Name servers are the host's here and the NIC's there; the order of addresses means nothing.
      const comparable = (nic: (typeof configured)[number]) => ({
        ...nic,
        addresses: nic.addresses.toSorted(),
        dns: [],
        search: [],
      });
      const byCloudInit = readNetworkConfigText(data["networkdata"] ?? "");
      expect(configured.map(comparable)).toEqual(byCloudInit.map(comparable));
      const union = (list: (nic: (typeof configured)[number]) => readonly string[]) =>
        [...new Set(byCloudInit.flatMap(list))].toSorted();
      expect([...(configured[0]?.dns ?? [])].toSorted()).toEqual(union(({ dns }) => dns));
      expect([...(configured[0]?.search ?? [])].toSorted()).toEqual(union(({ search }) => search));
    }
    console.info(`network-config and NMState compared for ${cases.length} VMs, seed ${seed}`);
  });

  it("has no key that nmstate does not know, with and without source-based rules", ({ expect }) => {
    for (const { nics } of cases) {
      for (const routing of ["main", "policy"] as const) {
        expect(notNmstate(parse(nmstateText(compileNmstate(nics, routing))))).toEqual([]);
      }
    }
    expect(notNmstate({ desired: { interfaces: [{ name: "eth0", vlan: 7 }] } })).toEqual([
      ".capture is not a mapping",
      ".desired.interfaces[0].vlan is not known",
    ]);
  });

  it("has the tables and rules of source-based routing", ({ expect }) => {
    const nic = { name: "eth0", ipConfig: { address: "192.0.2.10/24", gateway: "192.0.2.1" } };
    const found = guestCase(vmSpec([nic], { routing: "policy", guestConfig: "nmstate" }));
    const { desired } = compileNmstate(found?.nics ?? [], "policy");
    expect(desired.routes?.config.map((route) => route["table-id"])).toEqual([undefined, 1000]);
    expect(desired["route-rules"]?.config.map((rule) => rule["route-table"])).toEqual([254, 1000]);
  });

  it("is written unchanged by the boothook, which then asks nmstate.service to apply it", ({ expect }) => {
    const folder = mkdtempSync(join(tmpdir(), "boothook-"));
    try {
      writeFileSync(join(folder, "systemctl"), `#!/bin/sh\necho "$@" >${folder}/asked\n`);
      chmodSync(join(folder, "systemctl"), 0o755);
      for (const { nics } of cases.slice(0, 20)) {
        const document = nmstateText(compileNmstate(nics, "main"));
        const script = nmstateBoothook(document).replaceAll("/etc/nmstate", `${folder}/nmstate`);
        execFileSync("/bin/sh", ["-e"], { input: script, env: { PATH: `${folder}:${process.env["PATH"]}` } });
        expect(readFileSync(nmstatePath.replace("/etc", folder), "utf8")).toBe(document);
        expect(readFileSync(join(folder, "asked"), "utf8")).toBe("--no-block restart nmstate.service\n");
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

const mime = [
  'Content-Type: multipart/mixed; boundary="=="',
  "MIME-Version: 1.0",
  "",
  "--==",
  'Content-Type: text/x-shellscript; charset="us-ascii"',
  "",
  "#!/bin/sh",
  "echo theirs",
  "--==--",
  "",
].join("\n");

describe.skipIf(programsMissing !== undefined)(
  `user-data, read by cloud-init ${programsMissing ?? ""}`,
  () => {
    const texts: readonly (readonly [string, string])[] = [
      ["a cloud-config", "#cloud-config\nusers:\n  - name: zoë\n    passwd: 'a: b'\n"],
      ["a cloud-config with boothooks of its own", "#cloud-config\nbootcmd: [[true]]\nwrite_files: []\n"],
      ["a script with line ends of Windows", "#!/bin/sh\r\necho 1\r\n"],
      ["a template", "## template: jinja\n#cloud-config\nhostname: {{ v1.instance_id }}\n"],
      ["a text without an end of line", "#!/bin/sh\necho 1"],
      ["a MIME multipart", mime],
      ["a text of 100 kB", `#cloud-config\n# ${"x".repeat(100_000)}\n`],
    ];
    const dataOf = (text: string | undefined) =>
      guestCase(
        vmSpec([{ name: "eth0", ipConfig: { address: "192.0.2.10/24" } }], {
          guestConfig: "nmstate",
          ...(text === undefined ? {} : { userData: { text } }),
        }),
      )?.data ?? {};
    const alone = dataOf(undefined);
    const asked = programsMissing === undefined;
    const answer = (
      asked
        ? withCloudInit("user-data.py", {
            userData: [...texts.flatMap(([, text]) => [text, dataOf(text)["userdata"]]), alone["userdata"]],
            networkConfig: alone["networkdata"],
          })
        : { parts: [], disabled: true }
    ) as { parts: { type: string; content: string }[][]; disabled: boolean };
    const ours = answer.parts.at(-1)?.[0];

    it.for(texts.map(([what], index) => ({ what, index })))(
      "is unchanged, byte for byte, with the boothook beside it: $what",
      ({ index }, { expect }) => {
        const [theirs, together] = answer.parts.slice(index * 2);
        expect(theirs?.length).toBe(1);
        expect(together).toEqual([...(theirs ?? []), ours]);
      },
    );

    it("is a boothook if the caller gives no user-data", ({ expect }) => {
      expect(answer.parts.at(-1)?.map(({ type }) => type)).toEqual(["text/cloud-boothook"]);
      expect(Buffer.from(ours?.content ?? "", "base64").toString()).toBe(alone["userdata"]);
    });

    it("comes with a network-config that turns cloud-init's own networks off", ({ expect }) => {
      expect(answer.disabled).toBe(true);
    });
  },
);
