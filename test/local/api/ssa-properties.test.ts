// Properties of server-side apply, with random configurations of several managers.
import * as fc from "fast-check";
import { describe, it } from "vitest";
import type { ApiObject } from "../../../src/local/api/object.ts";
import { findKind } from "../../../src/local/api/resource-types.ts";
import { schemaOf } from "../../../src/local/api/schemas.ts";
import { applyConfig } from "../../../src/local/api/ssa/apply.ts";
import { compare, fieldsOf } from "../../../src/local/api/ssa/compare.ts";
import {
  type FieldSet,
  FieldSetBuilder,
  difference,
  fromFieldsV1,
  intersection,
  isEmpty,
  paths,
  toFieldsV1,
  union,
} from "../../../src/local/api/ssa/field-set.ts";
import { decodeManagers, withoutManagers } from "../../../src/local/api/ssa/managers.ts";

const found = findKind("v1", "Pod");
if (found === undefined) throw new Error("pods are served");
const pod = found;
const schema = schemaOf(pod.schema);

const name = fc.constantFrom("a", "b", "c");
const value = fc.constantFrom("1", "2");

/**
 * A pod with a map, a set, a keyed list with a keyed list in it, atomic lists and plain fields. No part is empty,
 * because neither server stores the empty parts of a core kind.
 */
const config: fc.Arbitrary<ApiObject> = fc
  .record(
    {
      labels: fc.dictionary(name, value, { minKeys: 1 }),
      finalizers: fc.uniqueArray(name, { minLength: 1 }),
      hostname: value,
      containers: fc.uniqueArray(
        fc.record(
          {
            name,
            image: value,
            args: fc.array(value),
            ports: fc.uniqueArray(fc.record({ containerPort: fc.constantFrom(80, 81), name: value }), {
              minLength: 1,
              selector: (port) => port.containerPort,
            }),
          },
          { requiredKeys: ["name"] },
        ),
        { minLength: 1, selector: (container) => container.name },
      ),
    },
    { requiredKeys: ["hostname"] },
  )
  .map(({ labels, finalizers, ...spec }) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "p",
      ...(labels !== undefined && { labels }),
      ...(finalizers !== undefined && { finalizers }),
    },
    spec,
  }));

const step = fc.record({ manager: name, config });

function apply(live: ApiObject | undefined, manager: string, given: ApiObject): ApiObject {
  return applyConfig(
    pod,
    live,
    given,
    { manager, subresource: undefined, time: "2026-01-01T00:00:00Z" },
    true,
  );
}

function applyAll(
  steps: readonly { readonly manager: string; readonly config: ApiObject }[],
): ApiObject | undefined {
  return steps.reduce<ApiObject | undefined>(
    (live, { manager, config }) => apply(live, manager, config),
    undefined,
  );
}

const owned = (object: ApiObject, who: string): FieldSet | undefined =>
  decodeManagers(object).find(({ manager }) => manager === who)?.fields;

const texts = (set: FieldSet | undefined): readonly string[] =>
  set === undefined ? [] : paths(set).map((path) => path.join(" "));

describe("server-side apply", () => {
  it("changes nothing when it is repeated", ({ expect }) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 5 }), step, (before, { manager, config }) => {
        const once = apply(applyAll(before), manager, config);
        expect(apply(once, manager, config)).toEqual(once);
      }),
    );
  });

  it("sets every applied field", ({ expect }) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 5 }), step, (before, { manager, config }) => {
        const live = apply(applyAll(before), manager, config);
        const { modified, removed } = compare(config, withoutManagers(live), schema);
        const order = texts(removed).concat(texts(modified));
        expect(order).toEqual([]);
      }),
    );
  });

  it("leaves every field with an owner", ({ expect }) => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 6 }), (steps) => {
        const live = applyAll(steps);
        if (live === undefined) return;
        const all = decodeManagers(live).reduce<FieldSet>(
          (set, { fields }) => union(set, fields),
          new FieldSetBuilder().build(),
        );
        const present = texts(fieldsOf(withoutManagers(live), schema)).filter(
          (path) => !/^f:(apiVersion|kind|metadata f:name)$/.test(path),
        );
        expect(present.filter((path) => !texts(all).includes(path) && !path.endsWith("f:spec"))).toEqual([]);
      }),
    );
  });

  it("of a single manager leaves it the fields that it applied last", ({ expect }) => {
    fc.assert(
      fc.property(fc.array(config, { maxLength: 4 }), config, (before, last) => {
        const live = applyAll([...before, last].map((one) => ({ manager: "a", config: one })));
        expect(texts(live === undefined ? undefined : owned(live, "a"))).toEqual(
          texts(fieldsOf(last, schema)).filter((path) => !/^f:(apiVersion|kind|metadata f:name)$/.test(path)),
        );
      }),
    );
  });

  it("has the same result for managers of different fields in either order", ({ expect }) => {
    const labelled = (labels: Record<string, string>): ApiObject => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "p", labels },
      spec: {},
    });
    fc.assert(
      fc.property(
        fc.dictionary(name, value),
        fc.dictionary(fc.constantFrom("x", "y"), value),
        (left, right) => {
          const one = applyAll([
            { manager: "a", config: labelled(left) },
            { manager: "b", config: labelled(right) },
          ]);
          const other = applyAll([
            { manager: "b", config: labelled(right) },
            { manager: "a", config: labelled(left) },
          ]);
          expect(one?.metadata["labels"]).toEqual(other?.metadata["labels"]);
        },
      ),
    );
  });
});

describe("field sets", () => {
  const path = fc.array(fc.constantFrom("f:a", "f:b", 'k:{"name":"x"}', 'v:"y"'), {
    minLength: 1,
    maxLength: 3,
  });
  const set = fc.array(path, { maxLength: 8 }).map((all) => {
    const builder = new FieldSetBuilder();
    for (const one of all) builder.insert(one);
    return builder.build();
  });

  it("survive the conversion to FieldsV1 and back", ({ expect }) => {
    fc.assert(
      fc.property(set, (one) => {
        expect(texts(fromFieldsV1(toFieldsV1(one)))).toEqual(texts(one));
      }),
    );
  });

  it("behave as sets", ({ expect }) => {
    fc.assert(
      fc.property(set, set, (a, b) => {
        expect(isEmpty(intersection(difference(a, b), b))).toBe(true);
        expect(texts(union(difference(a, b), intersection(a, b)))).toEqual(texts(a));
        expect(texts(union(a, b))).toEqual(texts(union(b, a)));
      }),
    );
  });
});
