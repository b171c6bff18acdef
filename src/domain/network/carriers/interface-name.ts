// The field of the catalogue that names a bridge of the nodes.
import type { Field } from "../../document/shape.ts";

/** Linux limits interface names to 15 characters; the bridge plugin fails on longer ones. */
export const interfaceName: Field = {
  required: true,
  shape: {
    kind: "parsed",
    expected: "an interface name of at most 15 characters",
    parse: (value) =>
      typeof value === "string" && /^(?!\.\.?$)[^\s/:]{1,15}$/.test(value) ? value : undefined,
  },
};
