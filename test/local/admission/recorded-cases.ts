// The verdicts recorded from KubeVirt 1.9.0, and ours in the same form.
import { readFileSync } from "node:fs";
import type { KubernetesObject } from "../../../src/domain/objects/kubernetes.ts";
import type { KubevirtConfiguration } from "../../../src/local/kubevirt/configuration.ts";
import { reviewVirtualMachine } from "./judge.ts";

/** Empty fields are omitted. */
export interface RecordedVerdict {
  readonly allowed: boolean;
  readonly stage?: string;
  readonly code?: number;
  readonly message?: string;
  readonly causes?: readonly unknown[];
  readonly warnings?: readonly string[];
  readonly pruned?: readonly string[];
}

/** A case of test/vectors/kubevirt-admission. */
export interface RecordedCase {
  readonly id: string;
  readonly description?: string;
  readonly object: KubernetesObject;
  readonly oldObject?: KubernetesObject;
  readonly configuration: KubevirtConfiguration;
  readonly verdict: RecordedVerdict;
}

type Line = Omit<RecordedCase, "configuration" | "verdict"> &
  RecordedVerdict & { readonly operation: string; readonly config: string; readonly confirmed?: boolean };

const folder = new URL("../../vectors/kubevirt-admission/", import.meta.url);

export function recordedCases(file: string): RecordedCase[] {
  const configurations = JSON.parse(readFileSync(new URL("configs.json", folder), "utf8")) as Record<
    string,
    KubevirtConfiguration
  >;
  const lines = readFileSync(new URL(file, folder), "utf8").trimEnd().split("\n");
  return lines.map((text) => {
    const line = JSON.parse(text) as Line;
    const { id, description, object, oldObject, config, operation, confirmed: _, ...verdict } = line;
    const configuration = configurations[config];
    if (configuration === undefined) throw new Error(`${id}: no configuration ${config}`);
    if ((operation === "UPDATE") !== (oldObject !== undefined)) throw new Error(`${id}: no ${operation}`);
    return {
      id,
      ...(description !== undefined && { description }),
      object,
      ...(oldObject !== undefined && { oldObject }),
      configuration,
      verdict,
    };
  });
}

/** Our verdict on a case in the form of the recording. */
export function verdictOf({ object, oldObject, configuration }: RecordedCase): RecordedVerdict {
  const review = reviewVirtualMachine(object, {
    ...(oldObject !== undefined && { oldObject }),
    configuration,
  });
  const pruned = review.pruned.length > 0 ? { pruned: review.pruned } : {};
  if (review.allowed) {
    return { allowed: true, ...(review.warnings.length > 0 && { warnings: review.warnings }), ...pruned };
  }
  const { code, message, causes = [] } = review.refusal;
  const { stage } = review;
  return { allowed: false, stage, code, message, ...(causes.length > 0 && { causes }), ...pruned };
}
