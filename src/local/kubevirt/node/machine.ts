// One VMI's domain and guest through its life: started, rebuilt, moved, synced with the spec, asked by its agent.
// Pure: each function yields the next state.
import type { VirtualMachineInstance } from "../../../domain/objects/kubernetes.ts";
import type { NodeDelays } from "./delays.ts";
import type { BindingPlugins } from "../configuration.ts";
import { buildDomain, syncDomain } from "./domain.ts";
import { agentInterfaces, bootGuest, guestNics, replugGuest } from "./guest.ts";
import type { AgentInterface } from "./vmi-interfaces.ts";
import type { Machine } from "./machines.ts";
import type { DhcpServers } from "./dhcp.ts";
import type { NetworkPlan } from "./network-plan.ts";
import { trackUptimes } from "./traffic.ts";
import { rewire, wiresOf, type CniTypeLookup } from "./wires.ts";

/** The world around one machine. */
export interface Surroundings {
  readonly vmi: VirtualMachineInstance;
  readonly node: string;
  readonly plugins: BindingPlugins;
  readonly cniType: CniTypeLookup;
  readonly delays: NodeDelays;
  readonly nowMs: number;
}

/** The domain is defined and the guest boots by the plan; `bootMs` 0 for one that has booted before. */
export function startMachine(around: Surroundings, plan: NetworkPlan, bootMs: number): Machine {
  const { vmi, node, plugins, cniType, nowMs } = around;
  const domain = buildDomain(vmi, plugins);
  const bootedAtMs = nowMs + bootMs;
  return {
    node,
    domain,
    guest: bootGuest(plan, guestNics(vmi, domain)),
    wires: wiresOf(vmi, cniType),
    bootedAtMs,
    uptimes: trackUptimes(new Map(), domain, nowMs),
    heard: undefined,
    askAtMs: bootedAtMs,
  };
}

/** A migration arrived: a new domain from the spec, counters from zero, the guest as it was. */
export function moveMachine(machine: Machine, around: Surroundings): Machine {
  const { vmi, node, plugins, cniType, nowMs } = around;
  const domain = buildDomain(vmi, plugins);
  return {
    ...machine,
    node,
    domain,
    guest: replugGuest(machine.guest, guestNics(vmi, domain)),
    wires: wiresOf(vmi, cniType),
    uptimes: trackUptimes(new Map(), domain, nowMs),
    // libvirt's poller starts anew with the domain.
    askAtMs: Math.max(machine.bootedAtMs, nowMs),
  };
}

/** The spec may have changed: links, plugged and unplugged NICs. The same object when nothing did. */
export function syncMachine(machine: Machine, { vmi, plugins, cniType, nowMs }: Surroundings): Machine {
  const domain = syncDomain(machine.domain, vmi, plugins);
  if (domain === machine.domain) return machine;
  return {
    ...machine,
    domain,
    guest: replugGuest(machine.guest, guestNics(vmi, domain)),
    wires: rewire(machine.wires, machine.domain, wiresOf(vmi, cniType)),
    uptimes: trackUptimes(machine.uptimes, domain, nowMs),
  };
}

/**
 * On a VMI (from the VM's template), value "absent": its image has no guest agent. Ours, for trying out what a NIC
 * looks like then.
 */
export const guestAgentAnnotation = "local.multinic.novasphere.dev/guest-agent";

/** libvirt asks the agent when it is time, and plans the next question when the guest has changed since. */
export function askAgent(
  machine: Machine,
  { vmi, delays, nowMs }: Surroundings,
  servers: { readonly dhcp: DhcpServers; readonly podIP: string | undefined },
): Machine {
  if (vmi.metadata.annotations?.[guestAgentAnnotation] === "absent") {
    return { ...machine, heard: undefined, askAtMs: undefined };
  }
  const said = agentInterfaces(machine.guest, machine.wires, servers);
  if (sameReport(said, machine.heard)) return { ...machine, askAtMs: undefined };
  const askAtMs = machine.askAtMs ?? nowMs + delays.agentMs;
  return askAtMs <= nowMs ? { ...machine, heard: said, askAtMs: undefined } : { ...machine, askAtMs };
}

function sameReport(a: readonly AgentInterface[], b: readonly AgentInterface[] | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
