// Aligned columns of text.
import { stripVTControlCharacters } from "node:util";
import { printable, type Style } from "../style.ts";

/** The text of a cell, with or without a colour. */
export type Cell = string | { readonly text: string; readonly format: Parameters<Style>[0] };

export interface TableOptions {
  readonly style: Style;
  /** Lines longer than this are cut in their last column, which keeps at least 16 characters. Default: never cut. */
  readonly width?: number | undefined;
}

const gap = "  ";

/** Lines of a table with a header; an empty cell is `-`. */
export function tableLines(
  header: readonly string[],
  rows: readonly (readonly Cell[])[],
  { style, width }: TableOptions,
): readonly string[] {
  const texts = rows.map((row) =>
    row.map((cell) => printable(typeof cell === "string" ? cell : cell.text) || "-"),
  );
  const widths = header.map((name, column) =>
    Math.max(name.length, ...texts.map((row) => lengthOf(row[column] ?? ""))),
  );
  const last = header.length - 1;
  const room = width === undefined ? Infinity : roomFor(widths.slice(0, last), width);
  const line = (cells: readonly string[], paint: (text: string, column: number) => string): string =>
    cells
      .map((text, column) => {
        const shown = column === last ? cut(text, room) : text;
        const padding = column === last ? "" : " ".repeat((widths[column] ?? 0) - lengthOf(shown));
        return paint(shown, column) + padding;
      })
      .join(gap);
  return [
    line(header, (text) => style("bold", text)),
    ...texts.map((cells, row) =>
      line(cells, (text, column) => {
        const cell = rows[row]?.[column];
        return typeof cell === "object" ? style(cell.format, text) : text;
      }),
    ),
  ];
}

const roomFor = (widths: readonly number[], width: number): number =>
  Math.max(16, width - widths.reduce((sum, each) => sum + each + gap.length, 0));

const cut = (text: string, room: number): string =>
  text.length <= room ? text : `${text.slice(0, room - 1)}…`;

const lengthOf = (text: string): number => stripVTControlCharacters(text).length;
