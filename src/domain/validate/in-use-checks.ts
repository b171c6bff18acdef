// Checks of MAC and IP addresses against the NICs of other VMs on the same network, running or stopped.
import type { NicInUse } from "../facts.ts";
import { finding } from "../findings.ts";
import { removeField, replaceWith } from "../fix.ts";
import { deriveMac } from "../mac.ts";
import type { NicCheck, NicContext } from "./context.ts";

/** The other VM's NIC that has the same, on the same network. */
function otherOn(
  { uplink, vm }: NicContext,
  users: readonly NicInUse[] | undefined,
): { readonly nic: string; readonly vm: string } | undefined {
  const other = users?.find(
    ({ segment, namespace, vm: name }) =>
      segment === uplink?.segment && (namespace !== vm.namespace || name !== vm.name),
  );
  return other && { nic: other.nic, vm: `${other.namespace}/${other.vm}` };
}

/** An address that the VM has kept, not one of the input, is mended by a new one: removing it would keep it. */
const macIsFree: NicCheck = (context) => {
  const { nic, vm, facts } = context;
  const { macsInUse } = facts;
  const other = otherOn(context, macsInUse?.get(nic.mac));
  if (macsInUse === undefined || other === undefined) return undefined;
  const field = `${nic.field}.macAddress`;
  const isTaken = (mac: string): boolean => macsInUse.has(mac) || vm.nics.some((own) => own.mac === mac);
  const kept = facts.vm?.spec.template.spec.domain.devices.interfaces?.some(({ name }) => name === nic.name);
  const fix =
    nic.macGiven && kept !== true
      ? removeField(field)
      : replaceWith(field, deriveMac({ namespace: vm.namespace, vm: vm.name, nic: nic.name }, isTaken));
  return finding("MAC_IN_USE", field, { mac: nic.mac, ...other }, { fix });
};

const addressIsFree: NicCheck = (context) =>
  context.nic.addresses.map(({ field, cidr }) => {
    const address = cidr.address.text;
    const other = otherOn(context, context.facts.addressesInUse?.get(address));
    return other && finding("ADDRESS_IN_USE", field, { address, ...other });
  });

export const inUseChecks: readonly NicCheck[] = [macIsFree, addressIsFree];
