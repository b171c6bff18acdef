import { readFileSync, readdirSync } from "node:fs";
import * as fc from "fast-check";
import { someOf } from "../support/rows.ts";
import { describe, it } from "vitest";
import { readDocument, readDocumentValue } from "../../src/domain/document/read-document.ts";
import { applyFix } from "../support/apply-fix.ts";

const options = { namespace: "team-a" };
const read = (text: string): ReturnType<typeof readDocument> => readDocument(text, options);
const foundIn = (text: string): readonly (readonly string[])[] =>
  read(text).findings.map(({ code, field, message }) => [code, field, message]);

const head = "apiVersion: vm.novasphere.dev/v1alpha1\nkind: Wukong\nmetadata: {name: db}\n";

describe("the examples", () => {
  it.for(someOf(readdirSync("examples")))("%s is read without a finding", (file, { expect }) => {
    const { spec, findings } = read(readFileSync(`examples/${file}`, "utf8"));
    expect(findings).toEqual([]);
    expect(spec?.namespace).toBe("team-a");
    expect(spec?.networks.map(({ name }) => name)).toEqual(expect.arrayContaining(["eth0", "eth1"]));
  });

  it("has exactly what the document says", ({ expect }) => {
    expect(read(readFileSync("examples/6.2-routes.yaml", "utf8")).spec).toEqual({
      namespace: "team-a",
      name: "multi-nic-vm",
      networks: [
        { name: "eth0", type: "bridge", primary: true, ipConfig: { mode: "dhcp" } },
        {
          name: "eth1",
          type: "macvlan",
          ipConfig: { mode: "static", address: "10.0.1.100/24" },
          routes: [{ destination: "192.168.0.0/16", gateway: "10.0.1.1", metric: 100 }],
        },
      ],
    });
  });
});

