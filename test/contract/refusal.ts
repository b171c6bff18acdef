// The error of a call that must be refused.
import { ConnectError } from "@connectrpc/connect";

/** @throws Error if the call succeeds. */
export async function refusalOf(call: Promise<unknown>): Promise<ConnectError> {
  try {
    await call;
  } catch (error) {
    return ConnectError.from(error);
  }
  throw new Error("the call was not refused");
}
