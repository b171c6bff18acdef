// How cloud-init reads user-data, as far as it affects the NICs.
import { isMap, parseDocument } from "yaml";

export interface UserDataReading {
  /** Why cloud-init ignores the text; undefined if it does not. */
  readonly ignored: string | undefined;
  /** True if updates.network.when includes boot, so that a later network-config is applied. */
  readonly followsNetwork: boolean;
  /** The part that configures networks in addition to the network-config; undefined if none was found. */
  readonly configuresNetwork: string | undefined;
  /** True if it is written for Windows (cloudbase-init). */
  readonly forWindows: boolean;
}

/** First lines that cloud-init recognises (cloudinit/handlers: INCLUSION_TYPES_MAP), and those of MIME. */
const knownStart =
  /^(?:#cloud-config|#cloud-config-archive|#cloud-boothook|#include|#include-once|#part-handler|#!|## template: ?jinja|Content-Type:|MIME-Version:)/i;
const windowsStart = /^(?:#ps1|rem cmd|<powershell>|<script>)/i;
/** Paths that the renderers write to. */
const networkPath =
  /\/etc\/(?:netplan|network\/interfaces|sysconfig\/network-scripts|NetworkManager\/system-connections|systemd\/network)\b[\w./-]*/;

export function readUserData(text: string): UserDataReading {
  const path = networkPath.exec(text)?.[0];
  const nothing = { followsNetwork: false, configuresNetwork: path, ignored: undefined, forWindows: false };
  if (windowsStart.test(text)) return { ...nothing, forWindows: true };
  if (!knownStart.test(text)) return { ...nothing, ignored: "it does not recognise the first line" };
  if (!/^#cloud-config[ \t\r]*(?:\n|$)/.test(text)) return nothing;

  const document = parseDocument(text, { logLevel: "silent" });
  const [problem] = document.errors;
  if (problem !== undefined) {
    const line = problem.linePos?.[0].line;
    return { ...nothing, ignored: `it is not YAML${line === undefined ? "" : ` (line ${line})`}` };
  }
  if (document.contents === null) return nothing;
  if (!isMap(document.contents)) return { ...nothing, ignored: "it is not a YAML mapping" };
  const config = document.toJS({ maxAliasCount: 10 }) as Readonly<Record<string, unknown>>;
  return {
    ...nothing,
    followsNetwork: whenOf(config).includes("boot"),
    configuresNetwork: "network" in config ? "the key `network`" : path,
  };
}

function whenOf(config: Readonly<Record<string, unknown>>): readonly unknown[] {
  const updates = config["updates"] as { readonly network?: { readonly when?: unknown } } | null | undefined;
  const when = updates?.network?.when;
  return Array.isArray(when) ? when : [];
}
