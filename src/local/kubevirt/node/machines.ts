// The running VMIs: domains with their guests, root disks and DHCP leases. The nodes of a cluster share one object, so that
// a guest keeps its memory and disk when it moves. Nothing is written to disk; functions on a machine return its next state.
import { isDeepStrictEqual } from "node:util";
import type { VirtualMachineInstance } from "../../../domain/objects/kubernetes.ts";
import type { BindingPlugins } from "../configuration.ts";
import type { DiskMemory } from "./cloud-init.ts";
import type { NodeDelays } from "./delays.ts";
import { createDhcpServers, type DhcpServers } from "./dhcp.ts";
import { buildDomain, syncDomain, type Domain } from "./domain.ts";
import { agentInterfaces, bootGuest, guestNics, replugGuest, type Guest, type Servers } from "./guest.ts";
import type { NetworkPlan } from "./network-plan.ts";
import { trackUptimes, type Uptime } from "./traffic.ts";
import type { AgentInterface } from "./vmi-interfaces.ts";
import { rewire, wiresOf, type CniTypeLookup, type Wires } from "./wires.ts";

/** One running VMI. */
export interface Machine {
  readonly node: string;
  readonly domain: Domain;
  readonly guest: Guest;
  readonly wires: Wires;
  /** When the guest agent first answers, ms since the epoch. */
  readonly bootedAtMs: number;
  readonly uptimes: ReadonlyMap<string, Uptime>;
  /** The agent's last answer to libvirt; undefined before the first. */
  readonly heard: readonly AgentInterface[] | undefined;
  /** When libvirt next asks the agent, ms since the epoch; undefined while the answer would be the same. */
  readonly askAtMs: number | undefined;
}

export interface Machines {
  /** By uid of the VMI. */
  readonly running: Map<string, Machine>;
  /** By claim, `namespace/name`. */
  readonly disks: Map<string, DiskMemory>;
  readonly dhcp: DhcpServers;
}

export function createMachines(): Machines {
  return { running: new Map(), disks: new Map(), dhcp: createDhcpServers() };
}

/** The inputs of each step of a machine. */
export interface Surroundings {
  readonly vmi: VirtualMachineInstance;
  readonly node: string;
  readonly plugins: BindingPlugins;
  readonly cniType: CniTypeLookup;
  readonly delays: NodeDelays;
  readonly nowMs: number;
}

/** Defines the domain and boots the guest with the plan; `bootMs` is 0 for a guest that runs already. */
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

/** After a migration to this node: a new domain from the spec, counters from zero, and the same guest. */
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
    // libvirt's poller restarts with the domain.
    askAtMs: Math.max(machine.bootedAtMs, nowMs),
  };
}

/** Applies a changed spec: link states, plugged and unplugged NICs. The same object when nothing changed. */
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

/** On a VMI (from the VM's template), value "absent": its image has no guest agent. Only the simulation reads it. */
export const guestAgentAnnotation = "local.multinic.novasphere.dev/guest-agent";

/** libvirt asks the agent when it is due, and schedules the next time when the guest has changed. */
export function askAgent(machine: Machine, { vmi, delays, nowMs }: Surroundings, servers: Servers): Machine {
  if (vmi.metadata.annotations?.[guestAgentAnnotation] === "absent") {
    return { ...machine, heard: undefined, askAtMs: undefined };
  }
  const answer = agentInterfaces(machine.guest, machine.wires, servers);
  if (isDeepStrictEqual(answer, machine.heard)) return { ...machine, askAtMs: undefined };
  const askAtMs = machine.askAtMs ?? nowMs + delays.agentMs;
  return askAtMs <= nowMs ? { ...machine, heard: answer, askAtMs: undefined } : { ...machine, askAtMs };
}
