// Output for programs: protobuf JSON, or the same as YAML.
import { toJson, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import { stringify } from "yaml";

export const outputFormats = ["table", "json", "yaml"] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** One whole answer. */
export function structured<Desc extends DescMessage>(
  format: Exclude<OutputFormat, "table">,
  schema: Desc,
  message: MessageShape<Desc>,
): string {
  const json = toJson(schema, message);
  return format === "json" ? `${JSON.stringify(json, null, 2)}\n` : stringify(json);
}

/** One message of a stream: a line of JSON, or a YAML document. */
export function structuredItem<Desc extends DescMessage>(
  format: Exclude<OutputFormat, "table">,
  schema: Desc,
  message: MessageShape<Desc>,
): string {
  const json = toJson(schema, message);
  return format === "json" ? `${JSON.stringify(json)}\n` : `---\n${stringify(json)}`;
}
