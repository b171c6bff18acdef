// Label selectors: Kubernetes' syntax (apimachinery labels.Parse), without its comparisons of numbers.
import { labelKeyProblem, labelOf, type Labels, labelValueProblem } from "./labels.ts";

export interface LabelSelector {
  readonly text: string;
  /** `labels` undefined: there are none. */
  readonly matches: (labels: Labels | undefined) => boolean;
}

type Matches = LabelSelector["matches"];

type Read<T> = { readonly value: T } | { readonly problem: string };

/** Reads `app=web,tier in (front, back),!canary`; the empty text selects everything. Takes linear time. */
export function parseLabelSelector(text: string): Read<LabelSelector> {
  const tokens = tokensOf(text);
  const requirements: Matches[] = [];
  while (tokens.next !== "") {
    const requirement = readRequirement(tokens);
    if ("problem" in requirement) return requirement;
    requirements.push(requirement.value);
    if (tokens.next === "") break;
    if (!tokens.take(",")) return expected("a comma or the end", tokens);
    if (tokens.next === "") return expected("a label key after the comma", tokens);
  }
  return { value: { text, matches: (labels) => requirements.every((matches) => matches(labels)) } };
}

/** Words and signs, read from the left. */
interface Tokens {
  /** Empty at the end. */
  readonly next: string;
  /** True if the next token is this one, which is then taken. */
  take(token: string): boolean;
  /** Takes the next token if it is a word. */
  takeWord(): string | undefined;
}

function tokensOf(text: string): Tokens {
  const tokens = text.match(/==|!=|[=!(),<>]|[^=!(),<> \t\r\n]+/g) ?? [];
  let position = 0;
  return {
    get next() {
      return tokens[position] ?? "";
    },
    take(token) {
      const isNext = this.next === token;
      if (isNext) position += 1;
      return isNext;
    },
    takeWord() {
      const token = this.next;
      if (/^(?:[=!(),<>]|$)/.test(token)) return undefined;
      position += 1;
      return token;
    },
  };
}

function readRequirement(tokens: Tokens): Read<Matches> {
  const isNegated = tokens.take("!");
  const key = tokens.takeWord();
  if (key === undefined) return expected(isNegated ? "a label key after !" : "a label key or !", tokens);
  const problem = labelKeyProblem(key);
  if (problem !== undefined) return { problem: `${shown(key)} is not a label key: ${problem}` };
  const has: Matches = (labels) => labelOf(labels, key) !== undefined;
  if (isNegated) return { value: (labels) => !has(labels) };
  if (tokens.next === "," || tokens.next === "") return { value: has };
  return readOperator(key, tokens);
}

function readOperator(key: string, tokens: Tokens): Read<Matches> {
  if (tokens.take("in")) return selecting(key, readValues(tokens), true);
  if (tokens.take("notin")) return selecting(key, readValues(tokens), false);
  if (tokens.take("=") || tokens.take("==")) return selecting(key, readValue(tokens), true);
  if (tokens.take("!=")) return selecting(key, readValue(tokens), false);
  return expected(`=, ==, !=, in, notin or a comma after ${shown(key)}`, tokens);
}

/** Labels without the key do not have any of the values. */
function selecting(key: string, read: Read<readonly string[]>, isOneOf: boolean): Read<Matches> {
  if ("problem" in read) return read;
  for (const value of read.value) {
    const problem = labelValueProblem(value);
    if (problem !== undefined) return { problem: `${shown(value)} is not a label value: ${problem}` };
  }
  const values = new Set<string | undefined>(read.value);
  return { value: (labels) => values.has(labelOf(labels, key)) === isOneOf };
}

/** Nothing before a comma or the end is the empty value. */
function readValue(tokens: Tokens): Read<readonly string[]> {
  if (tokens.next === "," || tokens.next === "") return { value: [""] };
  const value = tokens.takeWord();
  return value === undefined ? expected("a label value", tokens) : { value: [value] };
}

/** As in Kubernetes, nothing between commas or parentheses is the empty value. */
function readValues(tokens: Tokens): Read<readonly string[]> {
  if (!tokens.take("(")) return expected("( and a list of values", tokens);
  const values: string[] = [];
  do values.push(tokens.takeWord() ?? "");
  while (tokens.take(","));
  return tokens.take(")") ? { value: values } : expected("a comma or )", tokens);
}

function expected(what: string, { next }: Tokens): { readonly problem: string } {
  return { problem: `expected ${what}, found ${next === "" ? "the end" : shown(next)}` };
}

const longestShown = 80;
const shown = (token: string): string =>
  token.length > longestShown ? `${token.slice(0, longestShown)}…` : token;
