// Parses one YAML or JSON document to plain values, with limits on memory and time for hostile input.
import {
  Lexer,
  LineCounter,
  isNode,
  isPair,
  isScalar,
  isSeq,
  parseDocument,
  visit,
  type Document,
  type Node,
} from "yaml";
import { finding, type Finding } from "../findings.ts";
import { entryPath, pathSegments } from "../paths.ts";
import { fieldPath } from "./read-value.ts";

/** The largest document that is read, in bytes of UTF-8. */
export const maxDocumentBytes = 1_048_576;
/** Nested brackets, and list items that start on one line. The deepest field of a VM is at level five. */
const maxNesting = 64;
/** Tokens of the text. A VM with the maximum of NICs and routes needs a few thousand. */
const maxTokens = 100_000;
const maxAliases = 100;
/** Lines that begin with %; the parser takes quadratic time for them. */
const maxDirectives = 100;
const maxProblems = 10;

/** The document's value, absent if it cannot be read, and what is wrong with it. */
export interface ParsedYaml {
  readonly value?: unknown;
  readonly findings: readonly Finding[];
  /** The line of a field, counted from 1, or of its nearest parent if it is absent. Set if `value` is. */
  readonly lineOf?: (field: string) => number;
}

type YamlVersion = "1.1" | "1.2";

/** A document before it is turned into values, with its errors. */
export interface YamlNodes {
  readonly document: Document.Parsed;
  readonly lines: LineCounter;
}

/** The document as nodes, or why parsing it would take too much time or memory. */
export function parseNodes(
  text: string,
  version: YamlVersion,
  tokenLimit = maxTokens,
): YamlNodes | { readonly tooCostly: string } {
  const tooCostly = limitPassed(text, tokenLimit);
  if (tooCostly !== undefined) return { tooCostly };
  const lines = new LineCounter();
  const document = parseDocument(text, {
    version,
    schema: version === "1.2" ? "core" : "yaml-1.1",
    resolveKnownTags: false,
    // The parser's check takes quadratic time; `keysGivenTwice` finds them instead.
    uniqueKeys: false,
    prettyErrors: false,
    lineCounter: lines,
  });
  return { document, lines };
}

/**
 * Reads `text` as one YAML document. Version 1.2 is read by the core schema; JSON is such a document. Version 1.1 is what
 * cloud-init reads.
 */
export function parseYaml(text: string, version: YamlVersion = "1.2"): ParsedYaml {
  const parsed = parseNodes(text, version);
  if ("tooCostly" in parsed) return refused(parsed.tooCostly);
  const { document, lines } = parsed;
  const place: Place = (offset) => {
    const { line, col } = lines.linePos(offset);
    return `line ${line}, column ${col}`;
  };
  const problems = [...document.errors, ...document.warnings].map(
    ({ code, message, pos }) => `${place(pos[0])}: ${parserWords[code] ?? message}`,
  );
  if (problems.length > 0) return refused(...problems.slice(0, maxProblems));
  const problem = meaningless(document, place);
  if (problem !== undefined) return refused(problem);
  if (document.contents === null) return refused("the document is empty");
  return {
    value: document.toJS() as unknown,
    findings: keysGivenTwice(document, place).slice(0, maxProblems),
    lineOf: (field) => lines.linePos(nodeAt(document, field)?.range?.[0] ?? 0).line,
  };
}

function nodeAt(document: Document.Parsed, field: string): Node | null | undefined {
  const path = [...pathSegments(field)];
  while (!isNode(document.getIn(path, true)) && path.length > 0) path.pop();
  return document.getIn(path, true) as Node | null | undefined;
}

/** Replaces messages that describe the parser rather than the document. */
const parserWords: Readonly<Record<string, string>> = {
  MULTIPLE_DOCS: "a second document starts here; pass one document at a time",
  RESOURCE_EXHAUSTION: "the document is nested too deeply",
};

type Place = (offset: number) => string;

function refused(...problems: readonly string[]): ParsedYaml {
  return { findings: problems.map((problem) => finding("DOCUMENT_INVALID", "", { problem })) };
}

