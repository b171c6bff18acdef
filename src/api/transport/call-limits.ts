// Limits on the calls in flight, so that calls which never send their message take neither memory nor service from others.
import type { ConnectError } from "@connectrpc/connect";
import { tooManyCalls, unavailable } from "./errors.ts";

export interface CallLimitOptions {
  /** Calls in flight on all connections, streams included. */
  readonly maxCalls: number;
  /** How long a client may take to send the message of a call. */
  readonly messageTimeoutMs: number;
}

/** The defaults of CallLimitOptions. */
export const callLimitDefaults: CallLimitOptions = { maxCalls: 2_000, messageTimeoutMs: 10_000 };

/** A call from its start to the end of its answer. */
export interface CallInFlight {
  /** Why the call is refused, before any byte of its body is read; undefined if it is not. */
  readonly refusal: ConnectError | undefined;
  /** True once the call was refused or took too long to send: its upload is cut when it has its answer. */
  readonly isCut: () => boolean;
  /**
   * The body as it arrives. `timed`: it must end within the message timeout.
   * @throws ConnectError UNAVAILABLE when it does not, RESOURCE_EXHAUSTED when its place is given to another call.
   */
  receive(body: AsyncGenerator<Uint8Array>, timed: boolean): AsyncGenerator<Uint8Array>;
  /** Must be called once the answer is sent or has broken off. */
  end(): void;
}

export interface CallLimits {
  /**
   * Begins a call on that connection. When there are too many, the connection with the most calls that are still sending
   * loses the one that began first; if that is this connection, the new call is refused.
   */
  begin(connection: object): CallInFlight;
}

const retryAfterMs = 1_000;

export function createCallLimits({ maxCalls, messageTimeoutMs }: CallLimitOptions): CallLimits {
  let inFlight = 0;
  /** By connection, in the order in which they began: how to end each call whose body has not ended. */
  const sending = new Map<object, Set<(reason: ConnectError) => void>>();

  /** Makes room by ending a call of another connection. False: there is none to end. */
  const makeRoom = (connection: object): boolean => {
    let busiest: Set<(reason: ConnectError) => void> | undefined;
    for (const calls of sending.values()) if (calls.size > (busiest?.size ?? 0)) busiest = calls;
    const [oldest] = busiest ?? [];
    if (oldest === undefined || busiest === undefined) return false;
    if (busiest.size <= (sending.get(connection)?.size ?? 0)) return false;
    oldest(tooManyCalls(retryAfterMs, maxCalls));
    return true;
  };

  return {
    begin(connection) {
      if (inFlight >= maxCalls && !makeRoom(connection)) return refused(tooManyCalls(retryAfterMs, maxCalls));
      inFlight += 1;
      const cut = Promise.withResolvers<never>();
      // A call that has sent its message no longer waits for this.
      cut.promise.catch(() => undefined);
      let isCut = false;
      let counts = true;
      const stopCounting = (): void => {
        if (counts) inFlight -= 1;
        counts = false;
      };
      const cutOff = (reason: ConnectError): void => {
        isCut = true;
        received();
        stopCounting();
        cut.reject(reason);
      };
      const received = (): void => {
        const calls = sending.get(connection);
        calls?.delete(cutOff);
        if (calls?.size === 0) sending.delete(connection);
      };
      sending.set(connection, (sending.get(connection) ?? new Set()).add(cutOff));
      return {
        refusal: undefined,
        isCut: () => isCut,
        async *receive(body, timed) {
          const timer = timed
            ? setTimeout(() => cutOff(messageTimedOut(messageTimeoutMs)), messageTimeoutMs)
            : undefined;
          try {
            for (;;) {
              const next = await Promise.race([body.next(), cut.promise]);
              if (next.done === true) return;
              yield next.value;
            }
          } finally {
            clearTimeout(timer);
            received();
            // Not awaited: it waits for the next chunk, which may never arrive. Whoever reads has the reason already.
            body.return(undefined).catch(() => undefined);
          }
        },
        end() {
          received();
          stopCounting();
        },
      };
    },
  };
}

function refused(refusal: ConnectError): CallInFlight {
  return { refusal, isCut: () => true, receive: (body) => body, end: () => undefined };
}

function messageTimedOut(timeoutMs: number): ConnectError {
  return unavailable(retryAfterMs, {
    reason: "MESSAGE_TIMEOUT",
    message: `the message of the call did not arrive within ${timeoutMs} ms`,
    metadata: { timeoutMs: String(timeoutMs) },
  });
}
