// Drift of the objects: the VM, its NADs and its network-config beside what the recorded spec compiles to.
import type { Catalogue } from "../catalogue.ts";
import { resourceNameAnnotation } from "../network/cni.ts";
import type { CompiledVm } from "../compile/compile.ts";
import { noFacts } from "../facts.ts";
import { hasSameContent } from "../import/attachment.ts";
import { fullNadName } from "../names.ts";
import { carriesBoothook } from "../guest/boothook.ts";
import { cloudInitVolumeOf, secretText } from "../objects/cloud-init.ts";
import { type ImportedVm, importVm, type VmObjects } from "../import/import-vm.ts";
import type { NetworkAttachmentDefinition, VirtualMachine, VmInterface } from "../objects/kubernetes.ts";
import { secretNameOf } from "../objects/ownership.ts";
import { guestFields } from "../guest/guest-record.ts";
import { wantedFields } from "../compare/instance-fields.ts";
import { resolveVm } from "../resolve/resolve-vm.ts";
import type { Drift, Wanted } from "./drift.ts";
import { lastOtherWriter } from "../objects/managed-fields.ts";

type Compiled = Wanted & { readonly compiled: CompiledVm };

/** In the order of the NICs: what the VM itself says, then its NADs, then its network-config. */
export function objectDrift(wanted: Compiled, objects: VmObjects, catalogue: Catalogue): readonly Drift[] {
  return [
    ...vmDrift(wanted.compiled.virtualMachine, objects.vm),
    ...nadDrift(wanted, objects),
    ...networkConfigDrift(wanted, objects, catalogue),
  ];
}

const paths = {
  interfaces: "spec.template.spec.domain.devices.interfaces",
  networks: "spec.template.spec.networks",
  volumes: "spec.template.spec.volumes",
} as const;

/** The NICs as KubeVirt knows them. */
function vmDrift(wanted: VirtualMachine, actual: VirtualMachine): readonly Drift[] {
  const { nics: asked } = wantedFields(wanted);
  const { nics: found } = wantedFields(actual);
  const written = (path: keyof typeof paths) => writtenIn(actual, paths[path]);
  const kept = (names: Iterable<string>): string =>
    [...names].filter((name) => asked.has(name) && found.has(name)).join(", ");
  const orders = { wanted: kept(asked.keys()), actual: kept(found.keys()) };
  return [
    ...[...asked].flatMap(([nic, fields]): readonly Drift[] => {
      const other = found.get(nic);
      const at = `networks[${nic}]`;
      if (other === undefined || interfaceOf(actual, nic)?.state === "absent") {
        return [{ field: at, nic, wanted: fields["binding"] ?? "", actual: "", ...written("interfaces") }];
      }
      return Object.entries(fields)
        .filter(([field, value]) => other[field] !== value)
        .map(([field, value]) => ({
          // A type is known by its binding.
          field: `${at}.${field === "binding" ? "type" : field}`,
          nic,
          wanted: value,
          actual: other[field] ?? "",
          ...written(field === "attachment" ? "networks" : "interfaces"),
        }));
    }),
    ...[...found]
      .filter(([nic]) => !asked.has(nic))
      .map(([nic, fields]) => ({
        field: `networks[${nic}]`,
        nic,
        wanted: "",
        actual: fields["binding"] ?? "",
        ...written("interfaces"),
      })),
    ...(orders.wanted === orders.actual
      ? []
      : [{ field: "networks", nic: "", ...orders, ...written("interfaces") }]),
    ...volumeDrift(actual),
  ];
}

const interfaceOf = (vm: VirtualMachine, nic: string): VmInterface | undefined =>
  vm.spec.template.spec.domain.devices.interfaces?.find(({ name }) => name === nic);

/** The guest gets the network-config from the Secret that is written here, and from nowhere else. */
function volumeDrift(vm: VirtualMachine): readonly Drift[] {
  const own = secretNameOf(vm.metadata.name);
  const source = cloudInitVolumeOf(vm)?.source;
  const name = source?.networkDataSecretRef?.name;
  if (name === own) return [];
  const inline = source?.networkData ?? source?.networkDataBase64;
  const elsewhere = inline === undefined ? "" : "in the VM itself";
  return [
    {
      field: networkConfig,
      nic: "",
      wanted: `Secret ${own}`,
      actual: name === undefined ? elsewhere : `Secret ${name}`,
      ...writtenIn(vm, paths.volumes),
    },
  ];
}

