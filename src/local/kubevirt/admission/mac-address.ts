// MAC addresses as Go's net.ParseMAC reads them, which is what KubeVirt asks (pkg/network/link/mac.go).

const separated = /^[\da-f]{2}(?:([:-])[\da-f]{2})(?:\1[\da-f]{2})*$/i;
const dotted = /^[\da-f]{4}(?:\.[\da-f]{4})+$/i;
const bare = /^[\da-f]+$/i;

/** EUI-48, EUI-64 and the 20 bytes of IP over InfiniBand. */
const lengths = [6, 8, 20];

/** How many bytes the address has, written with colons, dashes, dots or nothing between; undefined when it is none. */
export function macAddressLength(text: string): number | undefined {
  if (!separated.test(text) && !dotted.test(text) && !bare.test(text)) return undefined;
  const length = text.replaceAll(/[:.-]/g, "").length / 2;
  return lengths.includes(length) ? length : undefined;
}

/** The address of KubeVirt's in-pod bridge. Only this very spelling is recognised. */
export const reservedMacAddress = "02:00:00:00:00:00";
