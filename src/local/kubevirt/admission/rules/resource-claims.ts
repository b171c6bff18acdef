// Networks from dynamic resource allocation (Alpha in 1.9): pkg/network/admitter/dra.go.
import { type Cause, type FieldPath, cause, invalid } from "../cause.ts";
import { gateEnabled } from "../../configuration.ts";
import { type SpecRule, interfacesAt, interfacesOf, networksOf } from "../rule.ts";
import type { Network, TemplateSpec } from "../template-spec.ts";

/** Only SR-IOV and binding plugin interfaces can use a claimed device. */
function bindingFaults(at: FieldPath, spec: TemplateSpec, network: Network): Cause[] {
  const nic = interfacesOf(spec).find(({ name }) => name === network.name);
  if (nic === undefined || nic.sriov !== undefined || nic.binding !== undefined) return [];
  const message = `DRA network ${JSON.stringify(network.name)} requires an SR-IOV or binding plugin interface`;
  return [invalid(interfacesAt(at), message)];
}

function claimFaults(at: FieldPath, spec: TemplateSpec, index: number): Cause[] {
  const { claimName = "", requestName = "" } = networksOf(spec)[index]?.resourceClaim ?? {};
  const field = at.child("networks").index(index);
  const claimField = field.child("resourceClaim", "claimName");
  const missing: Cause[] = [];
  if (claimName === "") {
    missing.push(cause("FieldValueRequired", claimField, "claimName is required for DRA network"));
  }
  if (requestName === "") {
    const requestField = field.child("resourceClaim", "requestName");
    missing.push(cause("FieldValueRequired", requestField, "requestName is required for DRA network"));
  }
  if (missing.length > 0) return missing;
  const faults: Cause[] = [];
  if (!(spec.resourceClaims ?? []).some(({ name }) => name === claimName)) {
    const message = `network references resourceClaim ${JSON.stringify(claimName)} which is not defined in spec.resourceClaims`;
    faults.push(cause("FieldValueNotFound", claimField, message));
  }
  const first = networksOf(spec).findIndex(
    ({ resourceClaim }) =>
      resourceClaim?.claimName === claimName && resourceClaim.requestName === requestName,
  );
  if (first !== index) {
    const message = `duplicate claimName/requestName combination ${JSON.stringify(`${claimName}/${requestName}`)}`;
    faults.push(cause("FieldValueDuplicate", field, message));
  }
  return faults;
}

/** Needs a feature gate, and excludes Multus networks. */
export const networkResourceClaims: SpecRule = ({ at, spec, configuration }) => {
  const networks = networksOf(spec);
  if (!networks.some(({ resourceClaim }) => resourceClaim !== undefined)) return undefined;
  if (!gateEnabled("NetworkDevicesWithDRA", configuration)) {
    const message =
      "vmi.spec.networks contains DRA networks but NetworkDevicesWithDRA feature gate is not enabled";
    return invalid(at.child("networks"), message);
  }
  if (networks.some(({ multus }) => multus !== undefined)) {
    const message = "mixing Multus and DRA resourceClaim networks in the same VMI is not supported";
    return invalid(at.child("networks"), message);
  }
  return networks.flatMap((network, index) =>
    network.resourceClaim === undefined
      ? []
      : [...bindingFaults(at, spec, network), ...claimFaults(at, spec, index)],
  );
};
