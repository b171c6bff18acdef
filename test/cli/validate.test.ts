import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, it } from "vitest";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { IpMode, NetworkType, RouteOrigin, Severity } from "../../gen/multinic/v1/network_pb.ts";
import {
  NetworkService,
  type ValidateNetworksRequest,
  type ValidateNetworksResponseSchema,
} from "../../gen/multinic/v1/network_service_pb.ts";
import { run, type RunOptions } from "./run-cli.ts";

type Answer = MessageInitShape<typeof ValidateNetworksResponseSchema>;

const clean: Answer = {
  networks: [
    {
      name: "eth0",
      type: NetworkType.BRIDGE,
      attachment: "default/lan",
      primary: true,
      metric: 100,
      vlanId: 0,
      ipv4: { mode: IpMode.DHCP },
      macAddress: "02:00:5e:10:00:01",
    },
    {
      name: "eth1",
      type: NetworkType.MACVLAN,
      attachment: "default/storage-network",
      vlanId: 100,
      metric: 200,
      mtu: 9000,
      ipv4: { mode: IpMode.STATIC, addresses: ["10.0.1.100/24"] },
      ipv6: { mode: IpMode.STATIC, addresses: ["2001:db8::100/64"] },
      macAddress: "02:00:5e:10:00:02",
    },
  ],
  routes: [
    {
      destination: "0.0.0.0/0",
      gateway: "",
      device: "eth0",
      metric: 100,
      origin: RouteOrigin.DHCP,
      assumed: true,
    },
    { destination: "10.0.1.0/24", gateway: "", device: "eth1", metric: 200, origin: RouteOrigin.ADDRESS },
  ],
};
const wrong: Answer = {
  findings: [
    {
      code: "ADDRESS_INVALID",
      severity: Severity.ERROR,
      field: "networks[1].ipConfig.address",
      message: "10.0.1.300/24 is not an address",
      fix: { description: "set it right", patches: [] },
    },
    {
      code: "DNS_TOO_MANY",
      severity: Severity.WARNING,
      field: "networks[0].ipConfig.dnsServers",
      message: "4 name servers; resolvers use three",
      related: ["networks[1]"],
    },
  ],
  unchecked: ["whether NADs exist"],
};

const answering = (answer: Answer, asked: ValidateNetworksRequest[] = []): Pick<RunOptions, "routes"> => ({
  routes: (router) =>
    void router.service(NetworkService, {
      validateNetworks: (request) => {
        asked.push(request);
        return answer;
      },
    }),
});

