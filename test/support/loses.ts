// Whether one version of cloud-init drops a trait, by the table of domain/guest/renderers.ts.
import { type GuestTrait, losses } from "../../src/domain/guest/renderers.ts";
import type { GuestRenderer } from "../../src/domain/spec.ts";

/** True if that version drops it. */
export function loses(renderer: GuestRenderer, trait: GuestTrait, version: string): boolean {
  return (losses[renderer][trait] ?? []).some(
    ({ from, until }) =>
      (from === undefined || compareVersions(version, from) >= 0) &&
      (until === undefined || compareVersions(version, until) < 0),
  );
}

/** Compares MAJOR.MINOR only; a suffix such as Debian's revision is ignored. */
function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => {
    const [major = 0, minor = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
    return major * 1000 + minor;
  });
  return (left ?? 0) - (right ?? 0);
}