describe("the two forms", () => {
  const spec = {
    namespace: "shop",
    name: "db",
    cpu: 2,
    memory: "4Gi",
    bootDisk: { name: "root", containerImage: "quay.io/containerdisks/fedora:42" },
    disks: [{ persistentVolumeClaim: "data" }, { dataVolume: "more" }],
    userData: { secretName: "init" },
    runStrategy: "RerunOnFailure",
    labels: { app: "web", "example.org/team": "a", canary: "" },
    networks: [
      {
        name: "eth0",
        type: "bridge",
        nadName: "lan",
        vlanId: 7,
        ipConfig: {
          mode: "static",
          address: "192.0.2.10/24",
          addresses: ["2001:db8::10/64"],
          gateway: "192.0.2.1",
          dnsServers: ["192.0.2.53"],
          searchDomains: ["example.org"],
          defaultRoute: "never",
        },
        primary: false,
        priority: 0,
        mtu: 9000,
        routes: [{ destination: "198.51.100.0/24", gateway: "192.0.2.1", metric: 4294967295 }],
        physicalNetwork: "lan",
        macAddress: "02:00:5e:10:00:01",
        linkState: "down",
      },
    ],
  };

  it("give the same spec for Wukong, for the API's JSON and for the API's own names", ({ expect }) => {
    const { namespace, name, ...machine } = spec;
    const wukong = {
      apiVersion: "vm.novasphere.dev/v1alpha1",
      kind: "Wukong",
      metadata: { name, namespace },
      spec: machine,
    };
    const snake = JSON.stringify(spec)
      .replaceAll(
        /"([a-z]+[A-Z]\w*)":/g,
        (_all, key: string) => `"${key.replaceAll(/[A-Z]/g, (l) => `_${l.toLowerCase()}`)}":`,
      )
      .replace('"bridge"', '"NETWORK_TYPE_BRIDGE"')
      .replace('"static"', '"IP_MODE_STATIC"')
      .replace('"never"', '"DEFAULT_ROUTE_NEVER"')
      .replace('"down"', '"LINK_STATE_DOWN"')
      .replace('"RerunOnFailure"', '"RUN_STRATEGY_RERUN_ON_FAILURE"');
    expect(snake).toContain('"vlan_id":7');
    for (const text of [JSON.stringify(wukong), JSON.stringify(spec, null, "\t"), snake]) {
      expect(read(text)).toEqual({ spec, findings: [] });
    }
  });

  it("prefer the namespace of the document to the caller's", ({ expect }) => {
    expect(read("name: db\nnamespace: shop").spec?.namespace).toBe("shop");
    expect(read("name: db").spec?.namespace).toBe("team-a");
    expect(read(head.replace("name: db", "name: db, namespace: shop")).spec?.namespace).toBe("shop");
  });

  it("ignore what belongs to the resource: labels, managedFields, status", ({ expect }) => {
    const text = `${head.replace("name: db", "name: db, uid: x, labels: {a: b}, managedFields: [{}]")}status: {phase: x}`;
    expect(read(text)).toEqual({ spec: { namespace: "team-a", name: "db", networks: [] }, findings: [] });
  });

  it("treat null and empty text as absent, as Kubernetes and protobuf do", ({ expect }) => {
    expect(
      read("name: db\ncpu:\nmemory: ''\nnetworks: [{name: a, nadName: '', type: NETWORK_TYPE_UNSPECIFIED}]"),
    ).toEqual({
      spec: { namespace: "team-a", name: "db", networks: [{ name: "a" }] },
      findings: [],
    });
  });

  it("are distinguished by apiVersion, kind, metadata or spec", ({ expect }) => {
    expect(foundIn("spec: {networks: []}\nmetadata: {name: db}")).toEqual([
      ["FIELD_REQUIRED", "apiVersion", "apiVersion is required"],
      ["FIELD_REQUIRED", "kind", "kind is required"],
    ]);
    expect(
      foundIn(
        "apiVersion: kubevirt.io/v1\nkind: VirtualMachine\nmetadata: {name: db}\nspec: {running: true}",
      ),
    ).toEqual([
      ["VALUE_UNKNOWN", "apiVersion", "kubevirt.io/v1 is not one of vm.novasphere.dev/v1alpha1"],
      ["VALUE_UNKNOWN", "kind", "VirtualMachine is not one of Wukong"],
    ]);
  });

  it("are the same for values that are already parsed", ({ expect }) => {
    const value = {
      apiVersion: "vm.novasphere.dev/v1alpha1",
      kind: "Wukong",
      metadata: { name: "db" },
      spec: {},
    };
    expect(readDocumentValue(value, options).spec?.name).toBe("db");
  });
});

