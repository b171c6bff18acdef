// Objects as a Table, the form in which kubectl asks for what it prints.
import { type Json, type JsonObject, asList, asString, getField, isObject } from "./json.ts";
import { type ApiObject, encoded, meta } from "./object.ts";
import type { PrinterColumn } from "./printer-column.ts";
import type { ResourceType } from "./resource-types.ts";

const nameColumn = {
  name: "Name",
  type: "string",
  format: "name",
  description: "Name must be unique within a namespace.",
  priority: 0,
};

function columnDefinitions({ columns }: ResourceType): readonly JsonObject[] {
  const own = columns.map(({ name, type, priority = 0 }) => ({
    name,
    type,
    format: "",
    description: "",
    priority,
  }));
  return [nameColumn, ...own];
}

/** A duration as kubectl prints ages: `45s`, `3m20s`, `5h`, `2d3h`, `40d` (k8s.io/apimachinery duration.HumanDuration). */
export function humanDuration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  if (seconds < 120) return `${seconds}s`;
  const both = (whole: number, unit: string, part: number, partUnit: string): string =>
    part === 0 ? `${whole}${unit}` : `${whole}${unit}${part}${partUnit}`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return both(minutes, "m", seconds % 60, "s");
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return both(hours, "h", minutes % 60, "m");
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (hours < 192) return both(days, "d", hours % 24, "h");
  if (days < 730) return `${days}d`;
  const years = Math.floor(days / 365);
  return days < 2920 ? both(years, "y", days % 365, "d") : `${years}y`;
}

const filter = /^\[\?\(@\.(\w+)=='([^']*)'\)\]/;
const index = /^\[(\d+)\]/;
const field = /^\.(\w+)/;

/** The value at a path of the forms that PrinterColumn allows. */
function valueAt(object: Json | undefined, path: string): Json | undefined {
  if (path === "" || object === undefined) return object;
  const step = field.exec(path) ?? index.exec(path) ?? filter.exec(path);
  if (step === null) throw new Error(`not a printer column's path: ${path}`);
  const [whole, name = "", wanted] = step;
  const rest = path.slice(whole.length);
  if (wanted !== undefined) {
    const found = asList(object).find((item) => isObject(item) && item[name] === wanted);
    return valueAt(found, rest);
  }
  if (whole.startsWith("[")) return valueAt(asList(object)[Number(name)], rest);
  return isObject(object) ? valueAt(getField(object, name), rest) : undefined;
}

function cell(object: ApiObject, { jsonPath, type, count }: PrinterColumn, now: Date): Json {
  const value = valueAt(object, jsonPath);
  if (count === true) return isObject(value) ? Object.keys(value).length : 0;
  if (value === undefined || value === null) return null;
  if (type !== "date") return value;
  const time = Date.parse(asString(value) ?? "");
  return Number.isNaN(time) ? "<unknown>" : humanDuration(now.getTime() - time);
}

function row({ columns }: ResourceType, object: ApiObject, include: string | null, now: Date): string {
  const cells = [meta(object, "name"), ...columns.map((column) => cell(object, column, now))];
  const { metadata } = object;
  const partial = { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata };
  const shown = include === "Object" ? encoded(object) : JSON.stringify(partial);
  return `{"cells":${JSON.stringify(cells)}${include === "None" ? "" : `,"object":${shown}`}}`;
}

/**
 * The JSON text of a Table. `include` is the query's includeObject: None, Object, or else Metadata.
 * Without `header` it has no column definitions, like the later events of a watch.
 */
export function tableText(
  resource: ResourceType,
  objects: readonly ApiObject[],
  metadata: JsonObject,
  include: string | null,
  now: Date,
  header = true,
): string {
  const columns = header ? JSON.stringify(columnDefinitions(resource)) : "null";
  const rows = objects.map((object) => row(resource, object, include, now)).join(",");
  const head = `"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":${JSON.stringify(metadata)}`;
  return `{${head},"columnDefinitions":${columns},"rows":[${rows}]}`;
}
