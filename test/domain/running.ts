// A VM that runs as a spec says: its objects, and what the plan takes from them.
import { builtInCatalogue } from "../../src/domain/catalogue.ts";
import { compileVm } from "../../src/domain/compile/compile.ts";
import { noFacts } from "../../src/domain/facts.ts";
import type { ResolvedVm } from "../../src/domain/nic.ts";
import type {
  VirtualMachine,
  VirtualMachineInstance,
  VmNetwork,
} from "../../src/domain/objects/kubernetes.ts";
import { asStored } from "../../src/domain/plan/as-stored.ts";
import type { PlanInput } from "../../src/domain/plan/plan.ts";
import { runningVm, type RunningVm } from "../../src/domain/plan/running-vm.ts";
import { resolveVm } from "../../src/domain/resolve/resolve-vm.ts";
import type { VmSpec } from "../../src/domain/spec.ts";

export interface Circumstances {
  /** KubeVirt's version; default v1.9.0. */
  readonly version?: string | undefined;
  readonly featureGates?: readonly string[];
  /** Default LiveMigrate. */
  readonly workloadUpdateMethods?: readonly string[];
  /** KubeVirt's reason why the VM cannot be migrated. */
  readonly notMigratable?: string;
  /** The memory that the instance may get; default none. */
  readonly maxGuest?: string | undefined;
  /** In place of the compiled ones. */
  readonly networks?: VmNetwork[];
}

const resolve = (spec: VmSpec): ResolvedVm => resolveVm(spec, builtInCatalogue(), noFacts).vm;

/** The VM as a plan starts from it, after an apply of this spec. */
export function storedAs(spec: VmSpec): ResolvedVm {
  return asStored(resolve(spec), instanceOf(spec).vm);
}

/** The VM as a plan ends with it. */
export function wantedAs(spec: VmSpec): Pick<PlanInput, "after" | "attachmentNames"> {
  const after = resolve(spec);
  return { after, attachmentNames: compileVm(spec, after).attachmentNames };
}

/** The VM of a spec and its instance, all NICs plugged and seen by the guest. */
export function instanceOf(
  spec: VmSpec,
  { notMigratable, networks, maxGuest }: Circumstances = {},
): { readonly vm: VirtualMachine; readonly vmi: VirtualMachineInstance } {
  const { virtualMachine: vm } = compileVm(spec, resolve(spec));
  const { metadata, spec: template } = vm.spec.template;
  return {
    vm,
    vmi: {
      apiVersion: "kubevirt.io/v1",
      kind: "VirtualMachineInstance",
      metadata: { name: spec.name, namespace: spec.namespace, annotations: { ...metadata?.annotations } },
      spec: {
        ...template,
        ...(networks === undefined ? {} : { networks }),
        domain: {
          ...template.domain,
          memory: { ...template.domain.memory, ...(maxGuest === undefined ? {} : { maxGuest }) },
        },
      },
      status: {
        phase: "Running",
        memory: { guestAtBoot: template.domain.memory?.guest ?? "" },
        nodeName: "node-1",
        interfaces: (template.domain.devices.interfaces ?? []).map(({ name }) => ({
          name,
          infoSource: "domain, guest-agent",
        })),
        conditions:
          notMigratable === undefined
            ? [{ type: "LiveMigratable", status: "True" }]
            : [{ type: "LiveMigratable", status: "False", message: notMigratable }],
      },
    },
  };
}

/** How changes land on the VM of a spec while it runs. */
export function runningAs(spec: VmSpec, circumstances: Circumstances = {}): RunningVm {
  const { workloadUpdateMethods = ["LiveMigrate"], featureGates = [] } = circumstances;
  const version = "version" in circumstances ? circumstances.version : "v1.9.0";
  const running = runningVm({
    vmi: instanceOf(spec, circumstances).vmi,
    kubeVirt: { version, workloadUpdateMethods, featureGates },
  });
  if (running === undefined) throw new Error("it does not run");
  return running;
}
