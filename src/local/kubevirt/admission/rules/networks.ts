// The sources of networks, and the one-to-one relation of networks and interfaces by name: netsource.go and netiface.go
// of pkg/network/admitter.
import { cause, invalid } from "../cause.ts";
import { type SpecRule, interfacesAt, interfacesOf, networksOf } from "../rule.ts";

/** A pod has one default network: the cluster's, or one that Multus puts in its place. */
const singlePodNetwork: SpecRule = ({ at, spec }) => {
  const onPod = networksOf(spec).filter(({ pod }) => pod !== undefined).length;
  const asDefault = networksOf(spec).filter(({ multus }) => multus?.default === true).length;
  const networks = at.child("networks");
  const interfaces = at.child("interfaces");
  const severalOnPod = `more than one interface is connected to a pod network in ${interfaces.text}`;
  return [
    onPod > 1 && cause("FieldValueDuplicate", interfaces, severalOnPod),
    asDefault > 1 && invalid(networks, "Multus CNI should only have one default network"),
    onPod > 0 &&
      asDefault > 0 &&
      invalid(networks, "Pod network cannot be defined when Multus default network is defined"),
  ].filter((found) => found !== false);
};

/** Exactly one of pod, multus, resourceClaim. */
const singleSource: SpecRule = ({ at, spec }) =>
  networksOf(spec).flatMap(({ pod, multus, resourceClaim }, index) => {
    const sources = [pod, multus, resourceClaim].filter((source) => source !== undefined).length;
    if (sources === 1) return [];
    const message = sources === 0 ? "should have a network type" : "should have only one network type";
    return cause("FieldValueRequired", at.child("networks").index(index), message);
  });

/** Only the first network without the name of a NAD is reported. */
const multusNamesAttachment: SpecRule = ({ at, spec }) => {
  const index = networksOf(spec).findIndex(({ multus }) => multus?.networkName === "");
  const field = at.child("networks").index(index);
  return index < 0
    ? undefined
    : cause("FieldValueRequired", field, "CNI delegating plugin must have a networkName");
};

export const networkSourceRules: readonly SpecRule[] = [
  singlePodNetwork,
  singleSource,
  multusNamesAttachment,
];

/** The positions of items whose name occurred before. */
function repeated(items: readonly { readonly name: string }[]): number[] {
  const seen = new Set<string>();
  return items.flatMap(({ name }, index) => {
    if (seen.has(name)) return [index];
    seen.add(name);
    return [];
  });
}

export const networkNamesAreUnique: SpecRule = ({ at, spec }) =>
  repeated(networksOf(spec)).map((index) => {
    const name = JSON.stringify(networksOf(spec)[index]?.name);
    const message = `Network with name ${name} already exists, every network must have a unique name`;
    return cause("FieldValueDuplicate", at.child("networks").index(index).child("name"), message);
  });

export const networksHaveInterfaces: SpecRule = ({ at, spec }) => {
  const interfaces = new Set(interfacesOf(spec).map(({ name }) => name));
  return networksOf(spec).flatMap(({ name }, index) => {
    const field = at.child("networks").index(index).child("name");
    return interfaces.has(name)
      ? []
      : cause("FieldValueRequired", field, `${field.text} '${name}' not found.`);
  });
};

export const interfaceNamesAreUnique: SpecRule = ({ at, spec }) =>
  repeated(interfacesOf(spec)).map((index) => {
    const field = interfacesAt(at).index(index).child("name");
    const message = "Only one interface can be connected to one specific network";
    return cause("FieldValueDuplicate", field, message);
  });

export const interfacesHaveNetworks: SpecRule = ({ at, spec }) => {
  const networks = new Set(networksOf(spec).map(({ name }) => name));
  return interfacesOf(spec).flatMap(({ name }, index) => {
    const field = interfacesAt(at).index(index).child("name");
    return networks.has(name) ? [] : invalid(field, `${field.text} '${name}' not found.`);
  });
};
