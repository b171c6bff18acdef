// The Prometheus text format 0.0.4: how a sample is written. All escaping is here.

/** A metric family: its samples are together under one HELP and TYPE. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: "gauge" | "counter";
}

/** The head of a family. */
export function renderHead({ name, help, type }: Family): string {
  return `# HELP ${name} ${help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}\n# TYPE ${name} ${type}\n`;
}

/** `a="1",b="2"`; empty for none. */
export function renderLabels(labels: Readonly<Record<string, string>>): string {
  let text = "";
  for (const [label, value] of Object.entries(labels)) {
    text += `${text === "" ? "" : ","}${label}="${escapeLabel(value)}"`;
  }
  return text;
}

/** One line. `labels` are rendered ones; the value is text already: counters may be larger than a double holds exactly. */
export function renderSample(name: string, labels: string, value: string): string {
  return `${name}{${labels}} ${value}\n`;
}

function escapeLabel(value: string): string {
  // Nearly no value needs it, and there are many.
  if (!/[\\"\n]/.test(value)) return value;
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
