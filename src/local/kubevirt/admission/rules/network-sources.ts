// What each network is made of, and how many may be the pod's own: pkg/network/admitter/netsource.go.
import { cause, invalid } from "../cause.ts";
import { type SpecRule, networksOf } from "../rule.ts";

/** A pod has one network of its own: the cluster's, or one that Multus puts in its place. */
const singlePodNetwork: SpecRule = ({ at, spec }) => {
  const onPod = networksOf(spec).filter(({ pod }) => pod !== undefined).length;
  const asDefault = networksOf(spec).filter(({ multus }) => multus?.default === true).length;
  const networks = at.child("networks");
  return [
    onPod > 1 &&
      cause(
        "FieldValueDuplicate",
        at.child("interfaces"),
        `more than one interface is connected to a pod network in ${at.child("interfaces").text}`,
      ),
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
    return [cause("FieldValueRequired", at.child("networks").index(index), message)];
  });

/** Multus needs the name of an attachment; only the first network without one is reported. */
const multusNamesAttachment: SpecRule = ({ at, spec }) => {
  const index = networksOf(spec).findIndex(({ multus }) => multus?.networkName === "");
  if (index < 0) return [];
  return [
    cause(
      "FieldValueRequired",
      at.child("networks").index(index),
      "CNI delegating plugin must have a networkName",
    ),
  ];
};

export const networkSourceRules: readonly SpecRule[] = [
  singlePodNetwork,
  singleSource,
  multusNamesAttachment,
];
