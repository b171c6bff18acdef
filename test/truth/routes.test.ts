// The predicted routing is the one that a Linux kernel has once the compiled configuration is applied, and the
// kernel sends traffic where the lookup says. Needs root and iproute2.
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, it } from "vitest";
import { parse } from "yaml";
import { builtInCatalogue } from "../../src/domain/catalogue.ts";
import { checkVm } from "../../src/domain/validate/check-vm.ts";
import { compileVm } from "../../src/domain/compile/compile.ts";
import { noFacts } from "../../src/domain/facts.ts";
import type { Finding, FindingCode } from "../../src/domain/findings.ts";
import { hasErrors } from "../../src/domain/findings.ts";
import { type IpAddress, knownCidr } from "../../src/domain/ip.ts";
import type { ResolvedVm } from "../../src/domain/nic.ts";
import { type PredictedRouting, predictRouting } from "../../src/domain/routing/predicted-routes.ts";
import { lookUpRoute, type RouteLookup } from "../../src/domain/routing/route-lookup.ts";
import type { NetworkConfig, VmSpec } from "../../src/domain/spec.ts";
import { arbitraryRouting, leaseSubnet } from "./arbitrary-routing.ts";
import { askKernel, type KernelRoute, kernelRoutes, kernelRules } from "./kernel-tables.ts";
import { inNamespace, removeStaleNamespaces, whyNoNamespaces } from "./namespace.ts";
import { configuration, configure, type NetworkDocument, plugNics, type World } from "./put-in-place.ts";

const specs = 200;
const seed = Number(process.env["MULTINIC_SEED"] ?? Date.now() % 2 ** 31);
const lacking = await whyNoNamespaces();
if (lacking !== undefined && process.env["CI"] === "true") throw new Error(lacking);

/** What multinic makes of one spec. */
interface Compiled {
  readonly spec: VmSpec;
  readonly vm: ResolvedVm;
  readonly document: NetworkDocument;
  readonly routing: PredictedRouting;
  readonly world: World;
  readonly findings: readonly Finding[];
}

function compile(spec: VmSpec): Compiled {
  const { vm, findings } = checkVm(spec, builtInCatalogue(), noFacts);
  const { secret } = compileVm(spec, vm);
  return {
    spec,
    vm,
    findings,
    document: parse(secret.stringData["networkdata"] ?? "", { version: "1.1" }) as NetworkDocument,
    routing: predictRouting(vm.nics, vm.routing),
    world: {
      leases: Object.fromEntries(
        vm.nics.map(({ name, type, index }) => [name, leaseOf(type === "pod", index)]),
      ),
      unplugged: new Set(vm.nics.filter(({ linkState }) => linkState === "down").map(({ name }) => name)),
    },
  };
}

/** KubeVirt's own offer on the pod network, one of our choice elsewhere. */
const leaseOf = (isPod: boolean, index: number): World["leases"][string] =>
  isPod
    ? { address: "10.0.2.2/24", gateway: "10.0.2.1" }
    : { address: `${leaseSubnet(index)}.2/24`, gateway: `${leaseSubnet(index)}.1` };

const text = ({ destination, gateway, nic, metric, table }: KernelRoute): string =>
  `${destination} ${gateway} ${nic} ${metric} ${table}`;

/** The prediction in the kernel's form. A next hop from DHCP is filled in from the lease. */
function predicted({ routing, world }: Compiled): readonly string[] {
  return routing.routes.map(({ destination, gateway, nic, metric, table, origin }) =>
    text({
      destination: destination.network,
      gateway:
        gateway?.text ??
        (origin === "dhcp" && destination.prefixLength === 0 ? (world.leases[nic.name]?.gateway ?? "") : ""),
      nic: nic.name,
      metric,
      table,
    }),
  );
}

/** All but the subnets of leases, which are not predicted. */
const isPredictable = ({ destination, gateway }: KernelRoute): boolean =>
  !(gateway === "" && /^172\.(?:1[6-9]|2\d)\.0\.0\/24$/.test(destination));

