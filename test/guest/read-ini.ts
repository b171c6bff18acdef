// Files of sections and KEY=VALUE lines: systemd-networkd's .network and NetworkManager's .nmconnection.

export interface IniSection {
  readonly name: string;
  readonly entries: readonly (readonly [key: string, value: string])[];
}

/** Sections in order; the same name may come more than once. */
export function readIni(text: string): readonly IniSection[] {
  const sections: { name: string; entries: (readonly [string, string])[] }[] = [];
  for (const line of text.split("\n").map((each) => each.trim())) {
    if (line === "" || line.startsWith("#") || line.startsWith(";")) continue;
    const header = /^\[(.+)\]$/.exec(line)?.[1];
    if (header === undefined) {
      const [key = "", ...value] = line.split("=");
      sections.at(-1)?.entries.push([key.trim(), value.join("=").trim()]);
    } else {
      sections.push({ name: header, entries: [] });
    }
  }
  return sections;
}

/** Every value of that key in every section of that name. */
export function valuesOf(sections: readonly IniSection[], name: string, key: string): readonly string[] {
  return sections
    .filter((section) => section.name === name)
    .flatMap(({ entries }) => entries.filter(([each]) => each === key).map(([, value]) => value));
}
