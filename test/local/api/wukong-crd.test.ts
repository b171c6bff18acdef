// The CRD of Wukong rejects nothing that multinic accepts.
import * as fc from "fast-check";
import { describe, it } from "vitest";
import { builtInCatalogue } from "../../../src/domain/catalogue.ts";
import { noFacts } from "../../../src/domain/facts.ts";
import { hasErrors } from "../../../src/domain/findings.ts";
import { checkVm } from "../../../src/domain/validate/check-vm.ts";
import type { Json } from "../../../src/local/api/json.ts";
import type { ApiObject } from "../../../src/local/api/object.ts";
import { findKind } from "../../../src/local/api/resource-types.ts";
import { prune } from "../../../src/local/api/schema-prune.ts";
import { specCauses } from "../../../src/local/api/schema-rules.ts";
import { schemaOf } from "../../../src/local/api/schemas.ts";
import { arbitrarySpec } from "../../domain/arbitrary-spec.ts";
import { runsOf } from "../../support/runs.ts";

const apiVersion = "vm.novasphere.dev/v1alpha1";
const resource = findKind(apiVersion, "Wukong");
if (resource === undefined) throw new Error("the embedded API does not serve Wukong");

describe("the CRD of Wukong", () => {
  it("has every field, and accepts every value, that multinic accepts", ({ expect }) => {
    let accepted = 0;
    fc.assert(
      fc.property(arbitrarySpec, ({ namespace, name, ...spec }) => {
        const { findings } = checkVm({ namespace, name, ...spec }, builtInCatalogue(), noFacts);
        if (hasErrors(findings)) return;
        accepted += 1;
        const object = { apiVersion, kind: "Wukong", metadata: { namespace, name }, spec };
        expect(prune(object as unknown as Json, schemaOf(resource.schema)).unknown).toEqual([]);
        expect(specCauses(resource, object as unknown as ApiObject)).toEqual([]);
      }),
      { numRuns: runsOf(2_000) },
    );
    expect(accepted).toBeGreaterThan(runsOf(2_000) / 10);
  }, 120_000);
});