describe("what does not fit", () => {
  it.for([
    [
      "an unknown field",
      "spec: {networks: [{name: a}, {name: b, vlanID: 5}]}",
      "UNKNOWN_FIELD",
      "networks[1].vlanID",
      "vlanId",
    ],
    ["an unknown field of the machine", "spec: {memoryy: 4Gi}", "UNKNOWN_FIELD", "memoryy", "memory"],
    ["an unknown field of the resource", "sepc: {}", "UNKNOWN_FIELD", "sepc", "rename sepc to spec"],
    ["the API's spelling in a Wukong", "spec: {boot_disk: {}}", "UNKNOWN_FIELD", "boot_disk", "bootDisk"],
    [
      "text for a number",
      "spec: {networks: [{name: a, vlanId: '100'}]}",
      "WRONG_TYPE",
      "networks[0].vlanId",
      "a whole number, not text",
    ],
    ["a fraction", "spec: {cpu: 1.5}", "WRONG_TYPE", "cpu", "a whole number from"],
    ["a number that no one can carry", "spec: {cpu: 3000000000}", "WRONG_TYPE", "cpu", "2147483647"],
    [
      "a negative metric",
      "spec: {networks: [{name: a, routes: [{destination: x, gateway: y, metric: -1}]}]}",
      "WRONG_TYPE",
      "networks[0].routes[0].metric",
      "from 0 to 4294967295",
    ],
    [
      "a mapping for a list",
      "spec: {networks: {name: a}}",
      "WRONG_TYPE",
      "networks",
      "a list, not a mapping",
    ],
    [
      "text for a list",
      "spec: {networks: [{name: a, ipConfig: {dnsServers: 192.0.2.53}}]}",
      "WRONG_TYPE",
      "networks[0].ipConfig.dnsServers",
      "a list, not text",
    ],
    [
      "a list for a mapping",
      "spec: {networks: [{name: a, ipConfig: [x]}]}",
      "WRONG_TYPE",
      "networks[0].ipConfig",
      "a mapping, not a list",
    ],
    [
      "a word for a switch",
      "spec: {networks: [{name: a, primary: yes}]}",
      "WRONG_TYPE",
      "networks[0].primary",
      "true or false, not text",
    ],
    [
      "null in a list",
      "spec: {networks: [{name: a}, null]}",
      "WRONG_TYPE",
      "networks[1]",
      "a mapping, not empty",
    ],
    [
      "a number for text",
      "spec: {networks: [{name: 5}]}",
      "WRONG_TYPE",
      "networks[0].name",
      "text, not a whole number",
    ],
    [
      "a number for the value of a label",
      "spec: {labels: {app: web, example.org/build: 7}}",
      "WRONG_TYPE",
      'labels["example.org/build"]',
      "text, not a whole number",
    ],
    [
      "no value for a label",
      "spec: {labels: {canary: }}",
      "WRONG_TYPE",
      'labels["canary"]',
      "text, not empty",
    ],
    ["a list for labels", "spec: {labels: [app]}", "WRONG_TYPE", "labels", "a mapping, not a list"],
    [
      "a label that is given twice",
      "spec: {labels: {example.org/team: a, example.org/team: b}}",
      "DOCUMENT_INVALID",
      'labels["example.org/team"]',
      "example.org/team is given twice",
    ],
    ["a switch for an amount", "spec: {memory: true}", "WRONG_TYPE", "memory", "an amount such as 4Gi"],
    [
      "an unknown word",
      "spec: {networks: [{name: a, type: Bridge}]}",
      "VALUE_UNKNOWN",
      "networks[0].type",
      "bridge, macvlan, sriov, ovs, pod",
    ],
    [
      "a name of the API in a Wukong",
      "spec: {runStrategy: RUN_STRATEGY_ALWAYS}",
      "VALUE_UNKNOWN",
      "runStrategy",
      "Always",
    ],
    [
      "a NIC without a name",
      "spec: {networks: [{type: bridge}]}",
      "FIELD_REQUIRED",
      "networks[0].name",
      "name is required",
    ],
    [
      "a route without its next hop",
      "spec: {networks: [{name: a, routes: [{destination: x}]}]}",
      "FIELD_REQUIRED",
      "networks[0].routes[0].gateway",
      "gateway is required",
    ],
    [
      "two sources of a disk",
      "spec: {bootDisk: {containerImage: a, dataVolume: b}}",
      "DISK_SOURCE_INVALID",
      "bootDisk",
      "this one has 2",
    ],
    [
      "two sources of user-data",
      "spec: {userData: {text: a, secretName: b}}",
      "USER_DATA_SOURCE_INVALID",
      "userData",
      "it has 2",
    ],
    [
      "a key given twice",
      "spec: {networks: [{name: a, ipConfig: {address: x, address: y}}]}",
      "DOCUMENT_INVALID",
      "networks[0].ipConfig.address",
      "line 4, column 52: address is given twice",
    ],
  ] as const)("%s is reported with its path", ([, text, code, field, words], { expect }) => {
    const findings = read(head + text).findings;
    expect(findings.map((found) => [found.code, found.field])).toEqual([[code, field]]);
    expect(`${findings[0]?.message} ${findings[0]?.fix?.description}`).toContain(words);
  });

  it("is reported if spec or metadata is not a mapping", ({ expect }) => {
    expect(foundIn(`${head}spec: [x]`)).toEqual([["WRONG_TYPE", "spec", "must be a mapping, not a list"]]);
    expect(foundIn(`${head.replace("{name: db}", "db")}spec: {}`)).toEqual([
      ["WRONG_TYPE", "metadata", "must be a mapping, not text"],
      ["FIELD_REQUIRED", "metadata.name", "name is required"],
    ]);
  });

  it("is always a finding and never an exception", ({ expect }) => {
    const keys = fc.constantFrom(
      "apiVersion",
      "kind",
      "spec",
      "name",
      "networks",
      "routes",
      "ipConfig",
      "disks",
      "type",
      "mtu",
    );
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 5 },
        fc.jsonValue(),
        fc.array(tie("value")),
        fc.dictionary(keys, tie("value")),
      ),
    }));
    fc.assert(
      fc.property(value, (any) => {
        const { spec, findings } = read(JSON.stringify(any));
        expect(spec !== undefined || findings.length > 0).toBe(true);
        expect(() => JSON.stringify(findings)).not.toThrow();
      }),
    );
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => void read(text)));
  });

  it("is reported all at once, and the rest is read", ({ expect }) => {
    const { spec, findings } = read(
      "nmae: db\ncpu: two\nnetworks:\n- {name: a, typ: bridge, mtu: 1500}\n- 5\n- {name: c}\n",
    );
    expect(findings.map(({ code, field }) => [code, field])).toEqual([
      ["UNKNOWN_FIELD", "nmae"],
      ["WRONG_TYPE", "cpu"],
      ["UNKNOWN_FIELD", "networks[0].typ"],
      ["WRONG_TYPE", "networks[1]"],
      ["FIELD_REQUIRED", "name"],
    ]);
    expect(spec).toEqual({
      namespace: "team-a",
      name: "",
      networks: [{ name: "a", mtu: 1500 }, { name: "" }, { name: "c" }],
    });
  });

  it("is reported by its own path in the metadata of a Wukong", ({ expect }) => {
    expect(
      foundIn("apiVersion: vm.novasphere.dev/v1alpha1\nkind: Wukong\nmetadata: {nmae: db}\nspec: {}"),
    ).toEqual([
      ["UNKNOWN_FIELD", "metadata.nmae", "unknown field nmae; known fields are name, namespace"],
      ["FIELD_REQUIRED", "metadata.name", "name is required"],
    ]);
  });

  it("is one field under both of its names", ({ expect }) => {
    expect(foundIn("name: db\nrunStrategy: Always\nrun_strategy: RUN_STRATEGY_HALTED")).toEqual([
      ["DOCUMENT_INVALID", "run_strategy", "run_strategy and runStrategy are the same field; give it once"],
    ]);
  });

  it.for([
    { name: "db", networks: [{ name: "a", vlanID: 5 }] },
    { name: "db", netwroks: [{ name: "a" }] },
    { name: "db", networks: [{ name: "a", vlanId: "5" }] },
    { name: "db", networks: [{ name: 5 }] },
    { name: "db", labels: { "example.org/build": 7 } },
    { name: "db", labels: { canary: null, beta: true } },
    { name: "db", networks: [{ name: "a", primary: "yes" }] },
    {
      name: "db",
      networks: [
        { name: "a", type: "SRIOV" },
        { name: "b", type: "NETWORK_TYPE_BRIGDE" },
      ],
    },
  ])("is corrected by its fix: %j", (given, { expect }) => {
    const { findings } = readDocumentValue(given, options);
    expect(findings.length).toBeGreaterThan(0);
    const mended = findings.reduce<object>(
      (at, { fix }) => applyFix(at, fix ?? { description: "", patches: [] }),
      given,
    );
    expect(readDocumentValue(mended, options).findings).toEqual([]);
  });

  it("never treats a JavaScript property as a field", ({ expect }) => {
    expect(
      foundIn('{"name": "db", "__proto__": {"cpu": 2}, "constructor": 1, "networks": []}').map(
        ([code, field]) => [code, field],
      ),
    ).toEqual([
      ["UNKNOWN_FIELD", "__proto__"],
      ["UNKNOWN_FIELD", "constructor"],
    ]);
  });
});

