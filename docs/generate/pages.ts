// The pages generated from the code: npm run docs writes them, test/docs/generated.test.ts checks that they are up to date.
import { effectsPage } from "./effects.ts";
import { errorsPage } from "./errors.ts";
import { guestConfigPage } from "./guest-config.ts";
import { referencePage } from "./reference.ts";
import { settingsPage } from "./settings.ts";

/** Keyed by file name in docs/. */
export const pages: Readonly<Record<string, () => string>> = {
  "effects.md": effectsPage,
  "errors.md": errorsPage,
  "guest-config.md": guestConfigPage,
  "reference.md": referencePage,
  "settings.md": settingsPage,
};
