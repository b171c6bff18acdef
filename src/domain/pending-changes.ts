// What a running VM does not have yet of what was asked: KubeVirt's conditions, and NICs that differ.
import type { VirtualMachine, VirtualMachineInstance } from "./objects.ts";
import { guestConfigAnnotation } from "./ownership.ts";

/** In words, one line a change; empty when the VM does not run or has everything. */
export function pendingChanges(
  vm: VirtualMachine,
  vmi: VirtualMachineInstance | undefined,
): readonly string[] {
  if (vmi === undefined) return [];
  const restart = vm.status?.conditions?.find(
    ({ type, status }) => type === "RestartRequired" && status === "True",
  );
  const migration = vmi.status?.conditions?.find(({ type }) => type === "MigrationRequired");
  return [
    ...(restart === undefined
      ? []
      : [`KubeVirt asks for a restart: ${restart.message ?? restart.reason ?? "no reason given"}`]),
    ...(migration === undefined
      ? []
      : [
          migration.status === "True"
            ? "KubeVirt waits for a live migration to change the NICs"
            : "KubeVirt is changing the NICs",
        ]),
    ...nicsApart(vm, vmi),
    ...guestConfigApart(vm, vmi),
  ];
}

/** An instance that was started before there was a digest tells nothing. */
function guestConfigApart(vm: VirtualMachine, vmi: VirtualMachineInstance): readonly string[] {
  const wanted = vm.spec.template.metadata?.annotations?.[guestConfigAnnotation];
  const running = vmi.metadata.annotations?.[guestConfigAnnotation];
  return wanted === undefined || running === undefined || wanted === running
    ? []
    : ["the guest's network-config has changed; the guest reads it when it is started again"];
}

function nicsApart(vm: VirtualMachine, vmi: VirtualMachineInstance): readonly string[] {
  const wanted = (vm.spec.template.spec.domain.devices.interfaces ?? []).map(({ name }) => name);
  const running = (vmi.spec.domain.devices.interfaces ?? []).map(({ name }) => name);
  return [
    ...wanted
      .filter((name) => !running.includes(name))
      .map((name) => `networks[${name}]: the running VM does not have it yet`),
    ...running
      .filter((name) => !wanted.includes(name))
      .map((name) => `networks[${name}]: the running VM still has it`),
  ];
}
