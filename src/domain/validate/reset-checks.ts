// Fields of an existing VM that an apply resets because the spec does not have them.
import { finding } from "../findings.ts";
import { replaceWith } from "../fix.ts";
import { labelsText } from "../labels.ts";
import type { ResolvedDisk, ResolvedVm } from "../nic.ts";
import type { VmCheck } from "./context.ts";

const nothing = "none";

/** In the order in which they are reported. */
const values = {
  cpu: ({ cpu }) => cpu,
  memory: ({ memory }) => memory,
  bootDisk: ({ disks }) => diskText(disks[0]),
  disks: ({ disks }) => disks.slice(1).map(diskText).join(", ") || nothing,
  userData: ({ userData }) => userDataText(userData),
  runStrategy: ({ runStrategy }) => runStrategy,
  guest: ({ renderer }) => renderer ?? nothing,
  guestConfig: ({ guestConfig }) => guestConfig,
  routing: ({ routing }) => routing,
  labels: ({ labels }) => labelsText(labels) || nothing,
} as const satisfies Record<string, (vm: ResolvedVm) => string | number>;
type MachineField = keyof typeof values;
const machineFields = Object.keys(values) as readonly MachineField[];

/** Where the value itself belongs in a spec. */
const places: Partial<Record<MachineField, string>> = {
  cpu: "cpu",
  memory: "memory",
  runStrategy: "runStrategy",
  guest: "guest.renderer",
  guestConfig: "guestConfig",
  routing: "routing",
};

function diskText(disk: ResolvedDisk | undefined): string {
  return disk === undefined ? nothing : `${disk.source.kind} ${disk.source.value}`;
}

/** Without the text, which may hold passwords. */
function userDataText(userData: ResolvedVm["userData"]): string {
  if (userData === undefined) return nothing;
  return userData.secretName === undefined ? "text (not shown)" : `Secret ${userData.secretName}`;
}

const machineIsNotReset: VmCheck = ({ asked, vm, replaced }) => {
  if (replaced === undefined) return undefined;
  return machineFields.map((field) => {
    const was = values[field](replaced);
    const becomes = values[field](vm);
    if (asked[field] !== undefined || was === becomes) return undefined;
    const place = places[field];
    const fix = place === undefined ? {} : { fix: replaceWith(place, was) };
    return finding("MACHINE_RESET", field, { name: field, was, becomes }, fix);
  });
};

export const resetChecks: readonly VmCheck[] = [machineIsNotReset];