const ip = (address: string): IpAddress =>
  knownCidr(`${address}/${address.includes(":") ? 128 : 32}`).address;

/** Addresses in and next to everything in the spec, and some far from it. */
function targets({ vm }: Compiled): readonly string[] {
  const near = vm.nics.flatMap(({ addresses, gateway, routes }) => [
    ...addresses.flatMap(({ cidr: { address } }) => [address.text, beside(address)]),
    ...(gateway === undefined ? [] : [gateway.text]),
    ...routes.flatMap((route) => [beside(route.destination.address), route.gateway.text]),
  ]);
  const far = ["203.0.113.200", "198.51.100.7", "9.9.9.9", "10.3.2.1", "10.0.2.77"];
  const farIpv6 = ["2001:db8:ffff::9", "2001:db8:9::1", "2002:a01::1", "fd00:1::1", "2600::1"];
  return [...new Set([...near, ...far, ...farIpv6])].filter(
    (address) => !address.startsWith("fe80:") && !address.startsWith("0.") && !address.startsWith("172."),
  );
}

function beside({ family, text: address }: IpAddress): string {
  if (family === 6) return address.endsWith("::") ? `${address}5` : address.replace(/:[^:]*$/, ":5");
  return address.replace(/\d+$/, (last) => String((Number(last) + 3) % 256));
}

function sources({ vm }: Compiled): readonly IpAddress[] {
  return vm.nics
    .filter(({ linkState }) => linkState === "up")
    .flatMap(({ addresses }) => addresses.map(({ cidr }) => cidr.address))
    .filter(({ text: address }) => !address.startsWith("fe80:"));
}

const asKernel = (lookup: RouteLookup, { world }: Compiled): object => {
  const nic = lookup.device ?? "";
  const gateway =
    lookup.gateway?.text ??
    (lookup.route?.origin === "dhcp" && lookup.route.destination.prefixLength === 0
      ? world.leases[nic]?.gateway
      : undefined);
  return { nic, gateway: gateway ?? "" };
};

