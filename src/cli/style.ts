// Text on its way to a terminal: colours where they are wanted, and nothing in it that the terminal would obey.
import { styleText } from "node:util";

type Format = Parameters<typeof styleText>[0];

/** Colours `text`, or leaves it. */
export type Style = (format: Format, text: string) => string;

/** Colours on a terminal alone, and not with NO_COLOR set (https://no-color.org). */
export function styleFor(io: {
  readonly isTerminal: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}): Style {
  if (!io.isTerminal || io.env["NO_COLOR"]) return (_format, text) => text;
  return (format, text) => styleText(format, text, { validateStream: false });
}

/** Names in a guest are the guest's own words; control characters in them could rewrite what a terminal shows. */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, " ");
}
