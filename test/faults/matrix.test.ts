// The faults F1 to F25 that a client of Kubernetes and a streaming service meet. A test that plays one has its number in the title,
// as in "F3: …". This test fails if a row loses its tests, or if a row that is said to have none has one.
import { readdir, readFile } from "node:fs/promises";
import { it } from "vitest";

interface Row {
  readonly fault: string;
  /** Why there is no test with this number. Without it, there is at least one. */
  readonly untested?: string;
}

const rows: Readonly<Record<string, Row>> = {
  F1: { fault: "API server restarts, the version is still kept" },
  F2: { fault: "API server restarts without its history, or with an older one" },
  F3: { fault: "connections that break at any byte, answers that are cut off, events out of order" },
  F4: { fault: "half-open connections, and an API server that vanishes" },
  F5: { fault: "429 with Retry-After" },
  F6: { fault: "5xx" },
  F7: { fault: "409: another manager owns a field" },
  F8: { fault: "409: two callers create the same object" },
  F9: { fault: "422 and 400" },
  F10: { fault: "403 on one of several kinds" },
  F11: {
    fault: "crash before and after each call of an operation",
    untested: "crash points are not enumerated yet",
  },
  F12: { fault: "some objects written, another refused", untested: "crash points are not enumerated yet" },
  F13: { fault: "VM deleted or replaced while it is applied", untested: "races are not enumerated yet" },
  F14: { fault: "token, CA or client certificate rotated" },
  F15: { fault: "slow reader of a stream" },
  F16: { fault: "many readers at once" },
  F17: { fault: "reader that vanishes without FIN" },
  F18: { fault: "SIGTERM with calls in flight" },
  F19: { fault: "event loop blocked, memory short", untested: "no load is shed" },
  F20: { fault: "clock jumps" },
  F21: { fault: "migration, absent guest agent: NICs that seem to move" },
  F22: { fault: "undecodable, huge or hostile JSON" },
  F23: { fault: "traffic counters that vanish or start again" },
  F24: { fault: "two replicas" },
  F25: { fault: "hours of load", untested: "needs hours; not part of npm test" },
};

const folder = new URL("../", import.meta.url);

/** How many test titles have each number. */
async function titles(): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for (const file of await readdir(folder, { recursive: true })) {
    if (!file.endsWith(".test.ts") || file.endsWith("matrix.test.ts")) continue;
    const text = await readFile(new URL(file, folder), "utf8");
    for (const [, ids = ""] of text.matchAll(/"((?:F\d+, )*F\d+): /g)) {
      for (const id of ids.split(", ")) counts.set(id, (counts.get(id) ?? 0) + 1);
    }
  }
  return counts;
}

it("each fault has a test with its number, or a reason why not", async ({ expect }) => {
  const counts = await titles();
  const tested = Object.keys(rows).filter((id) => rows[id]?.untested === undefined);
  expect([...counts.keys()].toSorted()).toEqual(tested.toSorted());
  const lines = Object.entries(rows).map(([id, { fault, untested }]) => {
    return `${id.padEnd(4)} ${untested ?? `${counts.get(id)} titles`} - ${fault}`;
  });
  // For the log of CI.
  console.log(`faults with tests: ${tested.length} of ${Object.keys(rows).length}\n${lines.join("\n")}`);
});
