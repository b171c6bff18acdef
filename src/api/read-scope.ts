// The namespaces, VM names and filters of a request, read once.
import { InterfaceState as ProtoInterfaceState } from "../../gen/multinic/v1/virtual_machine_pb.ts";
import { scopeOf, type StatusScope } from "../app/status-scope.ts";
import { isDnsLabel, isDnsSubdomain } from "../domain/names.ts";
import type { InterfaceState } from "../domain/status/interface-status.ts";
import { interfaceStateToProto, wordOf } from "../wire/enums.ts";
import { type FieldViolation, invalidArgument } from "./transport/errors.ts";

const maxNamespaces = 100;
/** More names cost more than a call may: all streams of all clients are served by one thread. */
const maxVmNames = 1_000;

/** @throws ConnectError INVALID_ARGUMENT with everything that is wrong. */
export function readScope(namespaces: readonly string[], vmNames: readonly string[] = []): StatusScope {
  const scope = scopeOf(namespaces, vmNames);
  const violations = [
    ...tooMany("namespaces", namespaces, maxNamespaces),
    ...tooMany("vmNames", vmNames, maxVmNames),
  ];
  if (violations.length > 0) throw invalidArgument(violations);
  violations.push(
    ...malformed("namespaces", namespaces, isDnsLabel, "a DNS label such as shop"),
    ...malformed("vmNames", vmNames, isDnsSubdomain, "the name of a VM such as web"),
  );
  if (vmNames.length > 0 && scope.namespaces.size !== 1) {
    const description = `VM names need exactly one namespace, but there are ${scope.namespaces.size}; set namespaces to the namespace of these VMs`;
    violations.push({ field: "vmNames", description, reason: "NAMESPACE_REQUIRED" });
  }
  if (violations.length > 0) throw invalidArgument(violations);
  return scope;
}

function tooMany(field: string, values: readonly string[], limit: number): readonly FieldViolation[] {
  if (values.length <= limit) return [];
  const description = `${values.length} names; at most ${limit} are allowed`;
  return [{ field, description, reason: "LIMIT_EXCEEDED" }];
}

function malformed(
  field: string,
  values: readonly string[],
  isValid: (text: string) => boolean,
  expected: string,
): readonly FieldViolation[] {
  return values.flatMap((value, index) => {
    if (isValid(value)) return [];
    const description = `${JSON.stringify(value.slice(0, 80))} is not ${expected}`;
    return [{ field: `${field}[${index}]`, description, reason: "NAME_INVALID" }];
  });
}

/** @throws ConnectError INVALID_ARGUMENT for UNSPECIFIED and for values that this version does not know. */
export function readStates(states: readonly ProtoInterfaceState[]): ReadonlySet<InterfaceState> {
  const violations: FieldViolation[] = [];
  const words = states.flatMap((state, index) => {
    const word = wordOf(interfaceStateToProto, state);
    if (word !== undefined) return [word];
    const name = state === ProtoInterfaceState.UNSPECIFIED ? "UNSPECIFIED" : String(state);
    const description = `${name} is not a state to select; use UP, DOWN or UNKNOWN`;
    violations.push({ field: `filter.states[${index}]`, description, reason: "VALUE_UNKNOWN" });
    return [];
  });
  if (violations.length > 0) throw invalidArgument(violations);
  return new Set(words);
}
