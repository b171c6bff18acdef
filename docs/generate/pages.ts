// The pages that are made from the code: npm run docs writes them, test/docs/generated.test.ts compares them.
import { effectsPage } from "./effects.ts";
import { errorsPage } from "./errors.ts";
import { guestConfigPage } from "./guest-config.ts";
import { referencePage } from "./reference.ts";
import { settingsPage } from "./settings.ts";

/** By file in docs/. */
export const pages: Readonly<Record<string, () => string>> = {
  "effects.md": effectsPage,
  "errors.md": errorsPage,
  "guest-config.md": guestConfigPage,
  "reference.md": referencePage,
  "settings.md": settingsPage,
};
