// How much goes into one message: gRPC clients accept 4 MiB by default, and a message that is longer ends their call.

/** Half of what clients accept: the sizes of items are measured without what is around them. */
export const maxMessageBytes = 2 * 1024 * 1024;

/** Tag and length of one item. */
const frameBytes = 6;

export interface MessageRoom {
  /** False if the item does not fit. The first one always fits. */
  take(bytes: number): boolean;
}

export function createMessageRoom(maxItems: number): MessageRoom {
  let items = 0;
  let used = 0;
  return {
    take(bytes) {
      const after = used + bytes + frameBytes;
      if (items > 0 && (items >= maxItems || after > maxMessageBytes)) return false;
      items += 1;
      used = after;
      return true;
    },
  };
}
