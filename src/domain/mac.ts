// MAC addresses: parsing all common notations, and deriving a stable address for a NIC.
import { createHash } from "node:crypto";

/** A locally administered unicast range (second bit of the first octet, IEEE 802c), different from kubemacpool's 02:…. */
const derivedPrefix = "6e";

/**
 * The address in lower case with colons, from aa:bb:cc:dd:ee:ff, aa-bb-…, aabb.ccdd.eeff or twelve bare digits;
 * undefined for anything else. The guest's configuration matches the exact text, so one notation is used.
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
 * The address of a NIC that sets none: a hash of namespace, VM and NIC, so the same NIC always gets the same address.
 * Addresses that are `taken` are skipped.
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
