// A fact behind a statement of multinic, and where it was read.

/** `source`: a path such as vmi.status.phase. `value`: what is there, as text. */
export interface Evidence {
  readonly source: string;
  readonly value: string;
}
