// What reaches the guest: Debian's cloud-init and netplan turn the compiled network-config into the guest's own files.
// Another version of cloud-init than Debian's: PYTHONPATH.
import { describe, it } from "vitest";
import { type GuestTrait, losses, traitsOf } from "../../src/domain/guest/renderers.ts";
import { loses } from "../support/loses.ts";
import { type GuestRenderer, guestRenderers } from "../../src/domain/spec.ts";
import { type GuestCase, guestCases } from "./guest-specs.ts";
import { type Converted, netConvert, netplanGenerate, programsMissing } from "./programs.ts";
import { readEni } from "./read-eni.ts";
import { readNetworkd } from "./read-networkd.ts";
import { readNetworkManager } from "./read-network-manager.ts";
import { readSysconfig } from "./read-sysconfig.ts";
import { surprises } from "./surprises.ts";
import type { GuestNic } from "./guest-nic.ts";

type Reader = (files: Readonly<Record<string, string>>) => readonly GuestNic[];
const readers: readonly (readonly [Exclude<GuestRenderer, "netplan">, Reader])[] = [
  ["networkd", readNetworkd],
  ["network-manager", readNetworkManager],
  ["sysconfig", readSysconfig],
  ["eni", readEni],
];

describe.skipIf(programsMissing !== undefined)(`the guest's files ${programsMissing ?? ""}`, () => {
  const seed = Date.now() % 2 ** 31;
  const cases = programsMissing === undefined ? guestCases(seed) : [];
  const jobs = cases.flatMap((found) =>
    guestRenderers.map((kind) => ({ found, kind, text: found.data["networkdata"] ?? "" })),
  );
  const { version, results } =
    jobs.length > 0
      ? netConvert(jobs.map(({ kind, text }) => ({ kind, text })))
      : { version: "", results: [] };
  const resultsOf = (kind: GuestRenderer): readonly { found: GuestCase; result: Converted }[] =>
    jobs.flatMap(({ found, kind: each }, index) => {
      const result = results[index];
      return each === kind && result !== undefined ? [{ found, result }] : [];
    });

  it.for(readers)(
    "%s gets everything that was requested for every NIC, except what the table of losses lists",
    ([kind, read], { expect }) => {
      const met = new Set<GuestTrait>();
      const isLost = (trait: GuestTrait) => loses(kind, trait, version);
      expect(resultsOf(kind)).toHaveLength(cases.length);
      for (const { found, result } of resultsOf(kind)) {
        const { spec, nics } = found;
        if ("error" in result) {
          // Only one loss makes a renderer fail as a whole.
          const needed = nics.flatMap((nic) => [...traitsOf(nic).keys()].filter(isLost));
          expect({ ...result, needed }).toMatchObject({
            needed: expect.arrayContaining(["otherFamilyDefaultRoute"]) as unknown,
          });
          continue;
        }
        const wrong = surprises(read(result.files), nics, { isLost, met: (trait) => met.add(trait) });
        if (wrong.length > 0) expect({ wrong, spec }).toEqual({ wrong: [] });
      }
      const inTable = Object.keys(losses[kind]).filter((trait) => trait !== "otherFamilyDefaultRoute");
      expect([...met]).toEqual(expect.arrayContaining(inTable));
    },
  );

  it("netplan accepts every document without a warning, and gets everything that was requested for every NIC", async ({
    expect,
  }) => {
    const queue = [...resultsOf("netplan")];
    const kept = { isLost: () => false, met: () => undefined };
    const judge = async (): Promise<void> => {
      for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
        const { found, result } = next;
        if ("error" in result) throw new Error(result.error);
        const { files, said } = await netplanGenerate(result.files);
        const wrong = surprises(readNetworkd(files), found.nics, kept);
        if (said !== "" || wrong.length > 0) expect({ said, wrong, spec: found.spec }).toEqual({ said: "" });
      }
    };
    expect(queue).toHaveLength(cases.length);
    await Promise.all([judge(), judge()]);
    expect(queue).toEqual([]);
    console.info(
      `cloud-init ${version}: ${cases.length} VMs by ${guestRenderers.length} renderers, seed ${seed}`,
    );
  }, 60_000);
});
