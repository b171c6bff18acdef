// The four documents of examples/, from the file to NICs that are Up, their guest configuration and their metrics.
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, it } from "vitest";
import { parse } from "yaml";
import { AddressOrigin } from "../../gen/multinic/v1/virtual_machine_pb.ts";
import { readDocument } from "../../src/domain/document/read-document.ts";
import { deriveMac } from "../../src/domain/mac.ts";
import { secretNameOf } from "../../src/domain/objects/ownership.ts";
import type { VmSpec } from "../../src/domain/spec.ts";
import { secrets } from "../../src/kube/resource.ts";
import { allUp, nicOf, startStand, type Stand } from "./stand.ts";

async function example(file: string, namespace: string): Promise<VmSpec> {
  const text = await readFile(new URL(`../../examples/${file}`, import.meta.url), "utf8");
  const { spec, findings } = readDocument(text, { namespace });
  if (spec === undefined || findings.length > 0) throw new Error(JSON.stringify(findings));
  return spec;
}

describe.concurrent("the documents of examples/", () => {
  let stand: Stand;
  beforeAll(async () => {
    stand = await startStand();
  });
  afterAll(async () => await stand.stop());

  /** A row: the addresses of the static NICs in order, undefined for DHCP, and the expected finding codes. */
  const documents: readonly (readonly [string, readonly (string | undefined)[], readonly string[]])[] = [
    ["3.2-three-networks.yaml", [undefined, "10.0.1.100", "192.168.1.100"], ["REPLY_ASYMMETRIC"]],
    ["6.1-basic.yaml", [undefined, "10.0.1.100"], []],
    ["6.2-routes.yaml", [undefined, "10.0.1.100"], []],
    ["6.3-multi-vlan.yaml", [undefined, "192.168.100.100", "192.168.200.100"], []],
  ];

  it.for(documents)(
    "%s gives NICs that are Up as requested",
    async ([file, addresses, codes], { expect }) => {
      const spec = await example(file, await stand.namespace());
      await using watch = stand.watch(spec);
      const applied = await stand.apply(spec);
      expect(applied.written).toBe(true);
      // The documents have an address in common, and each is in a namespace of its own.
      const found = applied.findings.filter(({ code }) => code !== "ADDRESS_IN_USE_ELSEWHERE");
      expect(found.map(({ code }) => code)).toEqual(codes);

      const nics = await watch.until(allUp(addresses.length));

      for (const [index, address] of addresses.entries()) {
        const name = `eth${index}`;
        const nic = nicOf(nics, name);
        expect(nic.guestInterface).toBe(name);
        const promised = deriveMac({ namespace: spec.namespace, vm: spec.name, nic: name }, () => false);
        expect(nic.macAddress).toBe(promised);
        expect(applied.networks[index]?.macAddress).toBe(promised);
        const global = nic.addresses
          .filter(({ origin }) => origin !== AddressOrigin.LINK_LOCAL)
          .map((of) => of.address);
        expect(global).toEqual(
          address === undefined ? [expect.stringMatching(/^\d+(\.\d+){3}$/)] : [address],
        );
        expect(nic.primary).toBe(index === 0);
      }
    },
  );

  it("6.2-routes.yaml gives the guest its route", async ({ expect }) => {
    const spec = await example("6.2-routes.yaml", await stand.namespace());
    await stand.apply(spec);

    const { namespace, name } = spec;
    const secret = await stand.target.client.get(secrets, { namespace, name: secretNameOf(name) });
    const text = Buffer.from(secret.data?.["networkdata"] ?? "", "base64").toString();
    expect(parse(text)).toMatchObject({
      version: 2,
      ethernets: {
        eth1: { routes: [{ to: "192.168.0.0/16", via: "10.0.1.1", metric: 100 }] },
      },
    });
  });

  it("3.2-three-networks.yaml has metrics in Prometheus", async ({ expect }) => {
    const spec = await example("3.2-three-networks.yaml", await stand.namespace());
    await using watch = stand.watch(spec);
    await stand.apply(spec);
    const nics = await watch.until(allUp(3));

    const labels = (nic: string): string => `namespace="${spec.namespace}",vm="${spec.name}",nic="${nic}"`;
    const lines = await scrape(stand.url);
    for (const { nic, macAddress, guestInterface, node } of nics.values()) {
      for (const [state, value] of [
        ["Up", 1],
        ["Down", 0],
        ["Unknown", 0],
      ] as const) {
        expect(lines).toContain(`multinic_interface_state{${labels(nic)},state="${state}"} ${value}`);
      }
      expect(lines).toContainEqual(expect.stringContaining(`multinic_interface_info{${labels(nic)},`));
      const info = lines.find((line) => line.startsWith(`multinic_interface_info{${labels(nic)},`)) ?? "";
      for (const label of [`mac="${macAddress}"`, `guest_interface="${guestInterface}"`, `node="${node}"`]) {
        expect(info).toContain(label);
      }
      expect(info.endsWith(" 1")).toBe(true);
    }
    // virt-handler is scraped every five seconds.
    const patience = { timeout: 15_000 };
    const received = async (): Promise<readonly number[]> =>
      await receivedBytes(stand.url, [...nics.keys()].map(labels));
    await expect.poll(received, patience).toHaveLength(3);
    const first = await received();
    await expect
      .poll(async () => (await received()).every((bytes, at) => bytes > (first[at] ?? 0)), patience)
      .toBe(true);
  });
});

async function scrape(url: string): Promise<readonly string[]> {
  const answer = await fetch(`${url}/metrics`);
  return (await answer.text()).split("\n");
}

/** The value of each NIC that has one. */
async function receivedBytes(url: string, nics: readonly string[]): Promise<readonly number[]> {
  const lines = await scrape(url);
  return nics.flatMap((labels) => {
    const start = `multinic_interface_receive_bytes_total{${labels}} `;
    const line = lines.find((candidate) => candidate.startsWith(start));
    return line === undefined ? [] : [Number(line.slice(start.length))];
  });
}
