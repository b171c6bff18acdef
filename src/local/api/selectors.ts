// Label and field selectors of lists, watches and collection deletes.
import { type Json, type JsonObject, asString, getField, isObject } from "./json.ts";
import { type ApiObject, labelsOf } from "./object.ts";
import type { ResourceType } from "./resource-types.ts";
import { badRequest } from "./status.ts";

export type Selector = (object: ApiObject) => boolean;

type LabelTest = (labels: JsonObject) => boolean;

const labelKey = String.raw`(?:[A-Za-z0-9.-]+/)?[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?`;
const setBased = new RegExp(String.raw`^(${labelKey})\s+(in|notin)\s*\(([^()]*)\)$`);
const equality = new RegExp(String.raw`^(${labelKey})\s*(==|=|!=)\s*([A-Za-z0-9_.-]*)$`);
const existence = new RegExp(String.raw`^(!?)\s*(${labelKey})$`);
const comparison = new RegExp(String.raw`^(${labelKey})\s*([<>])\s*(-?\d+)$`);

function labelTest(requirement: string): LabelTest {
  const set = setBased.exec(requirement);
  if (set !== null) {
    const [, key = "", operator, list = ""] = set;
    const values = list.split(",").map((value) => value.trim());
    const contains = (value: Json | undefined): boolean => values.some((one) => one === value);
    return (labels) => contains(getField(labels, key)) === (operator === "in");
  }
  const equal = equality.exec(requirement);
  if (equal !== null) {
    const [, key = "", operator, value] = equal;
    return (labels) => (getField(labels, key) === value) === (operator !== "!=");
  }
  const exists = existence.exec(requirement);
  if (exists !== null) {
    const [, not, key = ""] = exists;
    return (labels) => (getField(labels, key) !== undefined) === (not === "");
  }
  const compared = comparison.exec(requirement);
  if (compared !== null) {
    const [, key = "", operator, bound] = compared;
    return (labels) => {
      const value = asString(getField(labels, key));
      if (value === undefined || !/^-?\d+$/.test(value)) return false;
      return operator === ">" ? Number(value) > Number(bound) : Number(value) < Number(bound);
    };
  }
  throw badRequest(
    `unable to parse requirement: found '${requirement}', expected: !, identifier, or 'end of string'`,
  );
}

function splitOutsideParentheses(text: string): readonly string[] {
  return text
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

/** @throws ApiError 400 for a text that is not a label selector. */
function parseLabelSelector(text: string): Selector {
  const tests = splitOutsideParentheses(text).map(labelTest);
  return (object) => tests.every((test) => test(labelsOf(object)));
}

/** The fields that a field selector may use, besides metadata.name and metadata.namespace. */
const selectableFields: Readonly<Record<string, readonly string[]>> = {
  pods: [
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "status.phase",
  ],
  events: [
    "involvedObject.kind",
    "involvedObject.name",
    "involvedObject.namespace",
    "involvedObject.uid",
    "reason",
    "type",
  ],
  namespaces: ["status.phase"],
  nodes: ["spec.unschedulable"],
  secrets: ["type"],
};

function fieldText(object: ApiObject, path: string): string {
  let value: Json | undefined = object;
  for (const field of path.split(".")) value = isObject(value) ? getField(value, field) : undefined;
  if (typeof value === "string") return value;
  return value === undefined || value === null ? "" : JSON.stringify(value);
}

/** @throws ApiError 400 for a text that is not a field selector, or a field that is not selectable. */
function parseFieldSelector(resource: ResourceType, text: string): Selector {
  const known = ["metadata.name", "metadata.namespace", ...(selectableFields[resource.plural] ?? [])];
  const tests = splitOutsideParentheses(text).map((term): Selector => {
    const match = /^([^=!]+?)(==|=|!=)(.*)$/.exec(term);
    if (match === null) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
    const [, path = "", operator, value = ""] = match;
    if (!known.includes(path)) throw badRequest(`field label not supported: ${path}`);
    return (object) => (fieldText(object, path) === value) === (operator !== "!=");
  });
  return (object) => tests.every((test) => test(object));
}

/** The label and field selector of a request in one; undefined when it has neither. */
export function selectorOf(resource: ResourceType, query: URLSearchParams): Selector | undefined {
  const labels = query.get("labelSelector") ?? "";
  const fields = query.get("fieldSelector") ?? "";
  const selectors = [
    ...(labels === "" ? [] : [parseLabelSelector(labels)]),
    ...(fields === "" ? [] : [parseFieldSelector(resource, fields)]),
  ];
  return selectors.length === 0 ? undefined : (object) => selectors.every((selects) => selects(object));
}
