// MAC addresses: reading every usual spelling, and deriving one that stays the same for a NIC's whole life.
import { createHash } from "node:crypto";

/** The product's own locally administered unicast range (second bit of the first octet, IEEE 802c), apart from kubemacpool's 02:…. */
const derivedPrefix = "6e";

/**
 * The address in lower case with colons, from aa:bb:cc:dd:ee:ff, aa-bb-…, aabb.ccdd.eeff or twelve bare digits;
 * undefined for anything else. The guest's configuration matches by exact text, hence one spelling.
 */
export function normaliseMac(text: string): string | undefined {
  const digits =
    /^([\da-f]{2}([:-]))([\da-f]{2}\2){4}[\da-f]{2}$/i.test(text) ||
    /^([\da-f]{4}\.){2}[\da-f]{4}$/i.test(text) ||
    /^[\da-f]{12}$/i.test(text)
      ? text.replace(/[:.-]/g, "").toLowerCase()
      : undefined;
  return digits?.match(/../g)?.join(":");
}

/** True when the group bit is set. Expects the normalised form. */
export function isMulticast(mac: string): boolean {
  return (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1;
}

/** The same address with the group bit cleared. Expects the normalised form. */
export function asUnicast(mac: string): string {
  const first = Number.parseInt(mac.slice(0, 2), 16) & 0xfe;
  return first.toString(16).padStart(2, "0") + mac.slice(2);
}

/**
 * The address for a NIC without a given one: a hash of namespace, VM and NIC, so that the same NIC always gets the same
 * address. An address that is `taken` is skipped for the next candidate.
 */
export function deriveMac(
  nic: { readonly namespace: string; readonly vm: string; readonly nic: string },
  taken: (mac: string) => boolean,
): string {
  for (let attempt = 0; ; attempt += 1) {
    const hash = createHash("sha256")
      .update(JSON.stringify([nic.namespace, nic.vm, nic.nic, attempt]))
      .digest("hex");
    const mac = [derivedPrefix, ...(hash.slice(0, 10).match(/../g) ?? [])].join(":");
    if (!taken(mac)) return mac;
  }
}
