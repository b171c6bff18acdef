// Drift of the VM and its NADs, compared with what the recorded spec compiles to.
import { wantedFields } from "../compare/instance-fields.ts";
import {
  type KubeVirtField,
  kubeVirtFields,
  type NicComparison,
  nicDifferences,
  nicPath,
} from "../compare/nic-differences.ts";
import { hasSameContent } from "../import/attachment.ts";
import type { VmObjects } from "../import/import-vm.ts";
import { resourceNameAnnotation } from "../network/cni.ts";
import { placeOfNetworkConfig } from "../objects/cloud-init.ts";
import type { NetworkAttachmentDefinition, VirtualMachine } from "../objects/kubernetes.ts";
import { secretNameOf } from "../objects/ownership.ts";
import { type Drift, driftFrom, type Wanted, writtenIn } from "./drift.ts";

/** First of the VM, then of its NADs; each in the order of the NICs. */
export function objectDrift(wanted: Wanted, objects: VmObjects): readonly Drift[] {
  return [
    ...nicDrift(wanted.compiled.virtualMachine, objects.vm),
    ...volumeDrift(objects.vm),
    ...nadDrift(wanted, objects),
  ];
}

const paths = {
  interfaces: "spec.template.spec.domain.devices.interfaces",
  networks: "spec.template.spec.networks",
  volumes: "spec.template.spec.volumes",
} as const;

function nicDrift(wanted: VirtualMachine, actual: VirtualMachine): readonly Drift[] {
  const { interfaces = [] } = actual.spec.template.spec.domain.devices;
  const comparison: NicComparison<KubeVirtField> = {
    fields: kubeVirtFields,
    nicText: ({ binding = "" }) => binding,
    isPresent: (nic) => interfaces.find(({ name }) => name === nic)?.state !== "absent",
  };
  return nicDifferences(comparison, wantedFields(actual).nics, wantedFields(wanted).nics).map(
    (difference) => {
      const isNetwork = difference.kind === "field" && difference.field === "attachment";
      return driftFrom(difference.change, writtenIn(actual, isNetwork ? paths.networks : paths.interfaces));
    },
  );
}

/** The guest must get the network-config from the Secret that multinic writes. */
function volumeDrift(vm: VirtualMachine): readonly Drift[] {
  const wanted = `Secret ${secretNameOf(vm.metadata.name)}`;
  const actual = placeOfNetworkConfig(vm);
  return actual === wanted
    ? []
    : [{ path: "networkConfig", nic: "", wanted, actual, ...writtenIn(vm, paths.volumes) }];
}

/** A NAD is read when a pod starts: a change takes effect at the next start or migration. */
function nadDrift({ vm, compiled }: Wanted, { vm: actual, nads }: VmObjects): readonly Drift[] {
  const generated = new Map(
    compiled.attachments.map((nad) => [`${nad.metadata.namespace}/${nad.metadata.name}`, nad]),
  );
  const used = new Set([...wantedFields(actual).nics.values()].map(({ attachment }) => attachment));
  return vm.nics.flatMap(({ name: nic }, index): readonly Drift[] => {
    const fullName = compiled.attachmentNames[index];
    // A NAD that the VM does not name is reported as drift of the VM.
    if (fullName === undefined || !used.has(fullName)) return [];
    const wanted = generated.get(fullName);
    const found = nads.get(fullName);
    const at = { path: nicPath(nic, "attachment"), nic };
    if (found === undefined) {
      const [namespace = "", name = ""] = fullName.split("/");
      const object = { kind: "NetworkAttachmentDefinition", namespace, name };
      return [{ ...at, wanted: fullName, actual: "", object, manager: "", since: undefined }];
    }
    if (wanted === undefined || hasSameContent(wanted, found)) return [];
    const contents = { wanted: contentOf(wanted), actual: contentOf(found) };
    return [{ ...at, ...contents, ...writtenIn(found, "spec.config") }];
  });
}

function contentOf({ spec, metadata }: NetworkAttachmentDefinition): string {
  const resource = metadata.annotations?.[resourceNameAnnotation];
  return `${spec?.config ?? ""}${resource === undefined ? "" : ` (${resource})`}`;
}
