// infoSource in a VMI's status.interfaces: a comma-separated list of the sources that reported the NIC.

/** Multus' network-status. */
export const multusStatus = "multus-status";

const separator = ", ";

function sourcesOf(infoSource: string | undefined): string[] {
  return infoSource === undefined || infoSource === "" ? [] : infoSource.split(separator);
}

export function hasSource(infoSource: string | undefined, source: string): boolean {
  return sourcesOf(infoSource).includes(source);
}

export function addSource(infoSource: string | undefined, source: string): string {
  const sources = sourcesOf(infoSource);
  return (sources.includes(source) ? sources : [...sources, source]).join(separator);
}

export function removeSource(infoSource: string | undefined, source: string): string {
  return sourcesOf(infoSource)
    .filter((known) => known !== source)
    .join(separator);
}