describe.skipIf(lacking !== undefined)(
  `the Linux kernel${lacking === undefined ? "" : ` (${lacking})`}`,
  () => {
    beforeAll(removeStaleNamespaces);
    const counts = { tables: 0, routes: 0, rules: 0, withRules: 0, lookups: 0, bySource: 0, refused: 0 };
    afterAll(() => {
      const { tables, routes, rules, withRules, lookups, bySource, refused } = counts;
      console.info(
        `route tables compared ${tables} (${withRules} with rules), routes ${routes}, rules ${rules}, ` +
          `lookups compared ${lookups} (${bySource} with a source address), refused alike ${refused}, seed ${seed}`,
      );
    });

    it(`has the predicted tables and routes as the lookup says, for ${specs} generated specs`, async ({
      expect,
    }) => {
      await eachAtOnce(accepted(), async (compiled) => {
        await inNamespace(async (namespace) => {
          await plugNics(namespace, compiled.document, compiled.world);
          await configure(namespace, compiled.document, compiled.world);
          const nics = new Set(compiled.vm.nics.map(({ name }) => name));
          const routes = (await kernelRoutes(namespace))
            .filter(({ nic }) => nics.has(nic))
            .filter(isPredictable);
          const context = JSON.stringify(compiled.spec);
          expect(routes.map(text).toSorted(), context).toEqual(predicted(compiled).toSorted());
          const rules = compiled.routing.rules.map(
            ({ priority, sourceAddress: from, destination: to, table }) =>
              `${priority} ${from.text} ${to?.network ?? "any"} ${table}`,
          );
          expect((await kernelRules(namespace)).toSorted(), context).toEqual(rules.toSorted());

          const questions = [undefined, ...sources(compiled)].flatMap((from) =>
            targets(compiled)
              .filter((to) => from === undefined || ip(to).family === from.family)
              .map((to) => ({
                to,
                from,
                lookup: lookUpRoute(compiled.routing, compiled.vm.nics, ip(to), from),
              })),
          );
          const answers = await askKernel(
            namespace,
            questions.map(({ to, from, lookup }) => ({
              to,
              from: from?.text,
              hasRoute: !lookup.message.startsWith("no route"),
            })),
          );
          for (const [index, { to, from, lookup }] of questions.entries()) {
            const answer = answers[index];
            const about = `${to} from ${from?.text ?? "any"}: ${lookup.message}; ${context}`;
            if (answer === undefined) continue;
            if (lookup.device === undefined) {
              expect(["local", "broadcast"], about).toContain(answer.type);
              continue;
            }
            expect({ nic: answer.nic, gateway: answer.gateway }, about).toEqual(asKernel(lookup, compiled));
            if (lookup.source !== undefined && from === undefined) {
              expect(answer.source, about).toBe(lookup.source.text);
            }
          }
          counts.tables += 1;
          counts.routes += routes.length;
          counts.rules += rules.length;
          counts.withRules += Number(rules.length > 0);
          counts.lookups += questions.length;
          counts.bySource += questions.filter(({ from }) => from !== undefined).length;
        });
      });
      expect(counts.tables).toBe(specs);
    }, 240_000);

    it("has no route to the subnet of an address that the check calls another subnet's broadcast address", async ({
      expect,
    }) => {
      const nic = (name: string, address: string): NetworkConfig => ({
        name,
        ipConfig: { address },
      });
      const compiled = compile({
        name: "web",
        namespace: "shop",
        networks: [nic("nic0", "10.0.1.192/24"), nic("nic1", "10.0.1.255/8")],
      });
      expect(compiled.findings.filter(({ severity }) => severity === "error")).toMatchObject([
        { code: "ADDRESS_IS_BROADCAST", field: "networks[1].ipConfig.address" },
      ]);
      await inNamespace(async (namespace) => {
        await plugNics(namespace, compiled.document, compiled.world);
        await configure(namespace, compiled.document, compiled.world);
        const subnets = (await kernelRoutes(namespace)).map(
          ({ destination, nic }) => `${destination} ${nic}`,
        );
        expect(subnets).toContain("10.0.1.0/24 nic0");
        expect(subnets).not.toContain("10.0.0.0/8 nic1");
      });
    });

    it("refuses a next hop that the check refuses", async ({ expect }) => {
      const codes = new Set<FindingCode>([
        "GATEWAY_INVALID",
        "GATEWAY_UNREACHABLE",
        "ROUTE_GATEWAY_UNREACHABLE",
        "ROUTE_GATEWAY_INDIRECT",
      ]);
      const wrong = sample(2_000)
        .map((spec) => ({ spec, ...checkVm(spec, builtInCatalogue(), noFacts) }))
        .filter(({ findings, vm }) => {
          const errors = findings.filter(({ severity }) => severity === "error");
          const isUp = ({ field }: Finding): boolean =>
            vm.nics.some((nic) => nic.linkState === "up" && field.startsWith(`${nic.field}.`));
          return errors.length > 0 && errors.every((found) => codes.has(found.code) && isUp(found));
        })
        .slice(0, 40);
      await eachAtOnce(wrong, async ({ spec }) => {
        const { document, world } = compile(spec);
        await inNamespace(async (namespace) => {
          await plugNics(namespace, document, world);
          const { stderr } = await namespace.attempt(configuration(document, world));
          expect(stderr, JSON.stringify(spec)).toMatch(/invalid gateway|No route to host|unreachable/);
          counts.refused += 1;
        });
      });
      expect(counts.refused).toBeGreaterThan(10);
    }, 120_000);
  },
);

const sample = (count: number): readonly VmSpec[] => fc.sample(arbitraryRouting, { numRuns: count, seed });

/** Generated specs that the check lets through. */
function accepted(): readonly Compiled[] {
  const fine = sample(specs * 20)
    .filter((spec) => !hasErrors(checkVm(spec, builtInCatalogue(), noFacts).findings))
    .slice(0, specs);
  return fine.map(compile);
}

/** A few at a time: each waits for the kernel more than it computes. */
async function eachAtOnce<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const worker = async (): Promise<void> => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: 6 }, worker));
}
