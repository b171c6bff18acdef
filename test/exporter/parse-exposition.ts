// Reads the Prometheus text format 0.0.4 character by character, as its specification says, and refuses everything else.

export interface ParsedSample {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: string;
}

export interface ParsedFamily {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly samples: readonly ParsedSample[];
}

/** In order. @throws for a family in two places, HELP or TYPE missing or twice, a series twice, or bad spelling. */
export function parseExposition(text: string): ReadonlyMap<string, ParsedFamily> {
  if (text !== "" && !text.endsWith("\n")) throw new Error("the last line is not ended");
  const families = new Map<string, ParsedFamily & { readonly samples: ParsedSample[] }>();
  const series = new Set<string>();
  let help: { readonly name: string; readonly text: string } | undefined;
  let current = "";
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const [, keyword = "", name = "", rest = ""] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (keyword === "HELP") {
      if (families.has(name)) throw new Error(`HELP of ${name} twice`);
      help = { name, text: unescape(rest, { n: "\n", "\\": "\\" }) };
    } else if (keyword === "TYPE") {
      if (help?.name !== name) throw new Error(`TYPE of ${name} without its HELP before`);
      families.set(name, { name, help: help.text, type: rest, samples: [] });
      current = name;
    } else if (line.startsWith("#")) throw new Error(`a comment: ${line}`);
    else {
      const sample = parseSample(line);
      const family = families.get(current);
      if (family === undefined || !belongsTo(sample.name, family))
        throw new Error(`${sample.name} is under ${current}`);
      const id = JSON.stringify([
        sample.name,
        [...sample.labels].map(([label, value]) => `${label}=${value}`).toSorted(),
      ]);
      if (series.has(id)) throw new Error(`series twice: ${line}`);
      series.add(id);
      family.samples.push(sample);
    }
  }
  return families;
}

function belongsTo(name: string, family: ParsedFamily): boolean {
  const suffixes = family.type === "histogram" ? ["_bucket", "_sum", "_count"] : [""];
  return suffixes.some((suffix) => name === family.name + suffix);
}

function parseSample(line: string): ParsedSample {
  let at = 0;
  const until = (stop: RegExp): string => {
    const start = at;
    while (at < line.length && !stop.test(line.charAt(at))) at += 1;
    return line.slice(start, at);
  };
  const expect = (char: string): void => {
    if (line.charAt(at) !== char) throw new Error(`expected ${char} at ${at} of ${line}`);
    at += 1;
  };
  const name = until(/[{ ]/);
  if (!/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name)) throw new Error(`not a name: ${line}`);
  const labels = new Map<string, string>();
  if (line.charAt(at) === "{") {
    at += 1;
    while (line.charAt(at) !== "}") {
      if (labels.size > 0) expect(",");
      const label = until(/=/);
      if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(label)) throw new Error(`not a label: ${label} in ${line}`);
      if (labels.has(label)) throw new Error(`label twice: ${line}`);
      expect("=");
      expect('"');
      const start = at;
      while (at < line.length && line.charAt(at) !== '"') at += line.charAt(at) === "\\" ? 2 : 1;
      labels.set(label, unescape(line.slice(start, at), { n: "\n", '"': '"', "\\": "\\" }));
      expect('"');
    }
    expect("}");
  }
  expect(" ");
  const value = line.slice(at);
  // What Go's ParseFloat takes; prom-client writes Nan.
  if (!/^(?:-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|NaN|[+-]Inf)$/i.test(value))
    throw new Error(`not a value: ${line}`);
  return { name, labels, value };
}

function unescape(text: string, known: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\\(.?)/gs, (_, char: string) => {
    const plain = known[char];
    if (plain === undefined) throw new Error(`unknown escape \\${char} in ${text}`);
    return plain;
  });
}