describe("what is not a document", () => {
  it.for([
    ["nothing", "", "the document is empty"],
    ["a comment", "# nothing\n", "the document is empty"],
    ["a list", "- a", "must be a mapping, not a list"],
    ["a word", "hello", "must be a mapping, not text"],
    [
      "two documents",
      "name: a\n---\nname: b\n",
      "line 2, column 1: a second document starts here; pass one document at a time",
    ],
    [
      "a tab for indentation",
      "networks:\n\t- name: a\n",
      "line 2, column 1: Tabs are not allowed as indentation",
    ],
    ["an open bracket", "name: db\nnetworks: [{name: a}\n", "line 3, column 1"],
    ["an unknown tag", "name: !secret db", "line 1, column 7: Unresolved tag: !secret"],
    ["no number", "cpu: .nan", "line 1, column 6: not a finite number"],
    ["a list for a key", "? [a]\n: b", "a key must be plain text"],
    ["an alias without anchor", "name: *x", "there is no anchor &x before *x"],
    ["an alias that contains itself", "networks: &a [*a]", "*a contains itself"],
  ] as const)("%s", ([, text, words], { expect }) => {
    const { spec, findings } = read(text);
    expect(spec).toBeUndefined();
    expect(findings[0]).toMatchObject({ code: "DOCUMENT_INVALID", severity: "error", field: "" });
    expect(findings[0]?.message).toContain(words);
  });

  it("a few aliases are followed", ({ expect }) => {
    expect(
      read("name: db\nnetworks: [{name: a, ipConfig: &d {mode: dhcp}}, {name: b, ipConfig: *d}]").spec
        ?.networks,
    ).toEqual([
      { name: "a", ipConfig: { mode: "dhcp" } },
      { name: "b", ipConfig: { mode: "dhcp" } },
    ]);
  });

  const bomb = ["a", "b", "c", "d", "e", "f"]
    .map(
      (name, depth, all) =>
        `${name}: &${name} [${Array(9)
          .fill(depth === 0 ? "x" : `*${all[depth - 1]}`)
          .join(", ")}]\n`,
    )
    .join("");
  it.for([
    ["more than 1 MiB", "#".repeat(1_048_577), "larger than 1048576 bytes"],
    ["more than 1 MiB in bytes", "#" + "é".repeat(524_289), "larger than 1048576 bytes"],
    ["aliases of aliases", bomb, "the aliases cannot be resolved"],
    ["many aliases", `a: &a x\nb: [${"*a, ".repeat(101)}]`, "more than 100 aliases"],
    ["deep brackets", "[".repeat(1_000_000), "nested more than 64 levels deep"],
    ["deep mappings", "{a: ".repeat(200_000), "nested more than 64 levels deep"],
    ["deep items on one line", "- ".repeat(500_000), "nested more than 64 levels deep"],
    ["deep keys on one line", "? ".repeat(500_000), "nested more than 64 levels deep"],
    [
      "deep blocks",
      Array.from({ length: 1400 }, (_, depth) => `${" ".repeat(depth)}-\n`).join(""),
      "nested too deeply",
    ],
    ["a million numbers", `networks: [${"1,".repeat(500_000)}]`, "more than 100000 YAML tokens"],
    ["endless errors", "]".repeat(1_000_000), "more than 100000 YAML tokens"],
  ] as const)("%s are refused quickly", ([, text, words], { expect }) => {
    const started = performance.now();
    expect(
      read(text)
        .findings.map(({ message }) => message)
        .join(),
    ).toContain(words);
    expect(performance.now() - started).toBeLessThan(3_000);
  });

  it("many unknown fields give many findings, up to a limit", ({ expect }) => {
    const text = Array.from({ length: 20_000 }, (_, index) => `k${index}:`).join("\n");
    expect(read(text).findings).toHaveLength(500);
  });
});
