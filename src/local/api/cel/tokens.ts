// Splits an expression in the Common Expression Language into tokens, as far as the CRDs of the embedded API use it.

export type Token =
  | { readonly kind: "name" | "text" | "sign"; readonly text: string }
  | { readonly kind: "number"; readonly text: string; readonly value: number };

const pattern =
  /\s*(?:(?<number>\d+)|(?<name>[A-Za-z_]\w*)|'(?<single>(?:[^'\\]|\\.)*)'|"(?<double>(?:[^"\\]|\\.)*)"|(?<sign>&&|\|\||==|!=|<=|>=|[-+!<>?:.,()[\]]))\s*/y;

/** @throws Error for anything else. */
export function tokensOf(expression: string): readonly Token[] {
  const tokens: Token[] = [];
  pattern.lastIndex = 0;
  while (pattern.lastIndex < expression.length) {
    const at = pattern.lastIndex;
    const groups = pattern.exec(expression)?.groups;
    if (groups === undefined) throw new Error(`unsupported in a CEL rule: ${expression.slice(at)}`);
    const { number, name, single, double, sign } = groups;
    const quoted = single ?? double;
    if (number !== undefined) tokens.push({ kind: "number", text: number, value: Number(number) });
    else if (name !== undefined) tokens.push({ kind: "name", text: name });
    else if (quoted !== undefined) tokens.push({ kind: "text", text: quoted.replaceAll(/\\(.)/g, "$1") });
    else tokens.push({ kind: "sign", text: sign ?? "" });
  }
  return tokens;
}
