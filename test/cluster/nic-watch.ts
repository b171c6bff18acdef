// A reader of the stream of NIC states: keeps the last state of each NIC, and waits for a condition.
import type { Client } from "@connectrpc/connect";
import type { InterfaceStatusService } from "../../gen/multinic/v1/interface_status_service_pb.ts";
import type { InterfaceStatus } from "../../gen/multinic/v1/virtual_machine_pb.ts";

/** The NICs of one VM by name, as the stream reports them. */
export type Nics = ReadonlyMap<string, InterfaceStatus>;

export interface NicWatch extends AsyncDisposable {
  /** Resolves with the NICs as soon as the condition holds. @throws an error with the last state. */
  until(condition: (nics: Nics) => boolean): Promise<Nics>;
}

/** A live migration on a real control plane takes half a minute to begin. */
const patienceMs = 60_000;

/** Opens a stream for one VM. */
export function watchNics(
  service: Client<typeof InterfaceStatusService>,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): NicWatch {
  const nics = new Map<string, InterfaceStatus>();
  const looks = new Set<() => void>();
  const stopping = new AbortController();
  let ended: unknown;

  async function read(): Promise<void> {
    const request = { namespaces: [namespace], vmNames: [name] };
    for await (const { event } of service.watchInterfaceStatus(request, { signal: stopping.signal })) {
      if (event.case === "snapshot") {
        for (const status of event.value.interfaces) nics.set(status.nic, status);
      }
      if (event.case === "changes") {
        for (const status of event.value.updated) nics.set(status.nic, status);
        for (const { nic } of event.value.removed) nics.delete(nic);
      }
      // A snapshot may come in parts; only `synced` says that it is whole.
      if (event.case === "synced" || event.case === "changes") for (const look of looks) look();
    }
  }
  const reading = read().catch((error: unknown) => {
    ended = error;
    for (const look of looks) look();
  });

  return {
    async until(condition) {
      const { promise, resolve, reject } = Promise.withResolvers<Nics>();
      const look = (): void => {
        if (condition(nics)) resolve(new Map(nics));
        else if (ended !== undefined) reject(ended instanceof Error ? ended : new Error("the stream ended"));
      };
      const told = (): string =>
        [...nics.values()].map(({ nic, reason, message }) => `${nic} ${reason}: ${message}`).join("; ");
      const timer = setTimeout(() => {
        reject(new Error(`the condition did not hold within ${patienceMs} ms; last state: ${told()}`));
      }, patienceMs);
      looks.add(look);
      look();
      try {
        return await promise;
      } finally {
        looks.delete(look);
        clearTimeout(timer);
      }
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await reading;
    },
  };
}
