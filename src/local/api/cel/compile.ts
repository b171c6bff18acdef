// Compiles the part of the Common Expression Language (https://github.com/google/cel-spec) that the rules of the embedded
// API's CRDs use. An operand that is an error ends the rule, also beside `false &&`, where CEL itself would go on.
import { type Json, asList, isObject, jsonEqual } from "../json.ts";
import { type Token, tokensOf } from "./tokens.ts";

type Scope = Readonly<Record<string, Json>>;
type Expression = (scope: Scope) => Json;

/** A rule that could not be evaluated for a value, such as `no such key: mode`. */
export class CelError extends Error {
  override readonly name = "CelError";
}

/**
 * The rule as a function of `self`; it throws CelError if it cannot be evaluated for that value.
 * @throws Error for a rule with something else than this part of the language.
 */
export function compileCel(rule: string): (self: Json) => Json {
  const parser = new Parser(tokensOf(rule));
  const expression = parser.whole();
  return (self) => expression({ self });
}

const comparisons: Readonly<Record<string, (a: Json, b: Json) => boolean>> = {
  "==": jsonEqual,
  "!=": (a, b) => !jsonEqual(a, b),
  "<": (a, b) => asNumber(a) < asNumber(b),
  "<=": (a, b) => asNumber(a) <= asNumber(b),
  ">": (a, b) => asNumber(a) > asNumber(b),
  ">=": (a, b) => asNumber(a) >= asNumber(b),
  in: (a, b) => (isObject(b) ? Object.hasOwn(b, asText(a)) : asList(b).some((item) => jsonEqual(item, a))),
};

/** Methods by name; the receiver is the first operand. */
const methods: Readonly<Record<string, (self: Json, argument: Json) => Json>> = {
  size: (self) =>
    typeof self === "string" ? self.length : isObject(self) ? Object.keys(self).length : asList(self).length,
  startsWith: (self, prefix) => asText(self).startsWith(asText(prefix)),
  endsWith: (self, suffix) => asText(self).endsWith(asText(suffix)),
  contains: (self, part) => asText(self).includes(asText(part)),
  matches: (self, pattern) => new RegExp(asText(pattern), "u").test(asText(self)),
};

type Macro = (items: readonly Json[], holds: (item: Json) => boolean) => Json;

const macros: Readonly<Record<string, Macro>> = {
  all: (items, holds) => items.every(holds),
  exists: (items, holds) => items.some(holds),
  exists_one: (items, holds) => items.filter(holds).length === 1,
  filter: (items, holds) => items.filter(holds),
};

/** By precedence: `? :`, `||`, `&&`, comparisons, `!`, then names, fields and calls. */
class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  whole(): Expression {
    const expression = this.#choice();
    if (this.#at < this.#tokens.length) throw this.#unexpected();
    return expression;
  }

  #choice(): Expression {
    const condition = this.#or();
    if (!this.#takes("?")) return condition;
    const yes = this.#choice();
    this.#needs(":");
    const no = this.#choice();
    return (scope) => (asFlag(condition(scope)) ? yes(scope) : no(scope));
  }

  #or(): Expression {
    const left = this.#and();
    if (!this.#takes("||")) return left;
    const right = this.#or();
    return (scope) => asFlag(left(scope)) || asFlag(right(scope));
  }

  #and(): Expression {
    const left = this.#comparison();
    if (!this.#takes("&&")) return left;
    const right = this.#and();
    return (scope) => asFlag(left(scope)) && asFlag(right(scope));
  }

