// Checks of MAC and IP addresses against other VMs on the same network, running or stopped, and against the cluster itself.
import type { NicInUse } from "../facts.ts";
import { finding } from "../findings.ts";
import { removeField, replaceWith } from "../fix.ts";
import { overlaps } from "../ip.ts";
import { deriveMac } from "../mac.ts";
import type { NicCheck, NicContext } from "./context.ts";

/** The NIC of another VM on the same network that has the address. */
function otherOn({ uplink, vm }: NicContext, users: readonly NicInUse[] | undefined): NicInUse | undefined {
  return users?.find(
    ({ segment, namespace, vm: name }) =>
      segment === uplink?.segment && (namespace !== vm.namespace || name !== vm.name),
  );
}

/** Without names of other namespaces, which would reveal what runs there. */
function inWords({ nic, vm, namespace }: NicInUse, own: string): string {
  return namespace === own ? `NIC ${nic} of VM ${vm}` : "a VM in another namespace";
}

/** If the VM already has the address, the fix sets a new one, because removing the field would keep it. */
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
  return finding("MAC_IN_USE", field, { mac: nic.mac, whose: inWords(other, vm.namespace) }, { fix });
};

/**
 * An error within a namespace. A VM in another namespace is reported as a warning and without its name: the name would reveal
 * what runs there, and an error would let one namespace block addresses of another.
 */
const addressIsFree: NicCheck = (context) =>
  context.nic.addresses.map(({ field, cidr }) => {
    const address = cidr.address.text;
    const users = context.facts.addressesInUse?.get(address);
    const own = users?.filter(({ namespace }) => namespace === context.vm.namespace);
    const neighbour = otherOn(context, own);
    if (neighbour !== undefined) {
      const whose = inWords(neighbour, context.vm.namespace);
      return finding("ADDRESS_IN_USE", field, { address, whose });
    }
    return otherOn(context, users) && finding("ADDRESS_IN_USE_ELSEWHERE", field, { address });
  });

/** Only for a guest that is also on the pod network; others do not reach pods and Services. */
const subnetIsNotTheClusters: NicCheck = ({ nic, clusterNetworks }) => {
  if (nic.type === "pod") return undefined;
  return nic.addresses.map(({ field, cidr }) => {
    const other = clusterNetworks.find((network) => overlaps(network.cidr, cidr));
    if (other === undefined) return undefined;
    const values = { subnet: cidr.network, cluster: other.cidr.network, what: other.what };
    return finding("ADDRESS_CLUSTER_OVERLAP", field, values);
  });
};

export const inUseChecks: readonly NicCheck[] = [macIsFree, addressIsFree, subnetIsNotTheClusters];
