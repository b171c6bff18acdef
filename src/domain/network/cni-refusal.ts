// Why a CNI plugin refuses the configuration of a NAD, by its source: a pod that uses the NAD would never start.
import type { ValueKind } from "./carriers/carrier.ts";
import { carrierOfPlugin } from "./carriers/carriers.ts";
import type { CniConfig } from "./cni.ts";

interface ValueRow {
  readonly expected: string;
  readonly fits: (value: unknown) => boolean;
}

const isInteger = (value: unknown): value is number => Number.isInteger(value);

const valueKinds: Readonly<Record<ValueKind, ValueRow>> = {
  text: { expected: "text", fits: (value) => typeof value === "string" },
  flag: { expected: "true or false", fits: (value) => typeof value === "boolean" },
  integer: { expected: "a whole number", fits: isInteger },
  natural: { expected: "a whole number from 0", fits: (value) => isInteger(value) && value >= 0 },
  list: { expected: "a list", fits: Array.isArray },
};

/** Go ignores null. */
function wrongKind(keys: Readonly<Record<string, ValueKind>>, { plugin }: CniConfig): string | undefined {
  for (const [key, kind] of Object.entries(keys)) {
    const value = plugin[key];
    const { expected, fits } = valueKinds[kind];
    if (value === undefined || value === null || fits(value)) continue;
    return `${key} ${JSON.stringify(value)} is not ${expected}`;
  }
  return undefined;
}

/** libcni refuses other names (pkg/utils); without a name Multus uses that of the NAD. */
function badName({ name }: CniConfig): string | undefined {
  return name === undefined || name === "" || /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name)
    ? undefined
    : `its name ${JSON.stringify(name)} has characters other than letters, digits, "_", "." and "-"`;
}

/** The first reason why the plugin refuses the configuration; undefined if it accepts it. */
export function refusalOfPlugin(cni: CniConfig): string | undefined {
  const known = carrierOfPlugin(cni.type);
  return badName(cni) ?? (known && (wrongKind(known.keys, cni) ?? known.refusal(cni)));
}
