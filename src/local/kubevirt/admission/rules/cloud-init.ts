// Cloud-init volumes: one source for user data, one for network data, inline data small: vmi-create-admitter.go.
import { Buffer } from "node:buffer";
import { type Cause, invalid } from "../cause.ts";
import type { FieldPath } from "../field-path.ts";
import type { Volume } from "../template-spec.ts";

/** Inline data travels to every node with each change of the VM; in bytes after decoding. */
const maxInlineBytes = 2048;

/** What Go's base64.StdEncoding accepts: padded, line ends ignored. */
function isBase64(text: string): boolean {
  return /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(
    text.replaceAll(/[\r\n]/g, ""),
  );
}

interface DataSources {
  readonly secretName: string;
  readonly base64: string;
  readonly inline: string;
}

/** How one of the two kinds of data is spoken of. */
interface Words {
  readonly base64Field: "userDataBase64" | "networkDataBase64";
  readonly onlyOne: string;
  readonly data: string;
  readonly secretField: string;
}

const userWords: Words = {
  base64Field: "userDataBase64",
  onlyOne: "must have only one userdatasource set.",
  data: "userdata",
  secretField: "UserDataSecretRef",
};
const networkWords: Words = {
  base64Field: "networkDataBase64",
  onlyOne: "must have only one networkdata source set.",
  data: "networkdata",
  secretField: "NetworkDataSecretRef",
};

function countSources({ secretName, base64, inline }: DataSources): number {
  return [secretName, base64, inline].filter((source) => source !== "").length;
}

/** With both forms given the inline one counts for the size. */
function inlineBytes({ base64, inline }: DataSources): number {
  if (inline !== "") return Buffer.byteLength(inline, "utf8");
  return isBase64(base64) ? Buffer.from(base64, "base64").length : 0;
}

function dataFaults(at: FieldPath, kind: string, sources: DataSources, words: Words): Cause[] {
  const faults: Cause[] = [];
  if (!isBase64(sources.base64)) {
    // KubeVirt writes the way to the field twice.
    const field = at.child(words.base64Field);
    faults.push(invalid(field, `${field.text}.${kind}.${words.base64Field} is not a valid base64 value.`));
  }
  if (countSources(sources) > 1) faults.push(invalid(at, `${at.text} ${words.onlyOne}`));
  if (inlineBytes(sources) > maxInlineBytes) {
    const limit = `exceeds ${maxInlineBytes} byte limit. Should use ${words.secretField} for larger data.`;
    faults.push(invalid(at, `${at.text} ${words.data} ${limit}`));
  }
  return faults;
}

/** The faults of a volume's cloud-init source; none when it has no such source. */
export function cloudInitFaults(volumeAt: FieldPath, volume: Volume): Cause[] {
  const kind = volume.cloudInitNoCloud === undefined ? "cloudInitConfigDrive" : "cloudInitNoCloud";
  const source = volume[kind];
  if (source === undefined) return [];
  const at = volumeAt.child(kind);
  const user = {
    secretName: source.secretRef?.name ?? "",
    base64: source.userDataBase64 ?? "",
    inline: source.userData ?? "",
  };
  const network = {
    secretName: source.networkDataSecretRef?.name ?? "",
    base64: source.networkDataBase64 ?? "",
    inline: source.networkData ?? "",
  };
  const faults = [...dataFaults(at, kind, user, userWords), ...dataFaults(at, kind, network, networkWords)];
  if (countSources(user) === 0 && countSources(network) === 0) {
    faults.push(
      invalid(at, `${at.text} must have at least one userdatasource or one networkdatasource set.`),
    );
  }
  return faults;
}
