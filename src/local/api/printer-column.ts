// What `kubectl get` prints of an object, besides its name.

/** A column of `kubectl get`, like those of a CRD's additionalPrinterColumns. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: "string" | "date" | "integer";
  /** A plain path (`.status.phase`), or one with a condition filter (`.status.conditions[?(@.type=='Ready')].status`). */
  readonly jsonPath: string;
  /** Prints how many entries the value has. */
  readonly count?: boolean;
  /** Above 0: printed with `-o wide` only. */
  readonly priority?: number;
}
