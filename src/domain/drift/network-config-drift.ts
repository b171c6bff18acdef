// Drift of the network-config, compared with what the recorded spec compiles to.
import type { CompiledVm } from "../compile/compile.ts";
import { carriesBoothook } from "../guest/boothook.ts";
import { configDifferences } from "../import/differences.ts";
import { readGuest, type VmObjects } from "../import/import-vm.ts";
import { secretText } from "../objects/cloud-init.ts";
import type { Secret } from "../objects/kubernetes.ts";
import { secretNameOf } from "../objects/ownership.ts";
import { type Drift, driftFrom, type Wanted, writtenIn } from "./drift.ts";

const path = "networkConfig";

/** NIC by NIC, then parts that cannot be read. Empty if the Secret could not be read. */
export function networkConfigDrift({ vm, compiled }: Wanted, objects: VmObjects): readonly Drift[] {
  const own = secretNameOf(objects.vm.metadata.name);
  if (!objects.secrets.has(own)) return [];
  const secret = objects.secrets.get(own);
  if (secret === undefined) {
    const object = { kind: "Secret", namespace: objects.vm.metadata.namespace ?? "", name: own };
    return [{ path, nic: "", wanted: `Secret ${own}`, actual: "", object, manager: "", since: undefined }];
  }
  return vm.guestConfig === "nmstate"
    ? nmstateDrift(compiled.secret, secret)
    : configDrift(compiled, own, secret);
}

function configDrift(
  { virtualMachine, secret: wanted }: CompiledVm,
  own: string,
  actual: Secret,
): readonly Drift[] {
  const { interfaces = [] } = virtualMachine.spec.template.spec.domain.devices;
  // Both are read in the same way, so that unreadable parts of both are not a difference.
  const read = (secret: Secret): ReturnType<typeof readGuest> =>
    readGuest(interfaces, { vm: virtualMachine, vmi: undefined, secrets: new Map([[own, secret]]) });
  const before = read(actual);
  const after = read(wanted);
  const written = writtenIn(actual, ["data", "networkdata"]);
  const ofNics = configDifferences(before.byNic, after.byNic).map((change) => driftFrom(change, written));
  const unread = before.notes
    .filter((note) => !after.notes.includes(note))
    .map((note) => ({ path, nic: "", wanted: "", actual: note, ...written }));
  return [...ofNics, ...unread];
}

/** Compared as text, because only the guest reads NMState desired state. The caller's part of the user-data is not known. */
function nmstateDrift({ stringData }: CompiledVm["secret"], actual: Secret): readonly Drift[] {
  const differs = (key: string, wanted: string): Drift => ({
    path,
    nic: "",
    wanted,
    actual: "different text",
    ...writtenIn(actual, ["data", key]),
  });
  const hasConfig = secretText(actual, "networkdata") === stringData["networkdata"];
  const hasBoothook = carriesBoothook(secretText(actual, "userdata") ?? "", stringData["userdata"] ?? "");
  return [
    ...(hasConfig ? [] : [differs("networkdata", "cloud-init network configuration disabled")]),
    ...(hasBoothook ? [] : [differs("userdata", "the desired state for nmstate")]),
  ];
}
