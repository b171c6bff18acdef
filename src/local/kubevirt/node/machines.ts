// What runs on the nodes and what outlives a run: domains with their guests, root disks, DHCP leases. Nodes of one
// cluster share one object, so that a guest keeps its memory and its disk when it moves. Nothing is kept on disk.
import type { DiskMemory } from "./cloud-init.ts";
import { createDhcpServers, type DhcpServers } from "./dhcp.ts";
import type { Domain } from "./domain.ts";
import type { Guest } from "./guest.ts";
import type { AgentInterface } from "./vmi-interfaces.ts";
import type { Uptime } from "./traffic.ts";
import type { Wires } from "./wires.ts";

/** One running VMI. */
export interface Machine {
  readonly node: string;
  readonly domain: Domain;
  readonly guest: Guest;
  readonly wires: Wires;
  /** When the guest agent answers first, ms since the epoch. */
  readonly bootedAtMs: number;
  readonly uptimes: ReadonlyMap<string, Uptime>;
  /** What libvirt heard last from the agent; undefined before its first answer. */
  readonly heard: readonly AgentInterface[] | undefined;
  /** When the agent is asked next, ms since the epoch; undefined while `heard` is what it would say. */
  readonly askAtMs: number | undefined;
}

/** Shared by the nodes of a cluster. */
export interface Machines {
  /** By uid of the VMI. */
  readonly running: Map<string, Machine>;
  /** By claim, `namespace/name`. */
  readonly disks: Map<string, DiskMemory>;
  readonly dhcp: DhcpServers;
}

/** Nothing runs, all disks are blank. */
export function createMachines(): Machines {
  return { running: new Map(), disks: new Map(), dhcp: createDhcpServers() };
}
