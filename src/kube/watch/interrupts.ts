// Ends the open watch of one collection from outside, for what the watch itself cannot notice.

/** Why; see WatchEnding. */
export type InterruptReason = "restored" | "mismatched" | "lost";

/** The watch was ended, because of something that it cannot notice itself. */
export class WatchInterrupted extends Error {
  override readonly name = "WatchInterrupted";
  readonly reason: InterruptReason;

  constructor(reason: InterruptReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

export interface Interrupts {
  /** Ends the open watch with this error. Without a watch, nothing happens. */
  interrupt(error: unknown): void;
  /**
   * Runs a watch with a signal that is aborted by an interruption or by `outer`.
   * @throws the error of the interruption, or what the watch throws.
   */
  during(outer: AbortSignal, watch: (signal: AbortSignal) => Promise<void>): Promise<void>;
}

export function createInterrupts(): Interrupts {
  let present: ((error: unknown) => void) | undefined;
  return {
    interrupt(error) {
      present?.(error);
    },
    async during(outer, watch) {
      const own = new AbortController();
      const stop = (): void => own.abort(outer.reason);
      if (outer.aborted) stop();
      outer.addEventListener("abort", stop, { once: true });
      let interruption: { readonly error: unknown } | undefined;
      present = (error) => {
        interruption ??= { error };
        own.abort(error);
      };
      try {
        await watch(own.signal);
      } catch (error) {
        throw interruption === undefined || outer.aborted ? error : interruption.error;
      } finally {
        present = undefined;
        outer.removeEventListener("abort", stop);
      }
    },
  };
}
