// Names that kube-apiserver accepts and refuses (k8s.io/apimachinery pkg/util/validation).
import { it } from "vitest";
import { nameCauses } from "../../../src/local/api/metadata-rules.ts";
import { namespaceType, type ResourceType } from "../../../src/local/api/resource-types.ts";

const secretLike = { ...namespaceType, kind: "Secret" } satisfies ResourceType;

it.for<[string, ResourceType, string, readonly RegExp[]]>([
  ["a namespace with a label", namespaceType, "team-a", []],
  ["a namespace that is valid except for a dot", namespaceType, "team.a", [/: must not contain dots$/]],
  ["a namespace with a dot and another error", namespaceType, "-team.a", [/: a lowercase RFC 1123 label /]],
  ["a namespace that is too long", namespaceType, "a".repeat(64), [/: must be no more than 63 characters$/]],
  ["another object with dots", secretLike, "team.a", []],
  ["another object with capitals", secretLike, "Team", [/: a lowercase RFC 1123 subdomain /]],
  [
    "another object that is too long and has capitals",
    secretLike,
    "A".repeat(254),
    [/: must be no more than 253 characters$/, /: a lowercase RFC 1123 subdomain /],
  ],
])("checks the name of %s", ([, resource, name, faults], { expect }) => {
  expect(nameCauses(resource, name).map(({ message }) => message)).toEqual(
    faults.map((fault) => expect.stringMatching(fault) as string),
  );
});
