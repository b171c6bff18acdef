// Validation of values by the CEL rules of a structural schema, with the messages of kube-apiserver.
import { CelError, compileCel } from "./cel/compile.ts";
import { type Json, isObject } from "./json.ts";
import { type CelRule, type Schema, fieldSchema, resolve } from "./schemas.ts";
import { type Cause, invalidField } from "./status.ts";

const compiled = new Map<string, (self: Json) => Json>();

function programOf(rule: string): (self: Json) => Json {
  const program = compiled.get(rule) ?? compileCel(rule);
  compiled.set(rule, program);
  return program;
}

/** Every rule that a value breaks; of rules that compare with the old value the embedded API has none. */
export function celCauses(value: Json, schemaOrRef: Schema, path: string): readonly Cause[] {
  const schema = resolve(schemaOrRef);
  const own = (schema["x-kubernetes-validations"] ?? []).flatMap((rule) => brokenBy(value, rule, path));
  const under = (key: string): string => (path === "" ? key : `${path}.${key}`);
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items === undefined) return own;
    return [...own, ...value.flatMap((item: Json, index) => celCauses(item, items, `${path}[${index}]`))];
  }
  if (!isObject(value)) return own;
  const inner = Object.entries(value).flatMap(([key, field]) => {
    const known = fieldSchema(schema, key);
    return known === undefined || field === undefined || field === null
      ? []
      : celCauses(field, known, under(key));
  });
  return [...own, ...inner];
}

/** As apiextensions-apiserver's validateExpressions: the message shows a plain value, but not an object or a list. */
function brokenBy(
  value: Json,
  { rule, message = `failed rule: ${rule}` }: CelRule,
  path: string,
): readonly Cause[] {
  try {
    if (programOf(rule)(value) === true) return [];
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    return [cause(path, value, `${error.message} evaluating rule: ${message}`)];
  }
  return [cause(path, value, message)];
}

function cause(path: string, value: Json, why: string): Cause {
  if (typeof value !== "object") return invalidField(path, value, why);
  return { reason: "FieldValueInvalid", message: `Invalid value: ${why}`, field: path };
}
