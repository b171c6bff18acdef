// The settings of one run of `multinic serve`, read once from flags and environment. Messages name flag and variable.
import {
  settingName,
  settingRows,
  type HostPort,
  type SettingName,
  type SettingValues,
} from "./setting-table.ts";

/** The values of the table; a log level always, and TLS only as a whole. */
export interface Settings extends Omit<SettingValues, "tlsListen" | "tlsCert" | "tlsKey" | "logLevel"> {
  readonly logLevel: NonNullable<SettingValues["logLevel"]>;
  readonly tls:
    | { readonly listen: HostPort; readonly certFile: string; readonly keyFile: string }
    | undefined;
}

/** What the command line gives, unchecked; true for a switch. */
export type SettingFlags = Readonly<Partial<Record<SettingName, string | true>>>;

/** A setting that cannot be used; the message names it, the reason and what to give instead. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
}

/** A flag wins over its variable; an empty variable counts as not set. @throws SettingsError. */
export function readSettings(
  flags: SettingFlags,
  env: Readonly<Record<string, string | undefined>>,
): Settings {
  const given = Object.fromEntries(
    settingRows.flatMap(([name, { variable }]) => {
      const text = flags[name] ?? (env[variable] || undefined);
      return text === undefined ? [] : [[name, String(text)]];
    }),
  );
  const values = readValues(given);
  refuseContradictions(given, values);
  const { tlsListen, tlsCert, tlsKey, ...others } = values;
  const settings: Settings = {
    ...others,
    logLevel: values.logLevel ?? (values.examples ? "warn" : "info"),
    tls:
      tlsCert === undefined || tlsKey === undefined
        ? undefined
        : { listen: tlsListen, certFile: tlsCert, keyFile: tlsKey },
  };
  keepLocalToThisMachine(settings);
  return Object.freeze(settings);
}

type Texts = Readonly<Partial<Record<SettingName, string>>>;

function readValues(given: Texts): SettingValues {
  const values = settingRows.map(([name, { form, default: preset }]) => {
    const text = given[name] ?? preset;
    const value = text === undefined ? undefined : form.read(text);
    if (text !== undefined && value === undefined) {
      throw new SettingsError(`${settingName(name)} must be ${form.words}, not ${JSON.stringify(text)}`);
    }
    return [name, value] as const;
  });
  // Each value has been read by the form of its own row.
  return Object.fromEntries(values) as unknown as SettingValues;
}

function refuseContradictions({ tlsListen }: Texts, values: SettingValues): void {
  const { tlsCert, tlsKey, local, kubeconfig } = values;
  const [some, all] = [tlsListen ?? tlsCert ?? tlsKey, tlsCert !== undefined && tlsKey !== undefined];
  if (some !== undefined && !all) {
    throw new SettingsError(
      `TLS needs both ${settingName("tlsCert")} and ${settingName("tlsKey")}, each the path of a PEM file`,
    );
  }
  if (local && kubeconfig !== undefined) {
    throw new SettingsError(
      `${settingName("kubeconfig")} selects a real cluster and ${settingName("local")} the embedded one; leave out one of them`,
    );
  }
  for (const [name, { onlyWithLocal }] of settingRows) {
    if (onlyWithLocal === true && !local && values[name] !== undefined && values[name] !== false) {
      throw new SettingsError(`${settingName(name)} works only on the embedded cluster; add --local`);
    }
  }
}

/** The embedded cluster has no authentication. */
function keepLocalToThisMachine(settings: Settings): void {
  if (!settings.local) return;
  for (const [name, { host, port }] of addressesOf(settings)) {
    if (!/^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/i.test(host)) {
      throw new SettingsError(
        `${settingName(name)} must be a loopback address with --local, such as 127.0.0.1:${port}: the embedded cluster has no authentication`,
      );
    }
  }
}

/** Every address to listen on, by the setting that gives it. */
export function addressesOf({
  listen,
  tls,
  local,
  localApiListen,
}: Settings): readonly (readonly [SettingName, HostPort])[] {
  return [
    ["listen", listen],
    ...(tls === undefined ? [] : [["tlsListen", tls.listen] as const]),
    ...(local ? [["localApiListen", localApiListen] as const] : []),
  ];
}
