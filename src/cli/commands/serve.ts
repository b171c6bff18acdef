// `multinic serve`: one option for each row of the table of settings.
import { Command, Option } from "commander";
import { settingRows, type Setting } from "../../config/setting-table.ts";
import { readSettings, type SettingFlags } from "../../config/settings.ts";
import { settingsErrorAsUsage } from "../io.ts";
import type { Run } from "../session.ts";

export function serveCommand(run: Run): Command {
  const command = new Command("serve").description(
    "run the service; with --local it needs no Kubernetes cluster",
  );
  for (const [, setting] of settingRows) command.addOption(optionOf(setting));
  return command.action(
    run(({ deps, io }, flags: SettingFlags) =>
      settingsErrorAsUsage(async () => deps.serve(readSettings(flags, io.env)), "see multinic serve --help"),
    ),
  );
}

/** commander does not get the default: a setting's default may depend on other settings. */
function optionOf(setting: Setting): Option {
  const { flag, help, variable, form, default: preset = "", otherwise = preset } = setting;
  const option = new Option(flag, `${help} [$${variable}] (default: ${otherwise})`);
  return form.choices === undefined ? option : option.choices(form.choices);
}
