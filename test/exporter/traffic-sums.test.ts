// Sums over the domains of a NIC: they never decrease, and are right across restarts and migrations.
import { array, assert, constantFrom, nat, oneof, property, record } from "fast-check";
import { describe, it } from "vitest";
import { createTrafficSums } from "../../src/exporter/traffic-sums.ts";
import type { TrafficCounter } from "../../src/exporter/traffic.ts";

const key = { namespace: "shop", vm: "web", nic: "eth0" };
const reading = (node: string, counters: Partial<Record<TrafficCounter, bigint>>) => ({
  ...key,
  node,
  counters: new Map(Object.entries(counters) as [TrafficCounter, bigint][]),
});

/** Seconds, node, and the bytes and packets that it reports. */
type Scrape = readonly [seconds: number, node: string, bytes: bigint, packets: bigint];

describe("the sum of a NIC's traffic", () => {
  it.for<readonly [string, readonly Scrape[], readonly bigint[]]>([
    [
      "grows with the domain",
      [
        [0, "a", 100n, 1n],
        [5, "a", 150n, 2n],
      ],
      [100n, 150n],
    ],
    [
      "stays while nothing moves",
      [
        [0, "a", 100n, 1n],
        [5, "a", 100n, 1n],
      ],
      [100n, 100n],
    ],
    [
      "goes on over a restart on the same node",
      [
        [0, "a", 100n, 9n],
        [5, "a", 30n, 1n],
        [10, "a", 40n, 2n],
      ],
      [100n, 130n, 140n],
    ],
    [
      "sees a restart by any counter that is smaller",
      [
        [0, "a", 100n, 9n],
        [5, "a", 120n, 1n],
      ],
      [100n, 220n],
    ],
    [
      "goes on over a migration",
      [
        [0, "a", 100n, 9n],
        [5, "b", 10n, 1n],
        [10, "b", 30n, 2n],
      ],
      [100n, 110n, 130n],
    ],
    [
      "counts nothing twice while both nodes report",
      [
        [0, "a", 100n, 9n],
        [5, "b", 10n, 1n],
        [6, "a", 105n, 9n],
        [10, "b", 20n, 2n],
        [11, "a", 105n, 9n],
        [15, "b", 30n, 3n],
      ],
      [100n, 110n, 115n, 125n, 125n, 135n],
    ],
    [
      "counts a domain that came back to its first node as a new one, also when it has grown past the old figure",
      [
        [0, "a", 100n, 9n],
        [5, "b", 10n, 1n],
        [40, "b", 50n, 5n],
        [45, "a", 200n, 20n],
      ],
      [100n, 110n, 150n, 350n],
    ],
    [
      "counts nothing twice after an hour without a scrape",
      [
        [0, "a", 100n, 9n],
        [3_600, "a", 170n, 10n],
      ],
      [100n, 170n],
    ],
  ])("%s", ([, scrapes, sums], { expect }) => {
    const traffic = createTrafficSums();
    const seen = scrapes.map(([seconds, node, receive_bytes, receive_packets]) => {
      traffic.add(reading(node, { receive_bytes, receive_packets }), seconds * 1_000);
      return traffic.get(key)?.receive_bytes;
    });
    expect(seen).toEqual(sums);
  });

  it("keeps a counter that is missing in a reading", ({ expect }) => {
    const traffic = createTrafficSums();
    traffic.add(reading("a", { receive_bytes: 5n, transmit_bytes: 7n }), 0);
    traffic.add(reading("a", { receive_bytes: 6n }), 5_000);
    expect(traffic.get(key)).toEqual({ receive_bytes: 6n, transmit_bytes: 7n });
  });

  it("is exact beyond the precision of a double", ({ expect }) => {
    const traffic = createTrafficSums();
    const large = 2n ** 60n + 1n;
    traffic.add(reading("a", { receive_bytes: large }), 0);
    traffic.add(reading("a", { receive_bytes: 1n }), 5_000);
    expect(traffic.get(key)).toEqual({ receive_bytes: large + 1n });
  });

  it("reports whether a reading changed anything", ({ expect }) => {
    const traffic = createTrafficSums();
    expect(traffic.add(reading("a", { receive_bytes: 5n }), 0)).toBe(true);
    expect(traffic.add(reading("a", { receive_bytes: 5n }), 5_000)).toBe(false);
    expect(traffic.add(reading("a", { receive_bytes: 5n, transmit_bytes: 0n }), 10_000)).toBe(true);
    expect(traffic.add(reading("a", { receive_bytes: 4n }), 15_000)).toBe(true);
  });

  it("is unknown for a NIC that was never seen or is forgotten", ({ expect }) => {
    const traffic = createTrafficSums();
    expect(traffic.get(key)).toBeUndefined();
    traffic.add(reading("a", { receive_bytes: 5n }), 0);
    traffic.forget(key);
    expect(traffic.get(key)).toBeUndefined();
  });

  it("F23: never decreases, whatever is read", ({ expect }) => {
    const anyReading = record({ node: constantFrom("a", "b", "c"), bytes: nat(10), pauseMs: nat(40_000) });
    assert(
      property(array(anyReading, { maxLength: 50, size: "max" }), (readings) => {
        const traffic = createTrafficSums();
        let nowMs = 0;
        let before = 0n;
        for (const { node, bytes, pauseMs } of readings) {
          nowMs += pauseMs;
          traffic.add(reading(node, { receive_bytes: BigInt(bytes) }), nowMs);
          const sum = traffic.get(key)?.receive_bytes ?? 0n;
          expect(sum).toBeGreaterThanOrEqual(before);
          before = sum;
        }
      }),
    );
  });

  const step = oneof(
    { weight: 8, arbitrary: record({ do: constantFrom("scrape" as const), bytes: nat(1_000) }) },
    { weight: 1, arbitrary: record({ do: constantFrom("restart" as const) }) },
    {
      weight: 1,
      arbitrary: record({ do: constantFrom("migrate" as const), node: constantFrom("a", "b", "c") }),
    },
    { weight: 1, arbitrary: record({ do: constantFrom("repeat" as const) }) },
  );

  it("is what all domains counted up to their last scrape, across restarts and migrations", ({ expect }) => {
    assert(
      property(array(step, { maxLength: 80, size: "max" }), (steps) => {
        const traffic = createTrafficSums();
        let nowMs = 0;
        let truth = 0n;
        let domain = { node: "a", bytes: 0n, packets: 0n };
        /** What the node that the VM has left may still repeat, for 12 s. */
        let left: (typeof domain & { readonly untilMs: number }) | undefined;
        const read = ({ node, bytes, packets }: typeof domain): void => {
          traffic.add(reading(node, { receive_bytes: bytes, receive_packets: packets }), nowMs);
        };
        for (const each of steps) {
          nowMs += 5_000;
          if (each.do === "scrape") {
            const bytes = BigInt(each.bytes);
            truth += bytes;
            domain = { ...domain, bytes: domain.bytes + bytes, packets: domain.packets + 1n };
            read(domain);
          } else if (each.do === "repeat") {
            if (left !== undefined && nowMs <= left.untilMs) read(left);
          } else if (domain.packets > 1n) {
            // A domain that was scraped once only looks like the next one, if that counts the same.
            const node = each.do === "migrate" ? each.node : domain.node;
            left = node === domain.node ? undefined : { ...domain, untilMs: nowMs + 12_000 };
            domain = { node, bytes: 0n, packets: 0n };
          }
          expect(traffic.get(key)?.receive_bytes ?? 0n).toBe(truth);
        }
      }),
      { numRuns: 300 },
    );
  });
});
