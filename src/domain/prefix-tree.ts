// Networks by their prefix, so that a search among thousands takes as long as an address has bits.
import type { Cidr, IpAddress, IpFamily } from "./ip.ts";

/** A value with its position in the order in which they were added. */
interface Entry<T> {
  readonly position: number;
  readonly value: T;
}

interface Node<T> {
  zero: Node<T> | undefined;
  one: Node<T> | undefined;
  /** The first entry with exactly this prefix. */
  here: Entry<T> | undefined;
  /** The first entry with this or a longer prefix. */
  below: Entry<T> | undefined;
}

const emptyNode = <T>(): Node<T> => ({ zero: undefined, one: undefined, here: undefined, below: undefined });

/** Networks of both families, each with a value. Of several that a search finds, it returns the one that was added first. */
export class PrefixTree<T> {
  readonly #roots: Readonly<Record<IpFamily, Node<T>>> = { 4: emptyNode(), 6: emptyNode() };
  #size = 0;

  constructor(entries: Iterable<readonly [Cidr, T]> = []) {
    for (const [network, value] of entries) this.add(network, value);
  }

  add({ address, prefixLength }: Cidr, value: T): void {
    const entry = { position: this.#size, value };
    this.#size += 1;
    const bytes = address.value.toByteArray();
    let node = this.#roots[address.family];
    node.below ??= entry;
    for (let depth = 0; depth < prefixLength; depth += 1) {
      const side = sideAt(bytes, depth);
      node = node[side] ??= emptyNode();
      node.below ??= entry;
    }
    node.here ??= entry;
  }

  /** The first network that contains the address; if given, of at least that prefix length. */
  containing(address: IpAddress, least = 0): T | undefined {
    return firstOf(this.#around(address, address.family === 4 ? 32 : 128, least))?.value;
  }

  /** The first network that contains all of the network, or is the same. */
  around({ address, prefixLength }: Cidr): T | undefined {
    return firstOf(this.#around(address, prefixLength, 0))?.value;
  }

  /** The network with the longest prefix that contains the address. */
  longest(address: IpAddress): T | undefined {
    let longest: Entry<T> | undefined;
    for (const entry of this.#around(address, address.family === 4 ? 32 : 128, 0)) longest = entry;
    return longest?.value;
  }

  /** The first network that shares an address with the network. */
  overlapping({ address, prefixLength }: Cidr): T | undefined {
    const bytes = address.value.toByteArray();
    let node: Node<T> | undefined = this.#roots[address.family];
    let first: Entry<T> | undefined;
    for (let depth = 0; depth < prefixLength && node !== undefined; depth += 1) {
      first = earlier(first, node.here);
      node = node[sideAt(bytes, depth)];
    }
    return earlier(first, node?.below)?.value;
  }

  /** From the shortest to the longest prefix. */
  *#around(address: IpAddress, most: number, least: number): Generator<Entry<T>> {
    const bytes = address.value.toByteArray();
    let node: Node<T> | undefined = this.#roots[address.family];
    for (let depth = 0; node !== undefined; depth += 1) {
      if (depth >= least && node.here !== undefined) yield node.here;
      node = depth < most ? node[sideAt(bytes, depth)] : undefined;
    }
  }
}

const sideAt = (bytes: readonly number[], depth: number): "zero" | "one" =>
  ((bytes[depth >> 3] ?? 0) >> (7 - (depth & 7))) & 1 ? "one" : "zero";

function earlier<T>(a: Entry<T> | undefined, b: Entry<T> | undefined): Entry<T> | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a.position <= b.position ? a : b;
}

function firstOf<T>(entries: Iterable<Entry<T>>): Entry<T> | undefined {
  let first: Entry<T> | undefined;
  for (const entry of entries) first = earlier(first, entry);
  return first;
}