describe("multinic validate", () => {
  it("shows NICs and routes of a document without findings", async ({ expect }) => {
    const asked: ValidateNetworksRequest[] = [];
    const { code, stdout, stderr, connected } = await run(
      "validate examples/3.2-three-networks.yaml -n shop",
      answering(clean, asked),
    );
    expect(stdout).toBe(
      `
NIC     TYPE     ATTACHMENT               VLAN      MAC                MTU   METRIC  ADDRESSES
eth0 *  bridge   default/lan              untagged  02:00:5e:10:00:01  -     100     DHCP
eth1    macvlan  default/storage-network  100       02:00:5e:10:00:02  9000  200     10.0.1.100/24,2001:db8::100/64

ROUTE        VIA  DEVICE  METRIC  WHY
0.0.0.0/0    -    eth0    100     offered by DHCP (assumed)
10.0.1.0/24  -    eth1    200     subnet of an address

no findings
`.slice(1),
    );
    expect({ code, stderr, connected }).toEqual({ code: 0, stderr: "", connected: [] });
    expect(asked[0]?.virtualMachine).toMatchObject({
      namespace: "shop",
      name: "multi-nic-vm",
      cpu: 2,
      memory: "4Gi",
    });
    expect(asked[0]?.virtualMachine?.networks[1]).toMatchObject({
      name: "eth1",
      type: NetworkType.MACVLAN,
      vlanId: 100,
    });
  });

  it("shows findings with their fixes, and what was not checked", async ({ expect }) => {
    const { code, stdout } = await run("validate examples/6.1-basic.yaml", answering(wrong));
    expect(stdout).toBe(
      `
error    networks[1].ipConfig.address     ADDRESS_INVALID  10.0.1.300/24 is not an address
         fix: set it right
warning  networks[0].ipConfig.dnsServers  DNS_TOO_MANY     4 name servers; resolvers use three
         see also: networks[1]
not checked: whether NADs exist

1 error, 1 warning
`.slice(1),
    );
    expect(code).toBe(1);
  });

  it("prints the service's answer with -o json", async ({ expect }) => {
    const json = await run("validate examples/6.1-basic.yaml -o json", answering(wrong));
    expect(JSON.parse(json.stdout)).toEqual({
      findings: [
        {
          code: "ADDRESS_INVALID",
          severity: "SEVERITY_ERROR",
          field: "networks[1].ipConfig.address",
          message: "10.0.1.300/24 is not an address",
          fix: { description: "set it right" },
        },
        {
          code: "DNS_TOO_MANY",
          severity: "SEVERITY_WARNING",
          field: "networks[0].ipConfig.dnsServers",
          message: "4 name servers; resolvers use three",
          related: ["networks[1]"],
        },
      ],
      unchecked: ["whether NADs exist"],
    });
    const yaml = await run("validate examples/6.1-basic.yaml --output yaml", answering(wrong));
    expect(yaml.stdout).toMatch(/^findings:\n {2}- code: ADDRESS_INVALID\n {4}severity: SEVERITY_ERROR\n/);
    expect([json.code, yaml.code]).toEqual([1, 1]);
  });

  it("prints findings about the document's form together with those about what could be read", async ({
    expect,
  }) => {
    const asked: ValidateNetworksRequest[] = [];
    const stdin = "name: db\nnetworks:\n- {name: eth0, vlanID: 5}\n- {name: eth1, type: Bridge}\n";
    const wrongName = { code: "VM_NAME_INVALID", severity: Severity.ERROR, field: "name", message: "no" };
    // About a field that could not be read: a consequence of an error that is already reported.
    const consequence = { ...wrongName, code: "VALUE_UNKNOWN", field: "networks[1].type" };
    const answer = { findings: [wrongName, consequence] };
    const table = await run("validate -", { stdin, ...answering(answer, asked) });
    expect(table.stdout).toBe(
      `
error  networks[0].vlanID  UNKNOWN_FIELD    unknown field vlanID; known fields are name, type, nadName, vlanId, ipConfig, primary, priority, mtu, routes, physicalNetwork, macAddress, linkState
       fix: rename networks[0].vlanID to networks[0].vlanId
error  networks[1].type    VALUE_UNKNOWN    Bridge is not one of bridge, macvlan, sriov, ovs, pod
       fix: set networks[1].type to bridge
error  name                VM_NAME_INVALID  no

3 errors
`.slice(1),
    );
    const json = await run("validate - -o json", { stdin, ...answering(answer, asked) });
    expect(JSON.parse(json.stdout)).toMatchObject({
      findings: [
        {
          code: "UNKNOWN_FIELD",
          fix: { patches: [{ field: "networks[0].vlanID" }, { field: "networks[0].vlanId", value: 5 }] },
        },
        { code: "VALUE_UNKNOWN" },
        { code: "VM_NAME_INVALID" },
      ],
    });
    expect([table.code, json.code, asked.length]).toEqual([1, 1, 2]);
  });

  it.for([
    ["no text", new Uint8Array([0xff, 0xfe, 0x00]), "not UTF-8"],
    ["too much text", " ".repeat(3_000_000), "larger than 1048576 bytes"],
    ["too much of anything", new Uint8Array(3_000_000).fill(0xff), "larger than 1048576 bytes"],
  ] as const)("refuses %s", async ([, stdin, words], { expect }) => {
    const { code, stdout } = await run("validate -", { stdin });
    expect(stdout).toContain(words);
    expect(code).toBe(1);
  });

  it("asks a service if one is given, by flag or environment", async ({ expect }) => {
    const offline = (): never => {
      throw new Error("must not be used");
    };
    const file = "examples/6.1-basic.yaml";
    const byFlag = await run(`validate ${file} --server https://multinic.example/`, {
      ...answering(clean),
      offline,
    });
    const env = { MULTINIC_SERVER: "http://other:80" };
    const byEnvironment = await run(`validate ${file}`, { ...answering(clean), offline, env });
    const both = await run(`validate ${file} --server http://this:80`, { ...answering(clean), offline, env });
    expect([byFlag, byEnvironment, both].map(({ connected }) => connected)).toEqual([
      ["https://multinic.example"],
      ["http://other:80"],
      ["http://this:80"],
    ]);
  });

  it("uses the physical networks of the catalogue for checks in this process", async ({ expect }) => {
    const configs: object[] = [];
    const { routes } = answering(clean);
    const { createRouterTransport } = await import("@connectrpc/connect");
    const offline = async (options: object) => {
      configs.push(options);
      return createRouterTransport(routes ?? (() => undefined));
    };
    await run("validate examples/6.1-basic.yaml", { offline });
    await run("validate examples/6.1-basic.yaml --config networks.yaml", { offline });
    expect(configs).toEqual([{}, { config: "networks.yaml" }]);
    const both = await run("validate examples/6.1-basic.yaml --config x --server http://a", { offline });
    expect(both.code).toBe(2);
    expect(both.stderr).toContain("error: --config and --server cannot be combined\nnext: ");
  });

  it("uses colours only on a terminal, and not with NO_COLOR", async ({ expect }) => {
    const escape = String.fromCodePoint(27);
    const args = "validate examples/6.1-basic.yaml";
    const plain = await run(args, answering(wrong));
    const colour = await run(args, { ...answering(wrong), isTerminal: true });
    const noColour = await run(args, { ...answering(wrong), isTerminal: true, env: { NO_COLOR: "1" } });
    expect([plain, colour, noColour].map(({ stdout }) => stdout.includes(escape))).toEqual([
      false,
      true,
      false,
    ]);
  });

  it("does not pass control characters of an answer to the terminal", async ({ expect }) => {
    const escape = String.fromCodePoint(27);
    const finding = {
      code: "X",
      severity: Severity.ERROR,
      field: `a${escape}[2J`,
      message: `b${escape}]0;x\u0007`,
    };
    const networks = [{ name: `c${escape}[1A` }];
    const { stdout } = await run(
      "validate examples/6.1-basic.yaml",
      answering({ findings: [finding], networks }),
    );
    expect(stdout).not.toContain(escape);
  });
});

