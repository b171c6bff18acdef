// How cloud-init reads user-data, as far as it affects the NICs.
import { type Document, isAlias, isMap, isScalar, isSeq } from "yaml";
import { parseNodes } from "../document/yaml.ts";

export interface UserDataReading {
  /** Why cloud-init ignores the text; undefined if it does not. */
  readonly ignored: string | undefined;
  /** Why the text was not read; undefined if it was. */
  readonly unread: string | undefined;
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

/** Several thousand lines of YAML; a text block counts as one token. */
const maxTokens = 20_000;

export function readUserData(text: string): UserDataReading {
  const path = networkPath.exec(text)?.[0];
  const nothing = {
    followsNetwork: false,
    configuresNetwork: path,
    ignored: undefined,
    unread: undefined,
    forWindows: false,
  };
  if (windowsStart.test(text)) return { ...nothing, forWindows: true };
  if (!knownStart.test(text)) return { ...nothing, ignored: "it does not recognise the first line" };
  if (!/^#cloud-config[ \t\r]*(?:\n|$)/.test(text)) return nothing;

  // cloud-init reads YAML 1.1 (PyYAML), where a key may occur twice.
  const parsed = parseNodes(text, "1.1", maxTokens);
  if ("tooCostly" in parsed) return { ...nothing, unread: parsed.tooCostly };
  const { document, lines } = parsed;
  const [problem] = document.errors;
  if (problem !== undefined)
    return { ...nothing, ignored: `it is not YAML (line ${lines.linePos(problem.pos[0]).line})` };
  if (document.contents === null) return nothing;
  if (!isMap(document.contents)) return { ...nothing, ignored: "it is not a YAML mapping" };
  return {
    ...nothing,
    followsNetwork: whenOf(document).includes("boot"),
    configuresNetwork: document.contents.has("network") ? "the key `network`" : path,
  };
}

/** The items of updates.network.when. The document is not turned into values, because its aliases may multiply. */
function whenOf(document: Document.Parsed): readonly unknown[] {
  let node: unknown = document.contents;
  for (const key of ["updates", "network", "when"]) {
    node = targetOf(node, document);
    node = isMap(node) ? node.get(key, true) : undefined;
  }
  node = targetOf(node, document);
  return isSeq(node) ? node.items.map((item) => (isScalar(item) ? item.value : undefined)) : [];
}

const targetOf = (node: unknown, document: Document.Parsed): unknown =>
  isAlias(node) ? node.resolve(document) : node;
