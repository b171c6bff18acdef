import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, type ExpectStatic, it } from "vitest";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { FindingsSchema, type Finding } from "../../gen/multinic/v1/network_pb.ts";
import { specToProto } from "../../src/wire/spec-to-proto.ts";
import { readDocument } from "../../src/domain/document/read-document.ts";
import { runMain } from "./main-process.ts";
import { startRunningService, type RunningService } from "./running-service.ts";

const namespace = "inputs";

/** A Wukong with those NICs, each a line of YAML in flow style. */
const wukong = (networks: readonly string[], name = "web", metadata = ""): string =>
  [
    "apiVersion: vm.novasphere.dev/v1alpha1",
    "kind: Wukong",
    `metadata: {name: ${name}${metadata}}`,
    "spec:",
    networks.length === 0 ? "  networks: []" : "  networks:",
    ...networks.map((nic) => `  - ${nic}`),
    "",
  ].join("\n");

const address = "ipConfig: {mode: static, address: 10.0.1.100/24}";

interface Row {
  readonly document: string;
  /** What must be found, and the patches of its fix where there is one. */
  readonly finding: { readonly code: string; readonly field: string };
  readonly patches?: readonly (readonly [field: string, value: unknown])[];
  /** Absent: INVALID_ARGUMENT. */
  readonly refusedWith?: Code;
}

/** Documents of the right form: refused by the service, whoever sends them. */
const wrongSpecs: Readonly<Record<string, Row>> = {
  "two primary NICs": {
    document: wukong(["{name: eth0, primary: true}", "{name: eth1, primary: true}"]),
    finding: { code: "PRIMARY_AMBIGUOUS", field: "networks[1].primary" },
    patches: [["networks[1].primary", undefined]],
  },
  "two NICs of one name": {
    document: wukong(["{name: eth0}", "{name: eth0}"]),
    finding: { code: "NIC_NAME_DUPLICATE", field: "networks[1].name" },
    patches: [["networks[1].name", "eth1"]],
  },
  "a route destination with host bits": {
    document: wukong([
      `{name: eth0, ${address}, routes: [{destination: 192.168.1.1/16, gateway: 10.0.1.1}]}`,
    ]),
    finding: { code: "ROUTE_HOST_BITS", field: "networks[0].routes[0].destination" },
    patches: [["networks[0].routes[0].destination", "192.168.0.0/16"]],
  },
  "VLAN 4095": {
    document: wukong(["{name: eth0, vlanId: 4095}"]),
    finding: { code: "VLAN_INVALID", field: "networks[0].vlanId" },
  },
  "a gateway off the link": {
    document: wukong(["{name: eth0, ipConfig: {mode: static, address: 10.0.1.100/24, gateway: 10.0.2.1}}"]),
    finding: { code: "GATEWAY_UNREACHABLE", field: "networks[0].ipConfig.gateway" },
  },
  "a NetworkAttachmentDefinition that does not exist": {
    document: wukong(["{name: eth0, nadName: nowhere}"]),
    finding: { code: "NETWORK_NOT_FOUND", field: "networks[0].nadName" },
    refusedWith: Code.FailedPrecondition,
  },
  "a namespace that does not exist": {
    document: wukong(["{name: eth0}"], "web", ", namespace: nowhere"),
    finding: { code: "NAMESPACE_NOT_FOUND", field: "namespace" },
    refusedWith: Code.FailedPrecondition,
  },
  "a VM name that KubeVirt cannot take": {
    document: wukong(["{name: eth0}"], "Web_1"),
    finding: { code: "VM_NAME_INVALID", field: "name" },
  },
  "a VM name that is too long": {
    document: wukong(["{name: eth0}"], "w".repeat(64)),
    finding: { code: "VM_NAME_INVALID", field: "name" },
  },
  "no NIC at all": {
    document: wukong([]),
    finding: { code: "NETWORKS_EMPTY", field: "networks" },
  },
};

