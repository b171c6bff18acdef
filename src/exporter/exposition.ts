// The Prometheus text format 0.0.4: how a sample is written. All escaping is here.

/** A metric family: the samples under one HELP and TYPE. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: "gauge" | "counter";
}

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

/** One line. `labels` is already rendered. The value is text, because counters may exceed the exact range of a double. */
export function renderSample(name: string, labels: string, value: string): string {
  return `${name}{${labels}} ${value}\n`;
}

function escapeLabel(value: string): string {
  // Almost no value needs escaping, and there are many values.
  if (!/[\\"\n]/.test(value)) return value;
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
