// One write of a VM at a time in this process, in the order of the calls.
import { abortable } from "../kube/deadline.ts";

export interface Turns {
  /**
   * Resolves when every earlier turn with this key has ended, to the function that ends this one.
   * @throws the reason of the signal, if it is aborted first.
   */
  take(key: string, signal?: AbortSignal): Promise<() => void>;
  /** Keys with a turn that has not ended. */
  readonly size: number;
}

export function createTurns(): Turns {
  const last = new Map<string, Promise<void>>();
  return {
    get size() {
      return last.size;
    },
    async take(key, signal) {
      const before = last.get(key) ?? Promise.resolve();
      const { promise, resolve: end } = Promise.withResolvers<void>();
      // A caller that gives up ends its own turn only; the next one still waits for those before it.
      const mine = before.then(() => promise);
      last.set(key, mine);
      void mine.then(() => {
        if (last.get(key) === mine) last.delete(key);
      });
      try {
        await (signal === undefined ? before : abortable(before, signal));
      } catch (error) {
        end();
        throw error;
      }
      return end;
    },
  };
}
