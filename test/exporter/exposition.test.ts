// How samples are written: another parser of the format reads every label back.
import { assert, dictionary, oneof, property, string, stringMatching } from "fast-check";
import { describe, it } from "vitest";
import { renderHead, renderLabels, renderSample } from "../../src/exporter/exposition.ts";
import { readNicCounters } from "../../src/exporter/virt-handler-text.ts";
import { parseExposition } from "./parse-exposition.ts";

const family = { name: "a_total", help: 'back\\slash, "quotes"\nand two lines', type: "counter" } as const;
/** Any text, and text of the characters that matter. */
const anyText = oneof(string({ unit: "binary" }), stringMatching(/^[\\"\n{},= #a]*$/));

describe("a family", () => {
  it("has its help and type once, escaped", ({ expect }) => {
    const text = renderHead(family) + renderSample("a_total", "", "1");
    expect(text).toBe(
      '# HELP a_total back\\\\slash, "quotes"\\nand two lines\n# TYPE a_total counter\na_total{} 1\n',
    );
    expect(parseExposition(text).get("a_total")).toMatchObject(family);
  });

  it.for([
    ["a backslash", "\\", '{a="\\\\"}'],
    ["a quote", '"', '{a="\\""}'],
    ["a line feed", "\n", '{a="\\n"}'],
    ["a backslash before an n", "\\n", '{a="\\\\n"}'],
    ["braces and commas", '{a="b",}', '{a="{a=\\"b\\",}"}'],
    ["nothing", "", '{a=""}'],
  ] as const)("writes a label of %s", ([, value, text], { expect }) => {
    expect(renderSample("x", renderLabels({ a: value }), "1")).toBe(`x${text} 1\n`);
  });

  it("writes labels that another parser reads back", ({ expect }) => {
    assert(
      property(dictionary(stringMatching(/^[a-z_]{1,8}$/), anyText), (labels) => {
        const text =
          renderHead(family) + renderSample("a_total", renderLabels(labels), "18446744073709551615");
        const [sample] = parseExposition(text).get("a_total")?.samples ?? [];
        expect(sample?.labels).toEqual(new Map(Object.entries(labels)));
        expect(sample?.value).toBe("18446744073709551615");
      }),
      { numRuns: 500 },
    );
  });

  it("is also read by the parser for virt-handler", ({ expect }) => {
    assert(
      property(anyText, anyText, anyText, (namespace, name, nic) => {
        const labels = renderLabels({
          interface: nic,
          kubernetes_vmi_label_a: 'name="x"',
          name,
          namespace,
          node: "n",
        });
        const { readings, unreadable } = readNicCounters(
          renderSample("kubevirt_vmi_network_receive_bytes_total", labels, "7"),
        );
        expect(unreadable).toBe(0);
        expect(readings).toEqual([
          { namespace, vm: name, nic, node: "n", counters: new Map([["receive_bytes", 7n]]) },
        ]);
      }),
    );
  });
});

describe("the parser of the tests refuses", () => {
  it.for([
    ["a family in two places", "# HELP a x\n# TYPE a gauge\na 1\n# HELP b x\n# TYPE b gauge\na 2\n"],
    ["a second HELP", "# HELP a x\n# TYPE a gauge\n# HELP a x\n"],
    ["a series twice", '# HELP a x\n# TYPE a gauge\na{b="1",c="2"} 1\na{c="2",b="1"} 1\n'],
    ["an open label", '# HELP a x\n# TYPE a gauge\na{b="1} 1\n'],
    ["an unknown escape", '# HELP a x\n# TYPE a gauge\na{b="\\t"} 1\n'],
    ["no line feed at the end", "# HELP a x\n# TYPE a gauge\na 1"],
  ] as const)("%s", ([, text], { expect }) => {
    expect(() => parseExposition(text)).toThrow();
  });
});
