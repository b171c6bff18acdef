// The state of a NIC while nothing is known of the present: what was known last, without a claim that it still holds.
import { type InterfaceStatus, verdict } from "./interface-status.ts";

/** Without a time since when it is stale. `lastContact`: the moment as of which `status` was known, RFC 3339. Everything but the state stays as last known. */
export function staleStatus(status: InterfaceStatus, lastContact: string): InterfaceStatus {
  const evidence = [{ source: "last contact with the API server", value: lastContact }, ...status.evidence];
  const lastKnown = ` (last known, at ${lastContact}: ${status.state}, ${status.reason})`;
  return { ...status, ...verdict("STALE", evidence, { detail: lastKnown }) };
}