/** Documents that are none: refused by whoever reads them, which is the command line. */
const wrongDocuments: Readonly<Record<string, Row>> = {
  "an unknown field": {
    document: wukong(["{name: eth0, vlanID: 100}"]),
    finding: { code: "UNKNOWN_FIELD", field: "networks[0].vlanID" },
  },
  "a value of the wrong type": {
    document: wukong(["{name: eth0, vlanId: hundred}"]),
    finding: { code: "WRONG_TYPE", field: "networks[0].vlanId" },
  },
  "a word that is not known": {
    document: wukong(["{name: eth0, type: token-ring}"]),
    finding: { code: "VALUE_UNKNOWN", field: "networks[0].type" },
  },
  "an empty VM name": {
    document: wukong(["{name: eth0}"], '""'),
    finding: { code: "FIELD_REQUIRED", field: "metadata.name" },
  },
  "an empty document": { document: "", finding: { code: "DOCUMENT_INVALID", field: "" } },
  "YAML that is a list": { document: "- a\n- b\n", finding: { code: "DOCUMENT_INVALID", field: "" } },
  "YAML that is a text": { document: "hello\n", finding: { code: "DOCUMENT_INVALID", field: "" } },
  "text that is not YAML": { document: "a: [\n", finding: { code: "DOCUMENT_INVALID", field: "" } },
  "a document of 10 MB": {
    document: `# ${"x".repeat(10_000_000)}\n`,
    finding: { code: "DOCUMENT_INVALID", field: "" },
  },
};

/** What the API itself cannot read, as JSON over HTTP: the code, and words of the message. */
const wrongBodies: Readonly<Record<string, readonly [body: string, status: number, words: RegExp]>> = {
  "an unknown field": [
    bodyOf({ networks: [{ name: "eth0", vlanID: 100 }] }),
    400,
    /^networks\[0\]\.vlanID - unknown field vlanID - known fields are/,
  ],
  "a value of the wrong type": [
    bodyOf({ networks: [{ name: "eth0", vlanId: "hundred" }] }),
    400,
    /^networks\[0\]\.vlanId - must be a whole number/,
  ],
  "a word that is not known": [
    bodyOf({ networks: [{ name: "eth0", type: "TOKEN_RING" }] }),
    400,
    /^networks\[0\]\.type - is not one of NETWORK_TYPE_BRIDGE/,
  ],
  "an empty body": ["", 400, /^the message is not JSON/],
  "a list": ["[]", 400, /^must be a mapping/],
  "no VM": ["{}", 400, /virtualMachine is required/],
  "no name": [bodyOf({ name: "", networks: [{ name: "eth0" }] }), 400, /name is required/],
  "no namespace": [bodyOf({ namespace: "", networks: [{ name: "eth0" }] }), 400, /namespace is required/],
  "a body of 10 MB": [bodyOf({ name: "x".repeat(10_000_000) }), 429, /message size/],
};

function bodyOf(vm: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ virtualMachine: { namespace, name: "web", ...vm } });
}

