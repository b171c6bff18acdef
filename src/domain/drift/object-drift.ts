// Drift of the VM and its NADs, compared with what the recorded spec compiles to.
import { wantedFields } from "../compare/instance-fields.ts";
import { kubeVirtFields, nicDifferences } from "../compare/nic-differences.ts";
import { hasSameContent } from "../import/attachment.ts";
import type { VmObjects } from "../import/import-vm.ts";
import { fullNadName } from "../names.ts";
import { resourceNameAnnotation } from "../network/cni.ts";
import { placeOfNetworkConfig } from "../objects/cloud-init.ts";
import type { NetworkAttachmentDefinition, VirtualMachine } from "../objects/kubernetes.ts";
import { secretNameOf } from "../objects/ownership.ts";
import { type Drift, type Wanted, writtenIn } from "./drift.ts";

/** In the order of the NICs: first of the VM, then of its NADs. */
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

/** The NICs as KubeVirt knows them. */
function nicDrift(wanted: VirtualMachine, actual: VirtualMachine): readonly Drift[] {
  const { interfaces = [] } = actual.spec.template.spec.domain.devices;
  const isPresent = (nic: string): boolean => interfaces.find(({ name }) => name === nic)?.state !== "absent";
  const before = wantedFields(actual).nics;
  const after = wantedFields(wanted).nics;
  return nicDifferences(kubeVirtFields, before, after, isPresent).map((difference): Drift => {
    const { path: field, nic } = difference;
    const written = writtenIn(actual, paths.interfaces);
    switch (difference.kind) {
      case "added":
        return { field, nic, wanted: difference.fields.binding ?? "", actual: "", ...written };
      case "removed":
        return { field, nic, wanted: "", actual: difference.fields.binding ?? "", ...written };
      case "field":
      case "reordered": {
        const values = { wanted: difference.newValue, actual: difference.oldValue };
        return difference.kind === "field" && difference.field === "attachment"
          ? { field, nic, ...values, ...writtenIn(actual, paths.networks) }
          : { field, nic, ...values, ...written };
      }
    }
  });
}

/** The guest gets the network-config from the Secret that multinic writes, and from nowhere else. */
function volumeDrift(vm: VirtualMachine): readonly Drift[] {
  const wanted = `Secret ${secretNameOf(vm.metadata.name)}`;
  const actual = placeOfNetworkConfig(vm);
  return actual === wanted
    ? []
    : [{ field: "networkConfig", nic: "", wanted, actual, ...writtenIn(vm, paths.volumes) }];
}

/** A NAD is read when a pod starts: a change shows at the next start or migration. */
function nadDrift({ vm, compiled }: Wanted, { vm: actual, nads }: VmObjects): readonly Drift[] {
  const generated = new Map(
    compiled.attachments.map((nad) => [`${nad.metadata.namespace}/${nad.metadata.name}`, nad]),
  );
  const namespace = actual.metadata.namespace ?? "";
  const used = new Set(
    (actual.spec.template.spec.networks ?? []).flatMap(({ multus }) =>
      multus === undefined ? [] : [fullNadName(multus.networkName, namespace)],
    ),
  );
  return vm.nics.flatMap(({ name: nic }, index): readonly Drift[] => {
    const fullName = compiled.attachmentNames[index];
    // One that the VM does not name is reported as drift of the VM.
    if (fullName === undefined || !used.has(fullName)) return [];
    const wanted = generated.get(fullName);
    const found = nads.get(fullName);
    const field = `networks[${nic}].attachment`;
    if (found === undefined) {
      const source = `NetworkAttachmentDefinition ${fullName}`;
      return [{ field, nic, wanted: fullName, actual: "", source, since: undefined }];
    }
    return wanted === undefined || hasSameContent(wanted, found)
      ? []
      : [
          {
            field,
            nic,
            wanted: contentOf(wanted),
            actual: contentOf(found),
            ...writtenIn(found, "spec.config"),
          },
        ];
  });
}

function contentOf({ spec, metadata }: NetworkAttachmentDefinition): string {
  const resource = metadata.annotations?.[resourceNameAnnotation];
  return `${spec?.config ?? ""}${resource === undefined ? "" : ` (${resource})`}`;
}
