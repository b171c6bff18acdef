// The events of a watch on their way through the fault proxy, one line each, with at most one fault.
import type { EventFault } from "./fault.ts";

export interface LineSink {
  write(text: string): void;
  end(): void;
  reset(): void;
  /** Closes the connection after what is written. */
  cut(): void;
}

/** Passes the lines on until they end or the fault ends the watch. */
export async function passEvents(
  lines: AsyncIterable<string>,
  sink: LineSink,
  fault: EventFault | undefined,
): Promise<void> {
  let count = 0;
  let held = "";
  for await (const line of lines) {
    if (fault !== undefined && concerns(line, fault)) count += 1;
    const struck = fault !== undefined && count === (fault.nth ?? 1) && concerns(line, fault);
    if (!struck) {
      sink.write(`${line}\n${held}`);
      held = "";
      continue;
    }
    if (fault.how === "swap") held = `${line}\n`;
    else if (fault.how === "wait") {
      await fault.until;
      sink.write(`${line}\n`);
    } else if (!play(fault.how, line, sink)) return;
  }
  if (held !== "") sink.write(held);
  sink.end();
}

function concerns(line: string, { type }: EventFault): boolean {
  const actual = /^\{"type":"([A-Z]+)"/.exec(line)?.[1];
  return type === undefined ? actual !== "BOOKMARK" : actual === type;
}

/** False if the watch is over. */
function play(how: Exclude<EventFault["how"], "swap" | "wait">, line: string, sink: LineSink): boolean {
  const half = line.slice(0, Math.floor(line.length / 2));
  if (how === "duplicate") sink.write(`${line}\n${line}\n`);
  if (how === "garble") sink.write("{]\n");
  if (how === "cut" || how === "truncate") sink.write(half);
  if (how === "end" || how === "truncate") sink.end();
  if (how === "reset") sink.reset();
  if (how === "cut") sink.cut();
  return how === "duplicate" || how === "garble" || how === "drop";
}