/** Uses the lexer, which takes linear time; the parser does not for deeply nested text. */
function limitPassed(text: string, tokenLimit: number): string | undefined {
  if (Buffer.byteLength(text) > maxDocumentBytes)
    return `the document is larger than ${maxDocumentBytes} bytes`;
  let tokens = 0;
  let brackets = 0;
  let directives = 0;
  let begunOnLine = 0;
  for (const token of new Lexer().lex(text)) {
    tokens += 1;
    if (tokens > tokenLimit) return `the document has more than ${tokenLimit} YAML tokens`;
    if (token.startsWith("%")) directives += 1;
    if (directives > maxDirectives) return `the document has more than ${maxDirectives} YAML directives`;
    if (token === "[" || token === "{") brackets += 1;
    else if (token === "]" || token === "}") brackets -= 1;
    else if (token === "-" || token === "?" || token === ":") begunOnLine += 1;
    else if (token === "\n" || token === "\r\n") begunOnLine = brackets > 0 ? begunOnLine : 0;
    else if (token === ",") begunOnLine = 0;
    if (brackets > maxNesting || begunOnLine > maxNesting)
      return `the document is nested more than ${maxNesting} levels deep`;
  }
  return undefined;
}

/** Valid YAML that plain values cannot represent: circular aliases, keys that are not strings, infinite numbers. */
function meaningless(document: Document.Parsed, place: Place): string | undefined {
  let problem: string | undefined;
  let aliases = 0;
  const stop = (node: Node, words: string): symbol => {
    problem = `${place(node.range?.[0] ?? 0)}: ${words}`;
    return visit.BREAK;
  };
  visit(document, {
    Map: (_key, map) => {
      const odd = map.items.find(({ key }) => !isScalar(key));
      return odd ? stop(isNode(odd.key) ? odd.key : map, "a key must be plain text") : undefined;
    },
    Scalar: (_key, scalar) =>
      typeof scalar.value === "number" && !Number.isFinite(scalar.value)
        ? stop(scalar, "not a finite number")
        : undefined,
    Alias: (_key, alias, ancestors) => {
      aliases += 1;
      if (aliases > maxAliases) return stop(alias, `more than ${maxAliases} aliases`);
      const target = alias.resolve(document);
      if (target === undefined)
        return stop(alias, `there is no anchor &${alias.source} before *${alias.source}`);
      return ancestors.includes(target) ? stop(alias, `*${alias.source} contains itself`) : undefined;
    },
  });
  return problem ?? (aliases > 0 ? excessiveAliases(document) : undefined);
}

/** Aliases of aliases multiply; the parser's own limit on them applies. */
function excessiveAliases(document: Document.Parsed): string | undefined {
  try {
    document.toJS({ maxAliasCount: maxAliases });
    return undefined;
  } catch (reason) {
    if (reason instanceof ReferenceError) return `the aliases cannot be resolved: ${reason.message}`;
    throw reason;
  }
}

/** Otherwise the last value would be used silently (YAML 1.2.2 §3.2.1.1: keys are unique). */
function keysGivenTwice(document: Document.Parsed, place: Place): readonly Finding[] {
  const findings: Finding[] = [];
  visit(document, {
    Map: (key, map, ancestors) => {
      const seen = new Set<string>();
      for (const { key: name } of map.items) {
        if (!isScalar(name)) continue;
        const word = String(name.value);
        if (seen.has(word)) {
          const problem = `${place(name.range?.[0] ?? 0)}: ${word} is given twice`;
          findings.push(finding("DOCUMENT_INVALID", keyPath(pathTo(key, ancestors), word), { problem }));
        }
        seen.add(word);
      }
    },
  });
  return findings;
}

/** The path of a node: the keys of the mappings and the positions in the lists that hold it. */
function pathTo(key: number | "key" | "value" | null, ancestors: readonly unknown[]): string {
  let path = "";
  for (const [depth, holder] of ancestors.entries()) {
    const held = ancestors[depth + 1];
    if (isPair(holder)) path = keyPath(path, isScalar(holder.key) ? String(holder.key.value) : "?");
    if (isSeq(holder)) path += `[${held === undefined ? key : holder.items.indexOf(held)}]`;
  }
  return path;
}

/** Labels are the only mapping of a document whose keys are not names of fields. */
function keyPath(path: string, key: string): string {
  return /(?:^|\.)labels$/.test(path) ? entryPath(path, key) : fieldPath(path, key);
}
