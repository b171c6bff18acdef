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
import { labelOf } from "../labels.ts";
import type { VmObjects } from "../import/import-vm.ts";
import { resourceNameAnnotation } from "../network/cni.ts";
import { placeOfNetworkConfig } from "../objects/cloud-init.ts";
import type { NetworkAttachmentDefinition, VirtualMachine } from "../objects/kubernetes.ts";
import { secretNameOf } from "../objects/ownership.ts";
import { entryPath } from "../paths.ts";
import { type Drift, driftFrom, type Wanted, writtenIn } from "./drift.ts";

/** First of the VM's NICs, then of its NADs, each in the order of the NICs; then of its labels. */
export function objectDrift(wanted: Wanted, objects: VmObjects): readonly Drift[] {
  return [
    ...nicDrift(wanted.compiled.virtualMachine, objects.vm),
    ...volumeDrift(objects.vm),
    ...nadDrift(wanted, objects),
    ...labelDrift(wanted, objects.vm),
  ];
}

const template = ["spec", "template", "spec"] as const;
const paths = {
  interfaces: [...template, "domain", "devices", "interfaces"],
  networks: [...template, "networks"],
  volumes: [...template, "volumes"],
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
    return [{ ...at, ...contents, ...writtenIn(found, ["spec", "config"]) }];
  });
}

/** Labels that are not requested are others'. */
function labelDrift({ vm: { labels } }: Wanted, vm: VirtualMachine): readonly Drift[] {
  return Object.entries(labels).flatMap(([key, wanted]): readonly Drift[] => {
    const actual = labelOf(vm.metadata.labels, key);
    if (actual === wanted) return [];
    const values = {
      wanted: quotedIfEmpty(wanted),
      actual: actual === undefined ? "" : quotedIfEmpty(actual),
    };
    const written = writtenIn(vm, ["metadata", "labels", key]);
    return [{ path: entryPath("labels", key), nic: "", ...values, ...written }];
  });
}

/** An empty text would say that there is no label. */
const quotedIfEmpty = (value: string): string => (value === "" ? '""' : value);

function contentOf({ spec, metadata }: NetworkAttachmentDefinition): string {
  const resource = metadata.annotations?.[resourceNameAnnotation];
  return `${spec?.config ?? ""}${resource === undefined ? "" : ` (${resource})`}`;
}