const networkConfig = "networkConfig";

/** A NAD is read when a pod starts: a change shows at the next start or migration. */
function nadDrift({ vm, compiled }: Compiled, { vm: actual, nads }: VmObjects): readonly Drift[] {
  const made = new Map(
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
    // One that the VM does not name is told as the VM's own drift.
    if (fullName === undefined || !used.has(fullName)) return [];
    const wanted = made.get(fullName);
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

/** NIC by NIC as the network-config says, where it can be read. */
function networkConfigDrift(
  { vm, compiled }: Compiled,
  objects: VmObjects,
  catalogue: Catalogue,
): readonly Drift[] {
  const own = secretNameOf(objects.vm.metadata.name);
  if (!objects.secrets.has(own)) return [];
  const secret = objects.secrets.get(own);
  const source = `Secret ${objects.vm.metadata.namespace}/${own}`;
  if (secret === undefined) {
    return [{ field: networkConfig, nic: "", wanted: `Secret ${own}`, actual: "", source, since: undefined }];
  }
  if (vm.guestConfig === "nmstate") return nmstateDrift(compiled.secret, secret);
  // Both read in the same way, so that what no object shows is no difference.
  const read = (found: typeof compiled.secret | typeof secret): ImportedVm =>
    importVm(
      {
        vm: compiled.virtualMachine,
        vmi: undefined,
        nads: new Map(
          compiled.attachments.map((nad) => [`${nad.metadata.namespace}/${nad.metadata.name}`, nad]),
        ),
        secrets: new Map([[own, found]]),
      },
      catalogue,
    );
  const asked = read(compiled.secret);
  const found = read(secret);
  const written = writtenIn(secret, "data.networkdata");
  const fieldsOf = ({ spec }: ImportedVm): ReadonlyMap<string, ReturnType<typeof guestFields>> =>
    new Map(resolveVm(spec, catalogue, noFacts).vm.nics.map((nic) => [nic.name, guestFields(nic)]));
  const actual = fieldsOf(found);
  const ofNics = [...fieldsOf(asked)].flatMap(([nic, fields]): readonly Drift[] => {
    // With NMState the network-config tells of none.
    if (!asked.configured.has(nic)) return [];
    if (!found.configured.has(nic)) {
      const texts = { wanted: fields["ipConfig.addresses"] || (fields["ipConfig.mode"] ?? ""), actual: "" };
      return [{ field: `networks[${nic}].ipConfig`, nic, ...texts, ...written }];
    }
    return Object.entries(fields)
      .filter(([field, value]) => actual.get(nic)?.[field] !== value)
      .map(([field, value]) => ({
        field: `networks[${nic}].${field}`,
        nic,
        wanted: value,
        actual: actual.get(nic)?.[field] ?? "",
        ...written,
      }));
  });
  const unread = found.notes
    .filter((note) => !asked.notes.includes(note))
    .map((note) => ({ field: networkConfig, nic: "", wanted: "", actual: note, ...written }));
  return [...ofNics, ...unread];
}

/** As a whole: NMState desired state is read by the guest alone. The caller's part of the user-data is not known here. */
function nmstateDrift(asked: CompiledVm["secret"], found: VmSecret): readonly Drift[] {
  const apart = (key: string, isSame: (text: string) => boolean, wanted: string): readonly Drift[] =>
    isSame(secretText(found, key) ?? "")
      ? []
      : [
          {
            field: networkConfig,
            nic: "",
            wanted,
            actual: "different text",
            ...writtenIn(found, `data.${key}`),
          },
        ];
  const boothook = asked.stringData["userdata"] ?? "";
  return [
    ...apart(
      "networkdata",
      (text) => text === asked.stringData["networkdata"],
      "cloud-init network configuration disabled",
    ),
    ...apart("userdata", (text) => carriesBoothook(text, boothook), "the desired state for nmstate"),
  ];
}

function writtenIn(
  object: VirtualMachine | NetworkAttachmentDefinition | VmSecret,
  path: string,
): Pick<Drift, "source" | "since"> {
  const { kind, metadata } = object;
  const writer = lastOtherWriter(object, path);
  const at = `${kind} ${metadata.namespace}/${metadata.name}`;
  return {
    source: writer === undefined ? at : `${at}, written by ${writer.manager}`,
    since: writer?.time,
  };
}

type VmSecret = NonNullable<ReturnType<VmObjects["secrets"]["get"]>>;
