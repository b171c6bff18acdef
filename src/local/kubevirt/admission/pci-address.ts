// PCI addresses as KubeVirt accepts them (pkg/util/hardware/hw_utils.go).

/** Domain, bus, slot and function, all written out: `0000:81:00.1`. The slot's range is not checked. */
export function isPciAddress(text: string): boolean {
  return /^[\da-fA-F]{4}:[\da-fA-F]{2}:[\da-fA-F]{2}\.[0-7]$/.test(text);
}