describe("input that cannot work", () => {
  let running: RunningService;
  let before: unknown;

  /** Every object that an apply could write, with its version. */
  async function world(): Promise<unknown> {
    const kinds = [
      "/api/v1/namespaces",
      "/api/v1/secrets",
      "/apis/k8s.cni.cncf.io/v1/network-attachment-definitions",
      "/apis/kubevirt.io/v1/virtualmachines",
    ];
    const lists = await Promise.all(kinds.map((path) => running.cluster.getText(path)));
    return lists
      .flatMap((text) => (JSON.parse(text) as { items: { metadata: Record<string, string> }[] }).items)
      .map(({ metadata }) => `${metadata["namespace"]}/${metadata["name"]}@${metadata["resourceVersion"]}`);
  }

  async function expectNothingHappened(expect: ExpectStatic): Promise<void> {
    expect(await world()).toEqual(before);
    expect((await fetch(`${running.url}/readyz`)).status).toBe(200);
    const virtualMachine = { namespace, name: "web", networks: [{ name: "eth0" }] };
    expect((await running.networks.validateNetworks({ virtualMachine })).findings).toEqual([]);
  }

  beforeAll(async () => {
    running = await startRunningService();
    await running.namespace(namespace);
    before = await world();
  });
  afterAll(async () => await running.stop());

  const stated = (findings: readonly Finding[]) => findings.map(({ code, field }) => ({ code, field }));
  const patchesOf = (finding: Finding | undefined) =>
    finding?.fix?.patches.map(({ field, value }) => [field, value?.kind.value]);

  it.for(Object.entries(wrongSpecs))(
    "%s: the service reports it, and writes nothing",
    async ([, row], { expect }) => {
      const { spec, findings } = readDocument(row.document, { namespace });
      expect(findings).toEqual([]);
      const virtualMachine = specToProto(spec ?? { namespace, name: "", networks: [] });

      const checked = await running.networks.validateNetworks({ virtualMachine });
      expect(stated(checked.findings)).toContainEqual(row.finding);
      const found = checked.findings.find(({ code }) => code === row.finding.code);
      expect(patchesOf(found)).toEqual(row.patches);
      const planned = await running.vms.applyVM({ virtualMachine, validateOnly: true });
      expect(stated(planned.findings)).toEqual(stated(checked.findings));
      expect(planned.written).toBe(false);
      expect(planned.plan).toBeUndefined();

      const error = await running.vms.applyVM({ virtualMachine }).then(
        () => undefined,
        (reason: unknown) => ConnectError.from(reason),
      );
      expect(error?.code).toBe(row.refusedWith ?? Code.InvalidArgument);
      expect(error?.findDetails(ErrorInfoSchema)).toMatchObject([
        { reason: "FINDINGS", domain: "multinic.novasphere.dev" },
      ]);
      expect(error?.findDetails(FindingsSchema)[0]?.findings).toEqual(checked.findings);
      await expectNothingHappened(expect);
    },
  );

  it.for(Object.entries({ ...wrongSpecs, ...wrongDocuments }))(
    "%s: the command line reports it and exits with 1",
    async ([, { document, finding, patches }], { expect }) => {
      const args = ["apply", "-", "--server", running.url, "-n", namespace, "-o", "json"];
      const { code, stdout, stderr } = await runMain(args, { stdin: document });
      expect({ code, stderr: stderr.replace(/^error: .*\n(next: .*\n)?/, "") }).toEqual({
        code: 1,
        stderr: "",
      });
      const { findings } = JSON.parse(stdout) as {
        findings: { code: string; field?: string; fix?: { patches: { field: string; value?: unknown }[] } }[];
      };
      const found = findings.find((candidate) => candidate.code === finding.code);
      expect({ code: found?.code, field: found?.field ?? "" }).toEqual(finding);
      if (patches !== undefined)
        expect(found?.fix?.patches.map(({ field, value }) => [field, value])).toEqual(patches);
      await expectNothingHappened(expect);
    },
  );

  it.for(Object.entries(wrongBodies))(
    "%s: the API refuses the call and says what it cannot read",
    async ([, [body, status, words]], { expect }) => {
      const answer = await fetch(`${running.url}/multinic.v1.VirtualMachineService/ApplyVM`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
      });
      expect(answer.status).toBe(status);
      expect(((await answer.json()) as { message: string }).message).toMatch(words);
      await expectNothingHappened(expect);
    },
  );

  it("the text output has the same, with what to change", async ({ expect }) => {
    const { document } = wrongSpecs["a route destination with host bits"] ?? { document: "" };
    const printed = await runMain(["apply", "-", "--server", running.url, "-n", namespace], {
      stdin: document,
    });
    expect(printed).toMatchObject({ code: 1, stdout: "" });
    expect(printed.stderr).toContain("ROUTE_HOST_BITS");
    expect(printed.stderr).toContain("set networks[0].routes[0].destination to 192.168.0.0/16");
    expect(printed.stderr).toContain("error: rejected; nothing was written");
  });

  it.for([
    [
      "a file that is not there",
      ["apply", "/nonexistent.yaml"],
      "cannot read /nonexistent.yaml: no such file",
    ],
    ["no file", ["apply"], "error: no document given"],
    ["an unknown option", ["apply", "-", "--force"], "unknown option '--force'"],
    ["a server that is not a URL", ["apply", "-", "--server", "here"], "here is not an http or https URL"],
  ] as const)("%s is wrong use and exits with 2", async ([, args, words], { expect }) => {
    const { code, stdout, stderr } = await runMain(args, { stdin: wukong(["{name: eth0}"]) });
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(words);
  });
});
