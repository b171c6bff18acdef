// `multinic routes` against the API in this process: the table, the rules, and where traffic goes.
import { describe, it } from "vitest";
import { Code, ConnectError, createClient, createRouterTransport } from "@connectrpc/connect";
import { BadRequestSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { NetworkService } from "../../gen/multinic/v1/network_service_pb.ts";
import { createNetworkService } from "../../src/api/network-service.ts";
import { builtInCatalogue } from "../../src/domain/catalogue.ts";
import { run, type Run } from "./run-cli.ts";

const routes = (args: string, stdin = ""): Promise<Run> =>
  run(`routes ${args}`, {
    stdin,
    routes: (router) =>
      void router.service(
        NetworkService,
        createNetworkService({ catalogue: builtInCatalogue(), cluster: undefined, version: "0" }),
      ),
  });

const withPolicy = `
name: web
guest: {renderer: netplan}
routing: policy
networks:
- {name: eth0, ipConfig: {address: 192.0.2.10/24, gateway: 192.0.2.1}}
- {name: eth1, ipConfig: {address: 10.0.1.100/24, gateway: 10.0.1.1}}
`;

describe("multinic routes", () => {
  it("prints the table, and where traffic goes and why", async ({ expect }) => {
    const { code, stdout, stderr } = await routes(
      "examples/3.2-three-networks.yaml --to 203.0.113.9 --to 10.0.1.7 --to 2001:DB8::1",
    );
    expect(stdout).toBe(
      `
ROUTE           VIA       DEVICE  METRIC  WHY
10.0.1.0/24     -         eth1    0       subnet of an address
192.168.1.0/24  -         eth2    0       subnet of an address
0.0.0.0/0       -         eth0    100     offered by DHCP (assumed)
0.0.0.0/0       10.0.1.1  eth1    200     ipConfig.gateway
fe80::/64       -         eth0    256     IPv6 link-local
fe80::/64       -         eth1    256     IPv6 link-local
fe80::/64       -         eth2    256     IPv6 link-local

TO           DEVICE  VIA  FROM        ROUTE        WHY
203.0.113.9  eth0    -    -           0.0.0.0/0    default route of eth0; its metric 100 is lower than 200 of eth1; assumed: the DHCP server decides
10.0.1.7     eth1    -    10.0.1.100  10.0.1.0/24  10.0.1.0/24 is directly connected to eth1
2001:db8::1  -       -    -           -            no route matches; the guest reports that the network is unreachable
`.slice(1),
    );
    expect(stderr).toContain("REPLY_ASYMMETRIC");
    expect(code).toBe(0);
  });

  it("prints rules and tables if there are any, and follows a source address", async ({ expect }) => {
    const { code, stdout } = await routes("- --to 203.0.113.9 --from 10.0.1.100", withPolicy);
    expect(stdout).toBe(
      `
ROUTE         VIA        DEVICE  METRIC  TABLE  WHY
192.0.2.0/24  -          eth0    0       main   subnet of an address
10.0.1.0/24   -          eth1    0       main   subnet of an address
0.0.0.0/0     192.0.2.1  eth0    100     main   ipConfig.gateway
0.0.0.0/0     192.0.2.1  eth0    100     1000   ipConfig.gateway
0.0.0.0/0     10.0.1.1   eth1    200     main   ipConfig.gateway
0.0.0.0/0     10.0.1.1   eth1    200     1001   ipConfig.gateway
fe80::/64     -          eth0    256     main   IPv6 link-local
fe80::/64     -          eth1    256     main   IPv6 link-local

RULE  FROM        TO            DEVICE  TABLE
1000  192.0.2.10  192.0.2.0/24  eth0    main
1000  10.0.1.100  10.0.1.0/24   eth1    main
1001  192.0.2.10  any           eth0    1000
1001  10.0.1.100  any           eth1    1001

TO           DEVICE  VIA       FROM        ROUTE      WHY
203.0.113.9  eth1    10.0.1.1  10.0.1.100  0.0.0.0/0  rule 1001 sends packets from 10.0.1.100 to table 1001; default route of eth1
`.slice(1),
    );
    expect(code).toBe(0);
  });

  it("prints the service's answer with -o json", async ({ expect }) => {
    const { stdout } = await routes("- --to 203.0.113.9 --from 10.0.1.100 -o json", withPolicy);
    expect(JSON.parse(stdout)).toMatchObject({
      routes: expect.arrayContaining([
        {
          destination: "0.0.0.0/0",
          gateway: "10.0.1.1",
          device: "eth1",
          metric: 200,
          origin: "ROUTE_ORIGIN_GATEWAY",
          table: 1001,
        },
      ]),
      rules: expect.arrayContaining([
        { priority: 1001, sourceAddress: "10.0.1.100", table: 1001, device: "eth1" },
      ]),
      routeLookups: [
        {
          address: "203.0.113.9",
          device: "eth1",
          gateway: "10.0.1.1",
          sourceAddress: "10.0.1.100",
          destination: "0.0.0.0/0",
          metric: 200,
          table: 1001,
        },
      ],
    });
  });

  it("exits with code 1 if a finding is an error, and still shows the routes", async ({ expect }) => {
    const { code, stdout, stderr } = await routes("-", withPolicy.replace("netplan", "eni"));
    expect(stderr).toContain("ROUTING_POLICY_UNSUPPORTED");
    expect(stdout).toContain("10.0.1.0/24");
    expect(code).toBe(1);
  });

  it("refuses a source address without a destination", async ({ expect }) => {
    const { code, stderr } = await routes("examples/6.1-basic.yaml --from 192.0.2.1");
    expect(stderr).toContain("--from needs --to");
    expect(code).toBe(2);
  });

  it.for(["--to example.org", "--to 10.0.0.0/8", "--from 10.0.1"])(
    "refuses %s as wrong use",
    async (option, { expect }) => {
      const { code, stderr } = await routes(`examples/6.1-basic.yaml ${option}`);
      expect(stderr).toContain("Expected an address such as 192.0.2.1");
      expect(code).toBe(2);
    },
  );
});

describe("ValidateNetworks", () => {
  const service = createNetworkService({ catalogue: builtInCatalogue(), cluster: undefined, version: "0" });
  const ask = async (question: object): Promise<unknown> => {
    const transport = createRouterTransport((router) => void router.service(NetworkService, service));
    return createClient(NetworkService, transport)
      .validateNetworks({ virtualMachine: { namespace: "shop", name: "web" }, ...question })
      .catch((reason: unknown) => reason);
  };

  it.for([
    ["a name", [{ address: "192.0.2.1" }, { address: "example.org" }], "routeQueries[1].address"],
    ["no address", [{ sourceAddress: "192.0.2.1" }], "routeQueries[0].address"],
    ["an invalid source", [{ address: "192.0.2.1", sourceAddress: "eth0" }], "routeQueries[0].sourceAddress"],
    [
      "a source of the other family",
      [{ address: "192.0.2.1", sourceAddress: "2001:db8::1" }],
      "routeQueries[0].sourceAddress",
    ],
    ["101 queries", Array.from({ length: 101 }, () => ({ address: "192.0.2.1" })), "routeQueries"],
  ] as const)("refuses %s with the field", async ([, routeQueries, field], { expect }) => {
    const answer = await ask({ routeQueries });
    expect(answer).toBeInstanceOf(ConnectError);
    expect(answer).toMatchObject({ code: Code.InvalidArgument });
    const violations = (answer as ConnectError)
      .findDetails(BadRequestSchema)
      .flatMap(({ fieldViolations }) => fieldViolations);
    expect(violations.map((violation) => violation.field)).toEqual([field]);
  });

  it("answers each query with its own source address", async ({ expect }) => {
    const routeQueries = [
      { address: "192.0.2.1", sourceAddress: "192.0.2.10" },
      { address: "2001:db8::1", sourceAddress: "2001:db8::10" },
      { address: "192.0.2.1" },
    ];
    const address = ["192.0.2.10/24", "2001:db8::10/64"];
    const networks = [{ name: "eth0", ipConfig: { addresses: address } }];
    const answer = await ask({ virtualMachine: { namespace: "shop", name: "web", networks }, routeQueries });
    expect(answer).toMatchObject({
      routeLookups: [
        { address: "192.0.2.1", device: "eth0", sourceAddress: "192.0.2.10" },
        { address: "2001:db8::1", device: "eth0", sourceAddress: "2001:db8::10" },
        { address: "192.0.2.1", device: "eth0", sourceAddress: "192.0.2.10" },
      ],
    });
  });
});
