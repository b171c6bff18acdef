// The path of a field as KubeVirt's causes write it: `spec.template.spec.networks[0].name`.

/** An immutable path; `child` and `index` return longer ones. */
export class FieldPath {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  child(...names: readonly string[]): FieldPath {
    return new FieldPath([this.text, ...names].join("."));
  }

  index(position: number): FieldPath {
    return new FieldPath(`${this.text}[${position}]`);
  }
}