  #comparison(): Expression {
    const left = this.#unary();
    const compare = comparisons[this.#next()?.text ?? ""];
    if (compare === undefined || this.#next()?.kind === "text") return left;
    this.#at += 1;
    const right = this.#unary();
    return (scope) => compare(left(scope), right(scope));
  }

  #unary(): Expression {
    if (!this.#takes("!")) return this.#member();
    const operand = this.#unary();
    return (scope) => !asFlag(operand(scope));
  }

  #member(): Expression {
    let expression = this.#primary();
    for (;;) {
      if (this.#takes(".")) {
        const name = this.#name();
        expression = this.#takes("(") ? this.#call(expression, name) : fieldOf(expression, name);
      } else if (this.#takes("[")) {
        const [list, index] = [expression, this.#choice()];
        this.#needs("]");
        expression = (scope) => itemOf(list(scope), index(scope));
      } else return expression;
    }
  }

  #call(receiver: Expression, name: string): Expression {
    const macro = macros[name];
    if (macro !== undefined) {
      const variable = this.#name();
      this.#needs(",");
      const condition = this.#choice();
      this.#needs(")");
      return (scope) =>
        macro(asList(receiver(scope)), (item) => asFlag(condition({ ...scope, [variable]: item })));
    }
    const method = methods[name];
    if (method === undefined) throw new Error(`unsupported in a CEL rule: ${name}()`);
    const argument: Expression = this.#next()?.text === ")" ? () => null : this.#choice();
    this.#needs(")");
    return (scope) => method(receiver(scope), argument(scope));
  }

  #primary(): Expression {
    const token = this.#next();
    if (token === undefined) throw this.#unexpected();
    this.#at += 1;
    if (token.kind === "number") return () => token.value;
    if (token.kind === "text") return () => token.text;
    const { text } = token;
    if (text === "true" || text === "false") return () => text === "true";
    if (text === "null") return () => null;
    if (text === "has") return this.#has();
    if (token.kind === "name") return (scope) => scope[text] ?? missing(text);
    if (text === "(") {
      const inner = this.#choice();
      this.#needs(")");
      return inner;
    }
    if (text === "[") return this.#list();
    this.#at -= 1;
    throw this.#unexpected();
  }

  #list(): Expression {
    const items: Expression[] = [];
    if (!this.#takes("]")) {
      do items.push(this.#choice());
      while (this.#takes(","));
      this.#needs("]");
    }
    return (scope) => items.map((item) => item(scope));
  }

  /** has(a.b.c): whether the last field is there. */
  #has(): Expression {
    this.#needs("(");
    let object = this.#primary();
    this.#needs(".");
    let field = this.#name();
    while (this.#takes(".")) {
      object = fieldOf(object, field);
      field = this.#name();
    }
    this.#needs(")");
    return (scope) => {
      const value = object(scope);
      return isObject(value) && Object.hasOwn(value, field);
    };
  }

  #name(): string {
    const token = this.#next();
    if (token?.kind !== "name") throw this.#unexpected();
    this.#at += 1;
    return token.text;
  }

  #next(): Token | undefined {
    return this.#tokens[this.#at];
  }

  #takes(sign: string): boolean {
    const token = this.#next();
    if (token?.kind !== "sign" || token.text !== sign) return false;
    this.#at += 1;
    return true;
  }

  #needs(sign: string): void {
    if (!this.#takes(sign)) throw this.#unexpected();
  }

  #unexpected(): Error {
    const rest = this.#tokens.slice(this.#at).map(({ text }) => text);
    return new Error(`unsupported in a CEL rule: ${rest.length === 0 ? "its end" : rest.join(" ")}`);
  }
}

function fieldOf(object: Expression, name: string): Expression {
  return (scope) => {
    const value = object(scope);
    return isObject(value) && Object.hasOwn(value, name) ? (value[name] ?? null) : missing(name);
  };
}

function itemOf(list: Json, index: Json): Json {
  if (isObject(list)) return list[asText(index)] ?? missing(asText(index));
  const item = asList(list)[asNumber(index)];
  if (item === undefined) throw new CelError(`index out of bounds: ${asNumber(index)}`);
  return item;
}

function missing(name: string): never {
  throw new CelError(`no such key: ${name}`);
}

function asFlag(value: Json): boolean {
  if (typeof value !== "boolean") throw new CelError("no such overload");
  return value;
}

function asNumber(value: Json): number {
  if (typeof value !== "number") throw new CelError("no such overload");
  return value;
}

function asText(value: Json): string {
  if (typeof value !== "string") throw new CelError("no such overload");
  return value;
}
