// The tree finds what a search through all networks finds.
import * as fc from "fast-check";
import { describe, it } from "vitest";
import { type Cidr, contains, knownCidr, overlaps } from "../../src/domain/ip.ts";
import { PrefixTree } from "../../src/domain/prefix-tree.ts";

/** Few bits vary, so that networks contain each other often. */
const cidr4 = fc
  .tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 32 }))
  .map(([third, fourth, length]) => knownCidr(`10.0.${third}.${fourth}/${length}`));
const cidr6 = fc
  .tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 128 }))
  .map(([first, last, length]) => knownCidr(`2001:db8:${first}::${last.toString(16)}/${length}`));
const cidr = fc.oneof(cidr4, cidr6);

const treeOf = (networks: readonly Cidr[]): PrefixTree<Cidr> =>
  new PrefixTree(networks.map((network) => [network, network]));
const isAround = (outer: Cidr, inner: Cidr): boolean =>
  outer.prefixLength <= inner.prefixLength && contains(outer, inner.address);

describe("a tree of networks", () => {
  it("finds the first network that a search through all of them finds", ({ expect }) => {
    fc.assert(
      fc.property(
        fc.array(cidr, { maxLength: 30 }),
        cidr,
        fc.integer({ min: 0, max: 128 }),
        (networks, one, least) => {
          const tree = treeOf(networks);
          const { address } = one;
          expect(tree.containing(address)).toBe(networks.find((network) => contains(network, address)));
          expect(tree.containing(address, least)).toBe(
            networks.find((network) => network.prefixLength >= least && contains(network, address)),
          );
          expect(tree.around(one)).toBe(networks.find((network) => isAround(network, one)));
          expect(tree.overlapping(one)).toBe(networks.find((network) => overlaps(network, one)));
          expect(tree.longest(address)).toBe(
            networks
              .filter((network) => contains(network, address))
              .toSorted((a, b) => b.prefixLength - a.prefixLength)[0],
          );
        },
      ),
      { numRuns: 3_000 },
    );
  });
});
