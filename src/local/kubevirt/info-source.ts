// infoSource of a VMI's status.interfaces: who has seen a NIC, as a list in one text.

/** The source that stands for Multus' network-status. */
export const multusStatus = "multus-status";

const separator = ", ";

function sourcesOf(infoSource: string | undefined): string[] {
  return infoSource === undefined || infoSource === "" ? [] : infoSource.split(separator);
}

/** True when `source` is one of them. */
export function hasSource(infoSource: string | undefined, source: string): boolean {
  return sourcesOf(infoSource).includes(source);
}

/** With `source` at the end, unless it is in there. */
export function addSource(infoSource: string | undefined, source: string): string {
  const sources = sourcesOf(infoSource);
  return (sources.includes(source) ? sources : [...sources, source]).join(separator);
}

/** Without `source`. */
export function removeSource(infoSource: string | undefined, source: string): string {
  return sourcesOf(infoSource)
    .filter((known) => known !== source)
    .join(separator);
}
