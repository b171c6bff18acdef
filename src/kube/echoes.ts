// An API server that refuses an object may quote all of it, even the data of a Secret. This removes such quotes from errors.

/**
 * The text without the objects and overlong values that it quotes; the rest is unchanged. Known echoes:
 * `patch: Invalid value: "{…}"` and `"map[…]"` (k8s.io/apiserver pkg/endpoints/handlers/patch.go), `is missing in '{…}'`
 * (apimachinery pkg/runtime/error.go), values as Go or JSON prints them (pkg/util/validation/field/errors.go), and
 * `error found in #10 byte of ...|…|...` of API servers before 1.25. Where the end is unclear, the rest of the text is removed.
 */
export function withoutEchoes(text: string): string {
  let kept = "";
  let at = 0;
  for (;;) {
    opening.lastIndex = at;
    const match = opening.exec(text);
    if (match === null) break;
    const start = match.index;
    const end = endOf(text, match);
    const echo = text.slice(start, end);
    const isOrdinary =
      match.groups?.["value"] !== undefined && echo.length <= longestValue && !/\{\s*\\"|map\[/.test(echo);
    kept += text.slice(at, start) + (isOrdinary ? echo : ellipsis);
    at = end;
  }
  return (kept + text.slice(at)).replaceAll(`Invalid value: ${ellipsis}: `, "");
}

const ellipsis = "…";
/** Names, addresses and label values are far shorter; user-data is nearly always longer. */
const longestValue = 258;

const goObject = String.raw`map\[string\](?:\[\])*(?:interface \{\}|[\w.]+)\{|map\[|&?(?:\[\])+[\w.]+\{|&?\w+\.\w+\{`;
/** The start of a quoted object, another quoted value, an object as Go or JSON prints it, or a piece of the body. */
const opening = new RegExp(
  [
    String.raw`(?<quoted>"\[?(?:${goObject}|\{))`,
    String.raw`(?<=\b[Vv]alue: )(?<value>")`,
    String.raw`(?<json>\[?\{\s*"[^"\\])`,
    String.raw`(?<escaped>\{\s*\\")`,
    String.raw`(?<go>(?<![\w.])(?:${goObject}))`,
    String.raw`(?<piece>\.\.\.\|)`,
  ].join("|"),
  "g",
);

/** The index after the echo that starts with the match. */
function endOf(text: string, { index, groups = {} }: RegExpExecArray): number {
  if (groups["quoted"] !== undefined || groups["value"] !== undefined) return endOfQuoted(text, index);
  // Inside a quoted text: up to its closing quotation mark, which is kept.
  if (groups["escaped"] !== undefined) return Math.max(index + 1, endOfQuoted(text, index, index) - 1);
  if (groups["json"] !== undefined) return endOfJson(text, index);
  if (groups["piece"] !== undefined) return behindLast(text, "|...", index + 4);
  // Go prints strings without quotation marks, so any bracket may be part of one: only the last is sure to end the value.
  const close = groups["go"]?.endsWith("[") === true ? "]" : "}";
  return text.includes(`${close}: `, index)
    ? behindLast(text, `${close}: `, index) - 2
    : behindLast(text, close, index);
}

/** The index after the quotation mark that ends the Go or JSON string which starts at `start`. */
function endOfQuoted(text: string, start: number, from = start + 1): number {
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === '"') return at + 1;
  }
  return text.length;
}

function endOfJson(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    const character = text[at];
    if (character === '"') at = endOfQuoted(text, at) - 1;
    else if (character === "{" || character === "[") depth += 1;
    else if (character === "}" || character === "]") {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return text.length;
}

function behindLast(text: string, what: string, from: number): number {
  const last = text.lastIndexOf(what);
  return last < from ? text.length : last + what.length;
}