describe("multinic render", () => {
  it("prints the objects as one stream of YAML documents, and findings to stderr", async ({ expect }) => {
    const objects = [{ yaml: "kind: A\n" }, { yaml: "---\nkind: B" }];
    const asked: ValidateNetworksRequest[] = [];
    const answer = { findings: (wrong.findings ?? []).slice(1), objects };
    const { code, stdout, stderr } = await run("render examples/6.1-basic.yaml", answering(answer, asked));
    expect(stdout).toBe("kind: A\n---\nkind: B\n");
    expect(stderr).toContain("warning  networks[0].ipConfig.dnsServers  DNS_TOO_MANY");
    expect(code).toBe(0);
    expect(asked[0]?.includeObjects).toBe(true);
  });

  it("prints nothing to stdout when the document is refused", async ({ expect }) => {
    const byForm = await run("render -", { stdin: "x: 1", ...answering(clean) });
    const byService = await run("render examples/6.1-basic.yaml", answering(wrong));
    expect([byForm, byService].map(({ code, stdout }) => [code, stdout])).toEqual([
      [1, ""],
      [1, ""],
    ]);
    expect(byForm.stderr).toContain("UNKNOWN_FIELD");
    expect(byService.stderr).toContain("ADDRESS_INVALID");
  });
});

describe("wrong use", () => {
  it.for([
    ["a missing file", "validate nowhere.yaml", "cannot read nowhere.yaml: no such file"],
    ["a directory", "validate examples", "cannot read examples: it is a directory"],
    ["no file", "validate", "no document given"],
    ["a file named twice", "validate x -f y", "two documents given"],
    ["an unknown flag", "validate x --servr y", "unknown option '--servr'"],
    ["an unknown command", "aply x", "unknown command 'aply'"],
    ["an unknown form of output", "get -o xml", "Allowed choices are table, json, yaml"],
    ["an invalid URL", "get --server localhost:8080", "localhost:8080 is not an http or https URL"],
    ["an invalid duration", "apply x --wait --timeout soon", "Expected a duration up to 24h"],
    ["a name among all namespaces", "get db -A", "cannot be combined"],
    ["an unknown shell", "completion tcsh", "Allowed choices are bash, zsh, fish"],
  ])("%s is reported on stderr with code 2", async ([, args, words], { expect }) => {
    const { code, stdout, stderr } = await run(args ?? "");
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(words);
    expect(stderr).toContain("next: ");
  });

  it("does not include --help and --version", async ({ expect }) => {
    const help = await run("--help");
    expect(help.stdout).toContain("Exit codes: 0 success");
    expect((await run("apply --help")).stdout).toContain("--plan-fingerprint <fingerprint>");
    expect(await run("--version")).toMatchObject({ code: 0, stdout: "1.2.3\n" });
    expect(help.code).toBe(0);
  });
});

describe("a failed call", () => {
  const failing = (error: ConnectError): Pick<RunOptions, "routes"> => ({
    routes: (router) =>
      void router.service(NetworkService, {
        validateNetworks: () => {
          throw error;
        },
      }),
  });
  const ours = [{ desc: ErrorInfoSchema, value: { reason: "X", domain: "multinic.novasphere.dev" } }];

  it.for([
    [
      "a missing permission",
      new ConnectError("not yours", Code.PermissionDenied, undefined, ours),
      1,
      "error: not yours\nnext: ask",
    ],
    [
      "a service without its cluster",
      new ConnectError("cluster away", Code.Unavailable, undefined, ours),
      3,
      "error: cluster away\nnext: try again in a moment",
    ],
    [
      "a service that is not there",
      new ConnectError("x", Code.Unavailable),
      3,
      "error: cannot reach http://a: x\nnext: start a service",
    ],
  ] as const)("has its own exit code: %s", async ([, error, code, words], { expect }) => {
    const answer = await run("validate examples/6.1-basic.yaml --server http://a", failing(error));
    expect(answer.code).toBe(code);
    expect(answer.stderr).toContain(words);
  });
});
