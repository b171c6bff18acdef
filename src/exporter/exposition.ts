// The Prometheus text format 0.0.4: how a sample is spelt. One place knows the escapes.

/** One series of a family with its value, already as text: counters may be larger than a double holds exactly. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: string;
}

/** A metric family: its samples stand together under one HELP and TYPE. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: "gauge" | "counter";
}

/** The head of a family. */
export function renderHead({ name, help, type }: Family): string {
  return `# HELP ${name} ${help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}\n# TYPE ${name} ${type}\n`;
}

/** The lines of a family's samples, each ended by a line feed; empty for none. */
export function renderSamples({ name }: Family, samples: readonly Sample[]): string {
  return samples.map(({ labels, value }) => `${name}${renderLabels(labels)} ${value}\n`).join("");
}

function renderLabels(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
