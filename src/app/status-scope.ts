// Which VMs a list or a stream is about. Membership is decided in constant time, for every change and every reader.
import { compareParts } from "../domain/names.ts";

export interface VmKey {
  readonly namespace: string;
  readonly vm: string;
}

export interface StatusScope {
  /** Empty: all. */
  readonly namespaces: ReadonlySet<string>;
  /** Empty: all VMs of the namespaces. */
  readonly vmNames: ReadonlySet<string>;
}

/** Repeated names count once. */
export function scopeOf(namespaces: Iterable<string> = [], vmNames: Iterable<string> = []): StatusScope {
  return { namespaces: new Set(namespaces), vmNames: new Set(vmNames) };
}

/** Every VM of the cluster. */
export const everything: StatusScope = scopeOf();

export function isInScope({ namespace, vm }: VmKey, { namespaces, vmNames }: StatusScope): boolean {
  return (namespaces.size === 0 || namespaces.has(namespace)) && (vmNames.size === 0 || vmNames.has(vm));
}

/** The same text for the same scope, in whatever order its names were given. */
export function scopeText({ namespaces, vmNames }: StatusScope): string {
  return JSON.stringify([[...namespaces].toSorted(), [...vmNames].toSorted()]);
}

/** The order of all lists: by namespace, then by name. */
export function compareVms(a: VmKey, b: VmKey): number {
  return compareParts([a.namespace, a.vm], [b.namespace, b.vm]);
}
