// Answers to calls beyond the limit. There may be thousands of them, so each protocol's form of the answer is made once.
import {
  type ConnectError,
  type ConnectRouter,
  createContextKey,
  createContextValues,
  type HandlerContext,
} from "@connectrpc/connect";
import { universalRequestFromNodeRequest } from "@connectrpc/connect-node";
import type { UniversalServerResponse } from "@connectrpc/connect/protocol";
import type { HttpRequest, HttpResponse } from "./http-types.ts";
import type { TransportLog } from "./transport-log.ts";
import { writeResponse } from "./write-response.ts";

type Rpc = ConnectRouter["handlers"][number];

interface Refusal {
  readonly error: ConnectError;
  /** False if the call was answered before it came to the gate, such as one of an unknown content type. */
  reachedGate: boolean;
}

const refusal = createContextKey<Refusal | undefined>(undefined, { description: "why the call is refused" });

/** The first gate of every call. @throws ConnectError for a call that `createRefusedCalls` answers. */
export function refuseAtGate({ values }: HandlerContext): void {
  const given = values.get(refusal);
  if (given === undefined) return;
  given.reachedGate = true;
  throw given.error;
}

/** An answer with its body as it was read. */
interface RecordedAnswer {
  readonly answer: UniversalServerResponse;
  readonly chunks: readonly Uint8Array[];
}

/** Forms of the answer: by content type and kind of method, of which clients may invent more. */
const mostRecorded = 50;
const logEveryMs = 1_000;

/**
 * Returns a function that answers a call without reading its body. The error must be the same each time. Logs how many
 * calls it answered, at most once in a second.
 */
export function createRefusedCalls(log: TransportLog) {
  const recorded = new Map<string, RecordedAnswer>();
  let unlogged = 0;
  let lastLogged = -Infinity;

  const count = (): void => {
    unlogged += 1;
    const now = performance.now();
    if (now - lastLogged < logEveryMs) return;
    log.warn({ refused: unlogged }, "calls refused, because too many are in flight");
    [unlogged, lastLogged] = [0, now];
  };

  return async (
    rpc: Rpc,
    request: HttpRequest,
    response: HttpResponse,
    error: ConnectError,
  ): Promise<void> => {
    count();
    const key = `${request.method} ${request.headers["content-type"]} ${rpc.method.methodKind}`;
    const known = recorded.get(key);
    if (known !== undefined) return writeResponse({ ...known.answer, body: each(known.chunks) }, response);
    const given: Refusal = { error, reachedGate: false };
    const values = createContextValues().set(refusal, given);
    const call = universalRequestFromNodeRequest(request, response, undefined, values);
    const answer = await rpc({ ...call, body: each([]) });
    const chunks: Uint8Array[] = [];
    for await (const chunk of answer.body ?? each([])) chunks.push(chunk);
    if (given.reachedGate && recorded.size < mostRecorded) recorded.set(key, { answer, chunks });
    await writeResponse({ ...answer, body: each(chunks) }, response);
  };
}

async function* each(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}
