// Findings as text: one line each, with its fix below.
import type { Finding } from "../../../gen/multinic/v1/network_pb.ts";
import { severityToProto, wordOf } from "../../wire/enums.ts";
import { printable, type Style } from "../style.ts";

const colours = { error: "red", warning: "yellow", info: "cyan" } as const;

/** `error  networks[1].ipConfig.address  ADDRESS_INVALID  message`, then `fix:` and `see also:` if there are any. */
export function findingLines(findings: readonly Finding[], style: Style): readonly string[] {
  const rows = findings.map((found) => ({
    severity: severityWord(found),
    field: printable(found.field) || "(document)",
    found,
  }));
  const widest = (texts: readonly string[]): number => Math.max(0, ...texts.map((text) => text.length));
  const severityWidth = widest(rows.map(({ severity }) => severity));
  const fieldWidth = widest(rows.map(({ field }) => field));
  const codeWidth = widest(findings.map(({ code }) => (code.length > 0 ? code : "-")));
  const indent = " ".repeat(severityWidth + 2);
  return rows.flatMap(({ severity, field, found }) => [
    [
      style(colours[severity], severity) + " ".repeat(severityWidth - severity.length),
      field.padEnd(fieldWidth),
      printable(found.code).padEnd(codeWidth),
      printable(found.message),
    ].join("  "),
    ...(found.fix ? [`${indent}${style("green", "fix:")} ${printable(found.fix.description)}`] : []),
    ...(found.related.length > 0 ? [`${indent}see also: ${found.related.map(printable).join(", ")}`] : []),
  ]);
}

/** `2 errors, 1 warning`; empty when there are none. */
export function countLine(findings: readonly Finding[]): string {
  return (["error", "warning", "info"] as const)
    .map(
      (severity) => [severity, findings.filter((found) => severityWord(found) === severity).length] as const,
    )
    .filter(([, count]) => count > 0)
    .map(([severity, count]) => `${count} ${severity}${count === 1 ? "" : "s"}`)
    .join(", ");
}

/** True if one of them prevents the write. */
export function stops(findings: readonly Finding[]): boolean {
  return findings.some((found) => severityWord(found) === "error");
}

/** A severity of a newer service counts as an error. */
function severityWord({ severity }: Finding): keyof typeof colours {
  return wordOf(severityToProto, severity) ?? "error";
}
