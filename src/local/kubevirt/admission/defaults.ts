// virt-api's defaults: those stored in a VirtualMachine, and those set only for validation.
import type { KubevirtConfiguration } from "../configuration.ts";
import { withDefaultNetwork } from "../default-network.ts";
import { one, quantityValue } from "../../../domain/objects/quantity.ts";
import type { Disk, Domain, TemplateSpec, VirtualMachineSpec } from "./template-spec.ts";

const machineTypes: Readonly<Record<string, string>> = {
  amd64: "q35",
  arm64: "virt",
  s390x: "s390-ccw-virtio",
};

function architectureOf(spec: TemplateSpec, { architectureConfiguration }: KubevirtConfiguration): string {
  return spec.architecture ?? architectureConfiguration?.defaultArchitecture ?? "amd64";
}

function withArchitecture(spec: TemplateSpec, configuration: KubevirtConfiguration): TemplateSpec {
  const architecture = architectureOf(spec, configuration);
  const { machine } = spec.domain;
  const type = (machine?.type ?? "") === "" ? machineTypes[architecture] : machine?.type;
  const domain = { ...spec.domain, machine: { ...machine, ...(type !== undefined && { type }) } };
  return { ...spec, architecture, domain };
}

const pciTopologyVersion = "kubevirt.io/pci-topology-version";

/** PCI Express with root ports for hotplug: amd64 with q35, arm64 with virt (pkg/defaults/defaults.go). */
function plugsOverPcie({ architecture, domain }: TemplateSpec): boolean {
  const type = domain.machine?.type ?? "";
  return architecture !== "s390x" && (type.includes("q35") || type.startsWith("virt"));
}

/**
 * What the mutating webhook writes (vm-mutator.go): always architecture and machine type; at creation also the firmware's
 * UUID, which is the guest's cloud-init instance-id, and serial, and the version of the PCI layout.
 */
export function withStoredDefaults(
  spec: VirtualMachineSpec,
  operation: "CREATE" | "UPDATE",
  configuration: KubevirtConfiguration,
  newUuid: () => string,
): VirtualMachineSpec {
  const { template } = spec;
  const defaulted = withArchitecture(template.spec, configuration);
  if (operation === "UPDATE") return { ...spec, template: { ...template, spec: defaulted } };
  const { uuid = "", serial = "" } = defaulted.domain.firmware ?? {};
  const firmware = {
    ...defaulted.domain.firmware,
    uuid: uuid === "" ? newUuid() : uuid,
    serial: serial === "" ? newUuid() : serial,
  };
  const created = { ...defaulted, domain: { ...defaulted.domain, firmware } };
  const annotations = { [pciTopologyVersion]: "v3", ...template.metadata?.annotations };
  const metadata = plugsOverPcie(created) ? { ...template.metadata, annotations } : template.metadata;
  return { ...spec, template: { ...template, ...(metadata !== undefined && { metadata }), spec: created } };
}

/** A limit without a request sets the request too. */
function withCpuRequest(domain: Domain): Domain {
  const { requests, limits } = domain.resources ?? {};
  if (limits?.cpu === undefined || quantityValue(limits.cpu) === 0n || quantityValue(requests?.cpu) !== 0n) {
    return domain;
  }
  return { ...domain, resources: { ...domain.resources, requests: { ...requests, cpu: limits.cpu } } };
}

/** The request, else the limit, is the default of the guest's memory. */
function withGuestMemory(domain: Domain): Domain {
  const { requests, limits } = domain.resources ?? {};
  const guest = [domain.memory?.guest, requests?.memory, limits?.memory].find(
    (value, index) => value !== undefined && (index === 0 || quantityValue(value) !== 0n),
  );
  return { ...domain, memory: { ...domain.memory, ...(guest !== undefined && { guest }) } };
}

/** Without a topology, the CPU limit or request rounded up is the number of sockets. */
function withTopology(domain: Domain): Domain {
  const { cores = 0, sockets = 0, threads = 0 } = domain.cpu ?? {};
  if (cores !== 0 || sockets !== 0 || threads !== 0) return domain;
  const { requests, limits } = domain.resources ?? {};
  const cpus = limits?.cpu ?? requests?.cpu;
  const wanted = cpus === undefined ? 1 : Number((quantityValue(cpus) + one - 1n) / one);
  return { ...domain, cpu: { ...domain.cpu, cores: 1, threads: 1, sockets: wanted } };
}

/** Adds a disk for each volume that has none (pkg/util/util.go). */
function withVolumeDisks(spec: TemplateSpec): TemplateSpec {
  const { disks = [], filesystems = [] } = spec.domain.devices;
  const shown = new Set([...disks, ...filesystems].map(({ name }) => name));
  const added: Disk[] = (spec.volumes ?? [])
    .filter(({ name }) => !shown.has(name))
    .map(({ name }) => ({ name }));
  if (added.length === 0) return spec;
  const devices = { ...spec.domain.devices, disks: [...disks, ...added] };
  return { ...spec, domain: { ...spec.domain, devices } };
}

/**
 * The defaults that a VM gets when it runs (SetDefaultVirtualMachineInstanceSpec in pkg/defaults/defaults.go), set before
 * validation. `failure` says why the configuration allows no default.
 */
export function withValidationDefaults(
  spec: VirtualMachineSpec,
  configuration: KubevirtConfiguration,
): { readonly defaulted: VirtualMachineSpec } | { readonly failure: string } {
  let template = withArchitecture(spec.template.spec, configuration);
  template = { ...template, domain: withTopology(withGuestMemory(withCpuRequest(template.domain))) };
  const evictionStrategy = template.evictionStrategy ?? configuration.evictionStrategy;
  if (evictionStrategy !== undefined) template = { ...template, evictionStrategy };
  const network = withDefaultNetwork(template, configuration);
  if ("failure" in network) return network;
  const defaulted = { ...spec, template: { ...spec.template, spec: withVolumeDisks(network.spec) } };
  return { defaulted };
}
