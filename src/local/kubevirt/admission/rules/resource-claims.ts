// NICs that are claimed by dynamic resource allocation (Alpha in 1.9): pkg/network/admitter/dra.go.
import { type Cause, cause, invalid } from "../cause.ts";
import { gateEnabled } from "../../configuration.ts";
import type { FieldPath } from "../field-path.ts";
import { type SpecRule, interfacesAt, interfacesOf, networksOf } from "../rule.ts";
import type { Network, TemplateSpec } from "../template-spec.ts";

/** Only a passed-through device or a binding plugin can use what was claimed. */
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
    missing.push(
      cause(
        "FieldValueRequired",
        field.child("resourceClaim", "requestName"),
        "requestName is required for DRA network",
      ),
    );
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

/** Behind a gate, and never beside Multus. */
export const networkResourceClaims: SpecRule = ({ at, spec, configuration }) => {
  const networks = networksOf(spec);
  if (!networks.some(({ resourceClaim }) => resourceClaim !== undefined)) return [];
  if (!gateEnabled("NetworkDevicesWithDRA", configuration)) {
    return [
      invalid(
        at.child("networks"),
        "vmi.spec.networks contains DRA networks but NetworkDevicesWithDRA feature gate is not enabled",
      ),
    ];
  }
  if (networks.some(({ multus }) => multus !== undefined)) {
    return [
      invalid(
        at.child("networks"),
        "mixing Multus and DRA resourceClaim networks in the same VMI is not supported",
      ),
    ];
  }
  return networks.flatMap((network, index) =>
    network.resourceClaim === undefined
      ? []
      : [...bindingFaults(at, spec, network), ...claimFaults(at, spec, index)],
  );
};
