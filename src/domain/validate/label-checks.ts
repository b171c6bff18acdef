// Checks of the labels of the VM.
import { type Finding, finding } from "../findings.ts";
import { removeField } from "../fix.ts";
import { isReservedLabel, labelKeyProblem, labelValueProblem } from "../labels.ts";
import { entryPath } from "../paths.ts";
import type { VmCheck } from "./context.ts";

const labelsAreLabels: VmCheck = ({ spec: { labels = {} } }) =>
  Object.entries(labels).map(([key, value]): Finding | undefined => {
    const field = entryPath("labels", key);
    const ofKey = labelKeyProblem(key);
    if (ofKey !== undefined) return finding("LABEL_INVALID", field, { given: key, problem: ofKey });
    if (isReservedLabel(key)) return finding("LABEL_RESERVED", field, { key }, { fix: removeField(field) });
    const ofValue = labelValueProblem(value);
    return ofValue === undefined
      ? undefined
      : finding("LABEL_INVALID", field, { given: value, problem: ofValue });
  });

export const labelChecks: readonly VmCheck[] = [labelsAreLabels];
