// A VM compiled from a spec and read back: it compiles to the same objects and NICs, and an adoption changes nothing.
import { assert, boolean, property } from "fast-check";
import { describe, it } from "vitest";
import { compileAdopted } from "../../src/domain/adopt/compile-adopted.ts";
import { builtInCatalogue } from "../../src/domain/catalogue.ts";
import { checkVm } from "../../src/domain/validate/check-vm.ts";
import { type CompiledVm, compileVm } from "../../src/domain/compile/compile.ts";
import { type Facts, noFacts } from "../../src/domain/facts.ts";
import { hasErrors } from "../../src/domain/findings.ts";
import { importVm } from "../../src/domain/import/import-vm.ts";
import type { Nic } from "../../src/domain/nic.ts";
import type { VirtualMachine } from "../../src/domain/objects/kubernetes.ts";
import { guestConfigAnnotation, specAnnotation } from "../../src/domain/objects/ownership.ts";
import type { NetworkType, VmSpec } from "../../src/domain/spec.ts";
import { runsOf } from "../support/runs.ts";
import { arbitrarySpec } from "./arbitrary-spec.ts";
import { nad } from "../support/objects.ts";

const runs = runsOf(5_000);

/** Another owner's NAD for each type of NIC. */
const given = [
  nad("net-bridge", { cniVersion: "0.3.1", type: "bridge", bridge: "br7", vlan: 30 }),
  nad("net-macvlan", { cniVersion: "0.3.1", type: "macvtap" }, "macvtap.network.kubevirt.io/x"),
  nad("net-sriov", { cniVersion: "0.3.1", type: "sriov", vlan: 7 }, "sriov.network/x"),
  nad("net-ovs", { cniVersion: "0.3.1", type: "ovs", bridge: "br8" }),
];
const mapOf = (nads: readonly (typeof given)[number][]) =>
  new Map(nads.map((object) => [`${object.metadata.namespace}/${object.metadata.name}`, object]));
const facts: Facts = { ...noFacts, nads: mapOf(given) };

/** Given NADs that exist and fit, and VLANs only where they may be asked for. */
function inThisWorld(spec: VmSpec): VmSpec {
  return {
    ...spec,
    networks: spec.networks.map(({ nadName, ...config }) => {
      if (nadName === undefined) return config;
      const { vlanId: _, ...others } = config;
      return { ...others, nadName: `net-${config.type ?? ("bridge" satisfies NetworkType)}` };
    }),
  };
}

/** The objects without the records of what was asked. */
function withoutRecord({ virtualMachine, ...others }: CompiledVm): object {
  const records = new Set([specAnnotation, guestConfigAnnotation]);
  const kept = (annotations: Readonly<Record<string, string>> = {}): object =>
    Object.fromEntries(Object.entries(annotations).filter(([name]) => !records.has(name)));
  const { metadata, spec } = virtualMachine;
  const { template } = spec;
  return {
    ...others,
    metadata: { ...metadata, annotations: kept(metadata.annotations) },
    spec: {
      ...spec,
      template: {
        ...template,
        metadata: { ...template.metadata, annotations: kept(template.metadata?.annotations) },
      },
    },
  };
}

/** With the fields that the API server records as multinic's. */
function asStored(vm: VirtualMachine): VirtualMachine {
  const labels = Object.keys(vm.metadata.labels ?? {}).map((key) => [`f:${key}`, {}] as const);
  const fieldsV1 = { "f:metadata": { "f:labels": Object.fromEntries(labels) } };
  return { ...vm, metadata: { ...vm.metadata, managedFields: [{ manager: "multinic", fieldsV1 }] } };
}

/** The same VM, not created by multinic. */
function asTheirs(vm: VirtualMachine): VirtualMachine {
  const { labels: _labels, annotations: _annotations, ...metadata } = vm.metadata;
  return { ...vm, metadata };
}

/** A NIC without what no object shows: how its values were written, and settings that have no effect. */
function shown(nic: Nic): object {
  const { mac, name, type, attachment, binding, mtu, linkState, mode } = nic;
  const hasGateway = mode === "static" && nic.defaultRoute && nic.gateway !== undefined;
  return {
    mac,
    name,
    type,
    attachment,
    binding,
    // A given NAD has its own.
    vlanId: attachment?.kind === "given" ? undefined : nic.vlanId,
    mtu,
    linkState,
    mode,
    // Without a default route nothing shows which NIC would have the better one.
    metric: mode === "dhcp" || hasGateway ? nic.metric : undefined,
    primary: mode === "dhcp" || hasGateway ? nic.primary : undefined,
    // Their order is the compiler's.
    addresses: nic.addresses.map(({ cidr }) => cidr.text).toSorted(),
    gateway: hasGateway ? nic.gateway?.text : undefined,
    dhcpRoute: mode === "dhcp" ? nic.defaultRoute : undefined,
    dnsServers: nic.dnsServers.map(({ text }) => text),
    // cloud-init takes none without a name server.
    searchDomains: nic.dnsServers.length === 0 ? [] : nic.searchDomains,
    routes: nic.routes.map(({ destination, gateway, metric }) => [destination.text, gateway.text, metric]),
  };
}

describe("generated specs that are accepted", () => {
  it("come back from their objects, and are adopted as they are", ({ expect }) => {
    let accepted = 0;
    const seed = Date.now() % 2 ** 31;
    assert(
      property(arbitrarySpec, boolean(), (arbitrary, byPolicy) => {
        const policy = { routing: "policy", guest: { renderer: "netplan" } } as const;
        const spec = { ...inThisWorld(arbitrary), ...(byPolicy ? policy : {}) };
        const { vm, findings } = checkVm(spec, builtInCatalogue(), facts);
        if (hasErrors(findings)) return;
        accepted += 1;
        const compiled = compileVm(spec, vm);

        const imported = importVm(
          {
            vm: asStored(compiled.virtualMachine),
            vmi: undefined,
            nads: mapOf([...given, ...compiled.attachments]),
            secrets: new Map([[compiled.secret.metadata.name, compiled.secret]]),
          },
          builtInCatalogue(),
        );

        const again = checkVm(imported.spec, builtInCatalogue(), facts);
        expect(again.findings.filter(({ severity }) => severity === "error")).toEqual([]);
        expect(imported.notes).toEqual([]);
        expect(withoutRecord(compileVm(imported.spec, again.vm))).toEqual(withoutRecord(compiled));
        expect(again.vm.nics.map(shown)).toEqual(vm.nics.map(shown));
        const { template } = compiled.virtualMachine.spec;
        const adopted = compileAdopted(imported.spec, again.vm, asTheirs(compiled.virtualMachine));
        const { domain, ...lists } = adopted.virtualMachine.spec.template.spec;
        expect(domain.devices).toEqual({ interfaces: template.spec.domain.devices.interfaces });
        expect(lists).toEqual({ networks: template.spec.networks, volumes: template.spec.volumes });
        expect(adopted.secret.stringData["networkdata"]).toBe(compiled.secret.stringData["networkdata"]);
        // Rules show that routing is by policy, where there are any.
        const unseen = { nics: [], renderer: undefined, routing: undefined };
        expect({ ...again.vm, ...unseen }).toEqual({ ...vm, ...unseen });
      }),
      { numRuns: runs, seed },
    );
    console.info(`specs generated ${runs}, accepted and read back ${accepted}, seed ${seed}`);
    expect(accepted).toBeGreaterThan(runs / 10);
  }, 240_000);
});
