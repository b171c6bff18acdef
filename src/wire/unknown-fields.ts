// Fields of a binary request that this version does not know: refused as a misspelt field in JSON is, not dropped.
import type { Message } from "@bufbuild/protobuf";
import type { GenMessage } from "@bufbuild/protobuf/codegenv2";
import { reflect, type ReflectMessage } from "@bufbuild/protobuf/reflect";
import { finding, type Finding } from "../domain/findings.ts";

/** At most this many are reported. */
const limit = 100;

/**
 * A finding UNKNOWN_FIELD for each unknown field at any depth of the message. The path ends in the field's number, as in
 * protobuf's text format: `networks[0].99`. Paths inside the VM of a request start at the VM, as in all findings. A number
 * that occurs more than once in one message is reported once.
 */
export function unknownFields<T extends Message>(schema: GenMessage<T>, message: T): readonly Finding[] {
  const found: Finding[] = [];
  for (const one of unknownIn(reflect(schema, message), "")) if (found.push(one) === limit) break;
  return found;
}

function* unknownIn(message: ReflectMessage, at: string): Generator<Finding> {
  for (const number of new Set(message.getUnknown()?.map(({ no }) => no))) {
    const name = `number ${number}: the client is newer than this service`;
    yield finding("UNKNOWN_FIELD", `${at}${number}`, { name, known: "" });
  }
  for (const field of message.fields) {
    if (!message.isSet(field)) continue;
    const path = `${at}${field.jsonName}`;
    if (field.fieldKind === "message") {
      yield* unknownIn(message.get(field), path === "virtualMachine" ? "" : `${path}.`);
    }
    if (field.fieldKind === "list" && field.listKind === "message") {
      for (const [index, item] of [...message.get(field)].entries()) {
        yield* unknownIn(item as ReflectMessage, `${path}[${index}].`);
      }
    }
  }
}
