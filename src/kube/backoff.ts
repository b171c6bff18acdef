// Exponential backoff with full jitter.

export interface Backoff {
  /** Milliseconds to wait, uniform in [0, limit); the limit doubles with each call, up to the longest. */
  next(): number;
  /** Starts over at the shortest limit. */
  reset(): void;
}

/**
 * Full jitter, because many replicas lose the same API server at the same time
 * (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
 */
export function createBackoff(shortestMs: number, longestMs: number, random: () => number): Backoff {
  let limit = shortestMs;
  return {
    next() {
      const wait = random() * limit;
      limit = Math.min(limit * 2, longestMs);
      return wait;
    },
    reset() {
      limit = shortestMs;
    },
  };
}
