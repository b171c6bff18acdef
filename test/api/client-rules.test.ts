// The rules in the protos with which clients check a VM before a call (protovalidate): each rejects only what the service
// rejects, with the code of its finding.
import {
  create,
  type DescField,
  type DescMessage,
  fromBinary,
  getOption,
  toBinary,
} from "@bufbuild/protobuf";
import { pathToString } from "@bufbuild/protobuf/reflect";
import { createValidator } from "@bufbuild/protovalidate";
import * as fc from "fast-check";
import { describe, it } from "vitest";
import {
  type Rule,
  field as fieldRules,
  message as messageRules,
} from "../../gen/buf/validate/validate_pb.ts";
import { NetworkType } from "../../gen/multinic/v1/network_pb.ts";
import { type VirtualMachine, VirtualMachineSchema } from "../../gen/multinic/v1/virtual_machine_pb.ts";
import { builtInCatalogue } from "../../src/domain/catalogue.ts";
import { noFacts } from "../../src/domain/facts.ts";
import { type Finding, findingTable, hasErrors } from "../../src/domain/findings.ts";
import type { VmSpec } from "../../src/domain/spec.ts";
import { checkVm } from "../../src/domain/validate/check-vm.ts";
import { specFromProto } from "../../src/wire/spec-from-proto.ts";
import { specToProto } from "../../src/wire/spec-to-proto.ts";
import { arbitrarySpec } from "../domain/arbitrary-spec.ts";
import { findingCases } from "../domain/finding-cases/all.ts";
import { nic } from "../domain/finding-cases/case.ts";
import { dhcpNic, vmSpec } from "../domain/specs.ts";
import { runsOf } from "../support/runs.ts";

const validator = createValidator();

interface Violation {
  /** Spelt as in JSON, as the paths of findings. */
  readonly path: string;
  readonly code: string;
}

function violationsOf(vm: VirtualMachine): readonly Violation[] {
  const { violations = [], error, kind } = validator.validate(VirtualMachineSchema, vm);
  if (kind === "error") throw error;
  return violations.map(({ field, ruleId }) => ({ path: inJson(pathToString(field)), code: ruleId }));
}

/** The key of a label stays as it is. */
const inJson = (path: string): string =>
  path.startsWith("labels")
    ? path
    : path.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

function findingsOf(vm: VirtualMachine): readonly Finding[] {
  const { spec, findings } = specFromProto(vm);
  const checked = checkVm(spec, builtInCatalogue(), noFacts, { unread: findings });
  return checked.findings.filter(({ severity }) => severity === "error");
}

type Explains = (found: Finding, violation: Violation) => boolean;

const isAtSameField: Explains = ({ field }, { path }) => field.startsWith(path);
const isTheSame: Explains = (found, violation) =>
  found.code === violation.code && isAtSameField(found, violation);

/** Violations that no finding of the service explains. */
function unexplained(vm: VirtualMachine, explains: Explains): readonly Violation[] {
  const violations = violationsOf(vm);
  if (violations.length === 0) return [];
  const findings = findingsOf(vm);
  return violations.filter((violation) => !findings.some((found) => explains(found, violation)));
}

/** As it arrives; undefined for a spec that no message can hold, such as half a CPU. */
function sent(spec: VmSpec): VirtualMachine | undefined {
  try {
    return fromBinary(VirtualMachineSchema, toBinary(VirtualMachineSchema, specToProto(spec)));
  } catch {
    return undefined;
  }
}

/** `PATH CODE` of every rule for a VM; elements and entries are written []. */
function rulesOf(schema: DescMessage, path = ""): readonly string[] {
  const at = (place: string, rules: readonly Rule[] = []): readonly string[] =>
    rules.map(({ id }) => `${place} ${id}`);
  const own = at(path, getOption(schema, messageRules).cel);
  return [...own, ...schema.fields.flatMap((one) => rulesOfField(one, path === "" ? "" : `${path}.`, at))];
}

function rulesOfField(
  one: DescField,
  prefix: string,
  at: (place: string, rules?: readonly Rule[]) => readonly string[],
): readonly string[] {
  const { cel, type } = getOption(one, fieldRules);
  const place = inJson(`${prefix}${one.name}`);
  const inner = one.fieldKind === "list" || one.fieldKind === "map" ? `${place}[]` : place;
  return [
    ...at(place, cel),
    ...(type.case === "repeated" ? at(inner, type.value.items?.cel) : []),
    ...(type.case === "map"
      ? [...at(inner, type.value.keys?.cel), ...at(inner, type.value.values?.cel)]
      : []),
    ...(one.message === undefined ? [] : rulesOf(one.message, inner)),
  ];
}

