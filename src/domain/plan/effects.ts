// What a change of a running VM does, by KubeVirt 1.9's rules (vmliveupdate, hot-plug) and by how guests read their configuration.
import type { Binding } from "../nic.ts";

/** Worst last. */
export const effects = ["none", "live", "link-flap", "live-migration", "restart", "impossible"] as const;
export type Effect = (typeof effects)[number];

export interface EffectWithReason {
  readonly effect: Effect;
  readonly reason: string;
}

export const notRunning: EffectWithReason = { effect: "none", reason: "the VM is not running" };

const atBoot = "the guest reads its network-config when it boots";

/** Fields that only the guest's network-config carries, and those that KubeVirt compares for RestartRequired. */
const ofField: Readonly<Record<string, EffectWithReason>> = {
  linkState: { effect: "live", reason: "KubeVirt sets the link state of the running domain" },
  macAddress: { effect: "restart", reason: "KubeVirt cannot change the address of a plugged NIC" },
  type: { effect: "restart", reason: "KubeVirt cannot change the binding of a plugged NIC" },
  mtu: { effect: "restart", reason: atBoot },
  primary: { effect: "restart", reason: atBoot },
  metric: { effect: "restart", reason: atBoot },
  routes: { effect: "restart", reason: atBoot },
  runStrategy: { effect: "live", reason: "KubeVirt starts or stops the VM accordingly" },
};

/** The effect of another value of that NIC field, while the VM runs. */
export function effectOfField(field: string, binding: Binding): EffectWithReason {
  if (field === "attachment" || field === "vlanId") return effectOfAttachment(binding);
  if (field.startsWith("ipConfig")) return { effect: "restart", reason: atBoot };
  return ofField[field] ?? { effect: "restart", reason: "KubeVirt changes this at a start only" };
}

/** Another NAD: KubeVirt 1.9 swaps it by migration for its own bindings (gate LiveUpdateNADRef). */
function effectOfAttachment(binding: Binding): EffectWithReason {
  return binding.kind === "bridge" || binding.kind === "sriov"
    ? {
        effect: "live-migration",
        reason: "KubeVirt 1.9 moves the NIC to another network by a live migration",
      }
    : { effect: "restart", reason: "KubeVirt swaps the network of bridge and SR-IOV NICs only" };
}

export function effectOfAdding(binding: Binding): EffectWithReason {
  switch (binding.kind) {
    case "bridge":
    case "sriov":
      return { effect: "live-migration", reason: "KubeVirt plugs the NIC by a live migration" };
    case "masquerade":
      return { effect: "restart", reason: "KubeVirt plugs no NIC on the pod network" };
    case "plugin":
      return {
        effect: "restart",
        reason: "KubeVirt plugs no NIC of a binding plugin, and shows no condition that says so",
      };
  }
}

export const effectOfRemoving: EffectWithReason = {
  effect: "restart",
  reason: "KubeVirt unplugs a NIC that is taken out of the list at the next start",
};

export const effectOfReordering: EffectWithReason = {
  effect: "restart",
  reason: "the guest sees the NICs in their new order after a start",
};

export const effectOfNewGuestConfig: EffectWithReason = { effect: "restart", reason: atBoot };

export const effectOfNewUserData: EffectWithReason = {
  effect: "restart",
  reason: "the guest reads its user-data when it boots",
};

export function worst(all: readonly Effect[]): Effect {
  return effects[Math.max(0, ...all.map((effect) => effects.indexOf(effect)))] ?? "none";
}
