// Text for a terminal: colours where they are wanted, and no control characters.
import { styleText } from "node:util";

type Format = Parameters<typeof styleText>[0];

/** Returns `text` with or without colour. */
export type Style = (format: Format, text: string) => string;

/** Colours only on a terminal, and not with NO_COLOR set (https://no-color.org). */
export function styleFor(io: {
  readonly isTerminal: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}): Style {
  if (!io.isTerminal || io.env["NO_COLOR"]) return (_format, text) => text;
  return (format, text) => styleText(format, text, { validateStream: false });
}

/** Without control characters: names that a guest reports could otherwise rewrite what a terminal shows. */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, " ");
}