const generalised = ({ path, code }: Violation): string => `${path.replaceAll(/\[[^\]]*\]/g, "[]")} ${code}`;

const bad = { name: "Bad name", containerImage: "guest:1" };
const unknownName = { persistentVolumeClaim: "Bad name" };
const further: readonly VmSpec[] = [
  vmSpec([dhcpNic], { name: "" }),
  vmSpec([dhcpNic], { namespace: "" }),
  vmSpec([dhcpNic], { bootDisk: bad, disks: [bad] }),
  vmSpec([dhcpNic], { bootDisk: unknownName, disks: [unknownName] }),
  vmSpec([dhcpNic], { bootDisk: { dataVolume: "a.-b" }, disks: [{ dataVolume: "Bad" }, {}] }),
  vmSpec([dhcpNic], { bootDisk: { name: "root" } }),
  vmSpec([dhcpNic], { userData: {} }),
  nic({ ipConfig: { addresses: ["192.0.2.10/33"] } }),
  nic({
    ipConfig: { mode: "static", address: "192.0.2.10/24", dnsServers: ["one"], searchDomains: ["a b"] },
  }),
  nic({ nadName: "a/b/c" }),
];

const unknown = 99 as never;
const unknownWords = create(VirtualMachineSchema, {
  namespace: "shop",
  name: "web",
  runStrategy: unknown,
  guest: { renderer: unknown },
  routing: unknown,
  guestConfig: unknown,
  networks: [
    { name: "eth0", type: unknown, linkState: unknown, ipConfig: { mode: unknown, defaultRoute: unknown } },
  ],
});

const examples: readonly VirtualMachine[] = [
  ...findingCases.flatMap((found) => ("spec" in found ? [specToProto(found.spec)] : [])),
  ...further.map(specToProto),
  unknownWords,
];

describe("the rules for clients", () => {
  const rules = new Set(rulesOf(VirtualMachineSchema));

  it("are identified by codes of findings of severity error", ({ expect }) => {
    expect(rules.size).toBeGreaterThan(40);
    const errors = new Set(
      Object.entries(findingTable).flatMap(([code, { severity }]) => (severity === "error" ? [code] : [])),
    );
    expect([...rules].filter((rule) => !errors.has(rule.split(" ")[1] ?? ""))).toEqual([]);
  });

  it("each reject an example, which the service rejects with the same code", ({ expect }) => {
    expect(examples.flatMap((vm) => unexplained(vm, isTheSame))).toEqual([]);
    const violated = new Set(examples.flatMap(violationsOf).map(generalised));
    expect([...violated].filter((rule) => !rules.has(rule))).toEqual([]);
    expect([...rules].filter((rule) => !violated.has(rule))).toEqual([]);
  });

  it("take every known value of every enum", ({ expect }) => {
    for (const one of enumFields(VirtualMachineSchema)) {
      const [rule] = getOption(one, fieldRules).cel;
      const numbers = one.enum.values.map(({ number }) => number).join(", ");
      expect([one.name, rule?.expression]).toEqual([one.name, `this in [${numbers}]`]);
    }
    // The number that two rules name.
    expect(NetworkType.POD).toBe(5);
    expect(NetworkType.SRIOV).toBe(3);
  });

  // A pod NIC takes no NAD: then the service does not say that its name is malformed.
  it("reject of generated specs only fields that the service rejects", ({ expect }) => {
    const seed = Date.now() % 2 ** 31;
    const count = { sent: 0, accepted: 0, rejected: 0 };
    fc.assert(
      fc.property(arbitrarySpec, (spec) => {
        const vm = sent(spec);
        if (vm === undefined) return;
        count.sent += 1;
        expect(unexplained(vm, isAtSameField)).toEqual([]);
        if (violationsOf(vm).length > 0) count.rejected += 1;
        if (hasErrors(findingsOf(vm))) return;
        count.accepted += 1;
        expect(violationsOf(vm)).toEqual([]);
      }),
      { numRuns: runsOf(10_000), seed },
    );
    console.info(
      `specs generated ${runsOf(10_000)}, sent ${count.sent}, accepted by service and rules ${count.accepted}, ` +
        `rejected by rules ${count.rejected}, seed ${seed}`,
    );
    expect(count.accepted).toBeGreaterThan(runsOf(1_000));
    expect(count.rejected).toBeGreaterThan(runsOf(100));
  }, 240_000);

  const hex = fc.oneof(fc.stringMatching(/^[0-9a-fA-F]{0,5}$/), fc.constantFrom("1.2.3.4", "0", "ffff"));
  const ipv6 = fc.array(hex, { minLength: 2, maxLength: 9 }).map((parts) => parts.join(":"));
  const octet = fc.oneof(
    fc.integer({ min: 0, max: 260 }).map(String),
    fc.constantFrom("00", "01", "0x1", ""),
  );
  const ipv4 = fc.array(octet, { minLength: 3, maxLength: 5 }).map((parts) => parts.join("."));
  const ip = fc.oneof(ipv4, ipv6, fc.constantFrom("::", "::1", "fe80::1%eth0", "::ffff:1.2.3.4"));
  const prefix = fc.constantFrom("", "/0", "/00", "/8", "/24", "/32", "/33", "/64", "/128", "/129", "/+8");
  const cidr = fc.tuple(ip, prefix).map((parts) => parts.join(""));
  const word = fc.stringMatching(/^[a-zA-Z0-9._/-]{0,12}$/);
  const mac = fc.stringMatching(/^([0-9a-fG]{2}[:.-]?){5,6}[0-9a-f]{2}$/);
  const quantity = fc.stringMatching(
    /^[+-]?[0-9]{0,3}\.?[0-9]{0,3}([eE][-+]?[0-9]{0,2}|[numkKMGTPEi]{0,2}) ?$/,
  );

  it.for<readonly [string, fc.Arbitrary<VmSpec>]>([
    ["an address", cidr.map((address) => nic({ ipConfig: { address } }))],
    ["a further address", cidr.map((address) => nic({ ipConfig: { addresses: [address] } }))],
    ["a gateway", ip.map((gateway) => nic({ ipConfig: { address: "192.0.2.10/24", gateway } }))],
    ["a DNS server", ip.map((server) => nic({ ipConfig: { dnsServers: [server] } }))],
    ["a search domain", word.map((domain) => nic({ ipConfig: { searchDomains: [domain] } }))],
    ["a destination", cidr.map((destination) => nic({ routes: [{ destination, gateway: "192.0.2.1" }] }))],
    ["a next hop", ip.map((gateway) => nic({ routes: [{ destination: "198.51.100.0/24", gateway }] }))],
    ["a MAC address", mac.map((macAddress) => nic({ macAddress }))],
    ["a NIC's name", word.map((name) => nic({ name }))],
    ["a NAD's name", word.map((nadName) => nic({ nadName }))],
    ["a VM's name", word.map((name) => vmSpec([dhcpNic], { name }))],
    ["a namespace", word.map((namespace) => vmSpec([dhcpNic], { namespace }))],
    ["memory", quantity.map((memory) => vmSpec([dhcpNic], { memory }))],
    ["a disk's name", word.map((name) => vmSpec([dhcpNic], { bootDisk: { name, dataVolume: "a" } }))],
    ["a claim", word.map((claim) => vmSpec([dhcpNic], { bootDisk: { persistentVolumeClaim: claim } }))],
    ["a Secret's name", word.map((secretName) => vmSpec([dhcpNic], { userData: { secretName } }))],
    ["a label", fc.dictionary(word, word).map((labels) => vmSpec([dhcpNic], { labels }))],
  ])(
    "reject of any text for %s only what the service rejects",
    { timeout: 240_000 },
    ([, specs], { expect }) => {
      fc.assert(
        fc.property(specs, (spec) => {
          const vm = specToProto(spec);
          if (!hasErrors(findingsOf(vm))) expect(violationsOf(vm)).toEqual([]);
        }),
        { numRuns: runsOf(5_000) },
      );
    },
  );
});

function enumFields(schema: DescMessage): readonly (DescField & { readonly fieldKind: "enum" })[] {
  return schema.fields.flatMap((one) => {
    if (one.fieldKind === "enum") return [one];
    return one.message === undefined ? [] : enumFields(one.message);
  });
}
